"""What a suite says about itself cannot steer the terminal that lists it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cli_project import write_suite

if TYPE_CHECKING:
    from pathlib import Path

    from cli_project import Command

# Sets the window's title, rings, hides, turns the reading direction, starts a line of its own.
STEERING = r"\e]0;owned\a\e[8mA\u202eB\u2066\r\n  config fake: free\x9b2J"


def test_titles_and_model_names_are_shown_without_steering(
    harness: Command, tmp_path: Path
) -> None:
    write_suite(tmp_path)
    suite = next((tmp_path / "scenarios").glob("*/suite.yaml"))
    text = suite.read_text().replace("title: Small talk", f'title: "{STEERING}"')
    suite.write_text(text.replace("model: written", f'model: "x{STEERING}"'))
    scenario = next(suite.parent.glob("*/scenario.yaml"))
    titled = re.sub("(?m)^title:.*$", "", scenario.read_text())
    scenario.write_text(f'{titled}\ntitle: "{STEERING}"\n')

    listed = harness("list")

    assert listed.returncode == 0, listed.stderr
    hidden = [char for char in listed.stdout if char != "\n" and not char.isprintable()]
    assert hidden == []
    assert listed.stdout.count("A[U+202E]B[U+2066] config fake: free") == 3
    assert [line for line in listed.stdout.splitlines() if line.startswith("  config fake")] == []
