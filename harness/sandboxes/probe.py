"""Find out by trying what this machine lets an isolating sandbox do."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EnvironmentFault
from harness.model.execution import SandboxSettings
from harness.sandboxes.cells import filters

if TYPE_CHECKING:
    from harness.sandboxes.cellular import Confinement

# Not given to anybody by distributions: systemd takes its dynamic users from here.
_FIRST_USER, _USERS = 61184, 4000
_PROBE_SECONDS = 30.0


def throw_away_user() -> int:
    """A user that owns nothing, for blocks that root has run; 0 if this is not root."""
    return _FIRST_USER + os.getpid() % _USERS if os.geteuid() == 0 else 0


def why_not(confinement: Confinement) -> str | None:
    """Run one block in a cell; why that failed, or None.

    Args:
        confinement: How to start the server; nothing should be preloaded.
    """
    from harness.sandboxes.cellular import Cells

    if sys.platform != "linux":
        return "it needs Linux"
    if not filters.is_supported():
        return f"there is no system call filter for {os.uname().machine}"
    cells = Cells(confine=lambda: confinement, settings=SandboxSettings(preload=()))
    try:
        with tempfile.TemporaryDirectory(prefix="harness-probe-") as folder:
            done = cells.run(
                Path(folder),
                "print('ran')",
                language="python",
                filename="probe.py",
                timeout_seconds=_PROBE_SECONDS,
            )
    except (EnvironmentFault, OSError) as error:
        return str(error)
    finally:
        cells.close()
    return None if done.stdout == "ran\n" else done.output.strip() or "a block printed nothing"
