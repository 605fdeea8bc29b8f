"""A run of imported conversations whose results nobody judged."""

import json

import pytest
from view_server import served

from harness.runner.importing import import_run

UUID = "4d51c4bf-4b0e-4f3d-897b-3f6687a7d9f2"


@pytest.fixture
def asked(tmp_path):
    said = [{"name": "a", "content": "How many awnings?"}, {"name": "b", "content": "TERMINATE"}]
    chats = tmp_path / "chats"
    chats.mkdir()
    (chats / f"{UUID}.json").write_text(json.dumps(said))
    (chats / "other.json").write_text(json.dumps(said[:1]))
    log = import_run(chats, None, None, tmp_path / ".harness" / "runs")
    with served(tmp_path) as view:
        yield view, log.header.run_id


def test_its_samples_are_neither_passed_nor_failed_and_go_by_their_titles(asked):
    view, run = asked
    page = view.get(f"/runs/{run}").text

    assert "2</b> not judged" in page
    assert 'aria-label="2 of 2 samples done: 2 not judged"' in " ".join(page.split())
    assert '<td data-label="Passed" class="n muted">not judged</td>' in page
    assert 'class="outcome fail"' not in page
    assert "How many awnings? <small" in page
    assert f"chats/{UUID}/imported/1</small>" in page


def test_an_end_that_the_file_does_not_tell_is_called_so(asked):
    view, run = asked

    page = view.get(f"/runs/{run}").text

    assert page.count('<td data-label="Ended by"><span class="muted">the file does not tell<') == 1


def test_the_list_of_runs_does_not_count_them_as_passed(asked):
    view, _ = asked

    assert '<td data-label="Passed" class="n muted">not judged</td>' in view.get("/").text
