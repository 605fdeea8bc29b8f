"""What of a scenario changed is told by the key in scenario.yaml that it stands under."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import write_coding_suite

from harness.model.scenario import Scenario
from harness.suites import load_suite


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    suite = write_coding_suite(tmp_path)
    (suite / "look" / "files").mkdir()
    (suite / "look" / "files" / "data.txt").write_text("1\n")
    (suite / "look" / "checks.py").write_text("def check_it(sample):\n    assert sample\n")
    return suite


def loaded(suite: Path) -> Scenario:
    [scenario] = load_suite(suite).scenarios
    return scenario


@pytest.mark.parametrize(
    ("key", "name", "old", "new"),
    [
        ("task", "look/scenario.yaml", "please", "now"),
        ("team", "team.py", "def build", "# Why.\ndef build"),
        ("files", "look/files/data.txt", "1", "2"),
        ("checks", "look/checks.py", "assert sample", "assert sample.key"),
        ("human", "suite.yaml", "epochs: 2", "epochs: 2\nhuman: [exit]"),
        ("accept", "suite.yaml", "termination_message", "max_turns"),
        ("limits", "suite.yaml", "epochs: 2", "epochs: 2\nlimits: {turns: 9}"),
        ("parameters", "look/scenario.yaml", "title", "parameters: {a: 1}\ntitle"),
        ("scorers", "suite.yaml", "epochs: 2", "epochs: 2\nscorers: [turns]"),
    ],
)
def test_a_change_shows_in_its_own_key_and_in_no_other(
    suite: Path, key: str, name: str, old: str, new: str
) -> None:
    before = loaded(suite)
    text = (suite / name).read_text()
    assert old in text
    (suite / name).write_text(text.replace(old, new))

    after = loaded(suite)

    names = before.parts.keys() | after.parts.keys()
    assert {each for each in names if before.parts.get(each) != after.parts.get(each)} == {key}
    assert before.digest != after.digest


def test_what_does_not_count_for_the_digest_changes_no_part(suite: Path) -> None:
    before = loaded(suite)
    scenario = suite / "look" / "scenario.yaml"
    scenario.write_text(scenario.read_text().replace("title: Look", "title: Watch"))
    team = suite / "team.py"
    team.write_bytes(team.read_bytes().replace(b"\n", b"\r\n"))

    assert loaded(suite).parts == before.parts
