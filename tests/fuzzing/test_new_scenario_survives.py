"""What `harness new` writes is no tutorial mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.fuzzing import FuzzSettings, hunt, subject_at, tell
from harness.suites import new_scenario

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_new_scenario_survives_being_fuzzed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    new_scenario(tmp_path / "scenarios", "my_suite/hello")

    hunted = hunt(subject_at("scenarios/my_suite/hello"), FuzzSettings(examples=100, seed=1))

    assert [tell(finding) for finding in hunted.findings] == []
