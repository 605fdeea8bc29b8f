"""The command that tells what is installed."""

from __future__ import annotations

import importlib.metadata
from importlib.metadata import version

import pytest
from click.testing import CliRunner

from harness.cli.doctor import command


def test_what_fuzzing_needs_is_told_with_its_version() -> None:
    done = CliRunner().invoke(command, standalone_mode=False)

    assert f"package hypothesis {version('hypothesis')}\n" in done.output


def test_how_to_install_what_fuzzing_needs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str) -> str:
        if name == "hypothesis":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", without)

    done = CliRunner().invoke(command, standalone_mode=False)

    assert (
        "package hypothesis: not installed; harness fuzz needs it: "
        'pip install "conversation-harness[fuzz]"\n'
    ) in done.output
