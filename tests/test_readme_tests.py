"""What the README says about tests and scripts runs as it is written there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from forked import run_module
from pytest_project import environment, run_pytest, served
from readme import readme_blocks

OWN = {"test_sums.py", "test_my_team.py", "my_team.py"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in readme_blocks("## Writing a suite\n").items():
        path = tmp_path / "scenarios" / "sums" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    numbers = tmp_path / "scenarios" / "sums" / "total" / "files" / "numbers.txt"
    numbers.parent.mkdir(parents=True)
    numbers.write_text("20\n22\n")
    blocks = readme_blocks("## In your own tests\n")
    assert set(blocks) == OWN
    for name, text in blocks.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_each_way_in_works_as_written(project: Path) -> None:
    flags = ("--harness-mode=record", "--harness-allow-unsafe", "-p", "no:cacheprovider")
    with served() as url:
        keys = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk-of-a-test"}
        recorded = run_pytest(project, *flags, **keys)
        script = ["--record", "--allow-unsafe", "my_team.py"]
        executed = run_module("harness", ["exec", *script], cwd=project, env=environment(**keys))
    replayed = run_pytest(project, "--harness-report=conversations.html", "--harness-strict")

    assert executed.returncode == 0, executed.stdout + executed.stderr
    assert "2 recorded" not in recorded.stdout
    for done in (recorded, replayed):
        assert "5 passed" in done.stdout, done.stdout + done.stderr
    assert re.search("1 cassette played, 0 stale, 0 unplayed, 0 orphaned", replayed.stdout)
    assert (project / "conversations.html").exists()
