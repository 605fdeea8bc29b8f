"""The folder one sample's code runs in: made fresh, filled with fixtures, removed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EnvironmentFault

if TYPE_CHECKING:
    from harness.model.scenario import Scenario


def make_workspace(scratch: Path, scenario: Scenario) -> Path:
    """Make the workspace and copy the scenario's fixtures into it.

    Args:
        scratch: The sample's own folder; made if missing.
        scenario: Names the fixtures.

    Raises:
        EnvironmentFault: If a fixture cannot be copied.
    """
    workspace = scratch / "workspace"
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


def remove_scratch(scratch: Path) -> None:
    """Remove a sample's folder, whatever its code left there."""
    shutil.rmtree(scratch, onerror=_make_writable_and_retry)


def _make_writable_and_retry(function: object, path: str, _: object) -> None:
    # Code under test may have made its own folders unreadable.
    target = Path(path)
    try:
        target.parent.chmod(0o700)
        if target.is_dir() and not target.is_symlink():
            target.chmod(0o700)
            shutil.rmtree(target, ignore_errors=True)
        else:
            target.unlink(missing_ok=True)
    except OSError:
        # The scratch root is a temporary folder: what cannot be removed now,
        # the operating system removes later. The sample's result is not affected.
        return
