"""Whether the list of samples has room for what it shows, and says so where it shows nothing."""

import json

import pytest
from report_logs import outcome_log
from report_page import click, count, hash_of, opened, text_of, write

from harness.runner.importing import import_run

SHOWN = "document.getElementById('shown').textContent"
# Of the cells of a column, which hold more than they have room for.
CUT = (
    "[...document.querySelectorAll('#rows tbody td:nth-child({})')]"
    ".filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.textContent)"
)


@pytest.fixture(scope="module")
def unjudged(tmp_path_factory):
    """A report of conversations from elsewhere, whose results nobody judged."""
    folder = tmp_path_factory.mktemp("unjudged")
    (folder / "chats").mkdir()
    for name, asked in (("one", "How many awnings?"), ("two", "Which boxes?")):
        chat = [{"name": "ann", "content": asked}, {"name": "bob", "content": "Six."}]
        (folder / "chats" / f"{name}.json").write_text(json.dumps(chat))
    return write(folder, import_run(folder / "chats", None, None, folder / "runs"))


@pytest.fixture(scope="module")
def long_names(tmp_path_factory):
    marks = {"notification_system": "pf", "cache": "pp"}
    log = outcome_log({"brief-t0.2": marks, "checklist-t1.0": marks})
    return write(tmp_path_factory.mktemp("long_names"), log)


@pytest.mark.parametrize(
    ("width", "fragment"), [(1250, ""), (390, ""), (1250, "#sample/chats/one/imported/1")]
)
def test_the_longest_badge_has_room_in_its_column(chromium, unjudged, width, fragment):
    page = opened(chromium, unjudged, fragment, width=width)

    assert text_of(page, "#rows .outcome") == "not judged"
    assert page.evaluate(CUT.format(1)) == []
    assert page.evaluate("getComputedStyle(document.querySelector('#rows td')).textOverflow") == (
        "clip"
    )


def test_beside_a_conversation_configs_take_no_room_that_scenarios_need(chromium, long_names):
    page = opened(chromium, long_names, "#sample/shop/notification_system/brief-t0.2/1", width=1250)

    assert page.evaluate(CUT.format(2)) == []
    assert page.evaluate(CUT.format(3)) == []


def test_a_search_without_hits_says_so_and_shows_all_again(chromium, long_names):
    page = opened(chromium, long_names)

    page.choose("input[name=text]", "nowhere said")
    page.wait(f"{SHOWN} === '0 of 8 samples'")

    assert text_of(page, "#none") == "No sample fits. Show all samples"
    assert page.evaluate("document.querySelector('.rows').hidden")
    click(page, "#none button")
    page.wait(f"{SHOWN} === '8 of 8 samples'")
    assert hash_of(page) == "#samples"
    assert page.evaluate("document.getElementById('none').hidden")
    assert count(page, "#rows tbody tr") == 8
    assert page.evaluate("document.querySelector('#rows tbody').getBoundingClientRect().height") > 0


def test_filters_that_no_sample_fits_together_say_so_beside_a_conversation(chromium, long_names):
    read = "#sample/shop/cache/brief-t0.2/1"

    page = opened(chromium, long_names, f"{read}?scenario=cache&filter=failures")
    page.wait("!document.getElementById('none').hidden")
    click(page, "#none button")
    page.wait(f"{SHOWN} === '8 of 8 samples'")

    assert hash_of(page) == read


def test_an_address_of_what_is_not_in_the_run_is_told_once(chromium, long_names):
    page = opened(chromium, long_names, "#samples?config=elsewhere")
    page.wait(f"{SHOWN} === '0 of 8 samples'")

    assert page.evaluate("document.getElementById('none').hidden")
    assert "config=elsewhere" in text_of(page, "#unknown")
