"""The digest of what shapes a conversation, which a cassette is compared by."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import write_coding_suite

from harness.suites import load_suite

CHECKS = "def check_it(sample):\n    assert sample\n"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    suite = write_coding_suite(tmp_path)
    (suite / "look" / "files").mkdir()
    (suite / "look" / "files" / "data.txt").write_text("1\n")
    (suite / "look" / "checks.py").write_text(CHECKS)
    return suite


def digests(suite: Path) -> tuple[str, str]:
    [scenario] = load_suite(suite).scenarios
    return scenario.conversation_digest, scenario.digest


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        pytest.param("look/scenario.yaml", "please", "now", id="task"),
        pytest.param("team.py", "def build", "# Why.\ndef build", id="team"),
        pytest.param("look/files/data.txt", "1", "2", id="fixture"),
        pytest.param("suite.yaml", "epochs: 2", "epochs: 2\nhuman: [exit]", id="human"),
        pytest.param("suite.yaml", "epochs: 2", "epochs: 2\nlimits: {turns: 9}", id="turns"),
        pytest.param("look/scenario.yaml", "title", "parameters: {a: 1}\ntitle", id="parameters"),
        pytest.param("suite.yaml", "epochs: 2", "epochs: 2\nsandbox: {seed: 7}", id="seed"),
    ],
)
def test_what_shapes_the_conversation_changes_it(
    suite: Path, name: str, old: str, new: str
) -> None:
    before = digests(suite)
    replace(suite / name, old, new)

    assert digests(suite)[0] != before[0]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        pytest.param("look/checks.py", "assert sample", "assert sample.key", id="checks"),
        pytest.param("suite.yaml", "termination_message", "max_turns", id="accept"),
        pytest.param("suite.yaml", "epochs: 2", "epochs: 2\nscorers: [turns]", id="scorers"),
    ],
)
def test_how_it_is_judged_changes_only_the_scenarios_digest(
    suite: Path, name: str, old: str, new: str
) -> None:
    before = digests(suite)
    replace(suite / name, old, new)

    assert digests(suite)[0] == before[0]
    assert digests(suite)[1] != before[1]


def test_the_wall_clock_limit_title_and_line_ends_do_not_count(suite: Path) -> None:
    before = digests(suite)
    replace(suite / "suite.yaml", "epochs: 2", "epochs: 2\nlimits: {wall_seconds: 5}")
    replace(suite / "look/scenario.yaml", "title: Look", "title: Watch")
    team = suite / "team.py"
    team.write_bytes(team.read_bytes().replace(b"\n", b"\r\n"))

    assert digests(suite)[0] == before[0]
