"""The folder the team is given: fixtures in it, and no code ever run in it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from harness.model.scenario import Scenario


def fixtures_copied(scenario: Scenario, folder: Path) -> Path:
    """Copy a scenario's fixtures into a folder, and return it."""
    for source, relative in scenario.files:
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return folder
