"""The folder one sample's code runs in: made fresh and filled with fixtures."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from harness.errors import EnvironmentFault

if TYPE_CHECKING:
    from pathlib import Path

    from harness.model.scenario import Scenario


def workspace_in(scratch: Path) -> Path:
    """Where the workspace of a sample is."""
    return scratch / "workspace"


def make_workspace(scratch: Path, scenario: Scenario) -> Path:
    """Make the workspace and copy the scenario's fixtures into it.

    Args:
        scratch: The sample's own folder; made if missing.
        scenario: Names the fixtures.

    Raises:
        EnvironmentFault: If a fixture cannot be copied.
    """
    workspace = workspace_in(scratch)
    workspace.mkdir(parents=True, exist_ok=False)
    for source, relative in scenario.files:
        target = workspace / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            raise EnvironmentFault(
                f"{scenario.suite}/{scenario.name}: the fixture {source} cannot be copied: "
                f"{error.strerror}."
            ) from None
    return workspace
