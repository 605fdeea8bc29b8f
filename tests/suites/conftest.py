"""A small valid suite to spoil in one place at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """\
title: Demo
model: scripted-1
accept: [termination_message]
configs:
  - {name: plain, temperature: 0.5, prompts: {writer: Write.}}
"""
TEAM = "def build(context):\n    return None\n"


class SuiteFolder:
    """A suite folder under test, the current directory being its parent."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("suite.yaml", SUITE)
        self.write("team.py", TEAM)
        self.write("first/scenario.yaml", "task: Do it.\n")

    def write(self, file: str, text: str | bytes) -> Path:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def suite(self, *lines: str) -> None:
        """Replace suite.yaml by the valid one with lines added."""
        self.write("suite.yaml", SUITE + "".join(line + "\n" for line in lines))

    def scenario(self, *lines: str, name: str = "first") -> None:
        self.write(f"{name}/scenario.yaml", "".join(line + "\n" for line in lines))


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SuiteFolder:
    monkeypatch.chdir(tmp_path)
    return SuiteFolder(tmp_path / "demo")
