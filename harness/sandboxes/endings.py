"""How the end of a run is told to agents, in words that are the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.protocols import Execution

if TYPE_CHECKING:
    from harness.model.execution import CodeLimits, LimitName

TIMEOUT_EXIT_CODE = 124
# The words AutoGen gives its agents in these two cases.
TIMEOUT_TEXT = "Timeout"
OUTSIDE_TEXT = "Filename is not in the workspace"


def outside() -> Execution:
    """The answer for a file name that leads out of the workspace."""
    return Execution(exit_code=1, stdout=OUTSIDE_TEXT, duration_seconds=0.0)


def limit_text(limit: LimitName, limits: CodeLimits, wall_seconds: float) -> str:
    """What is said when a limit ended a block, as the last line of its standard error."""
    allowed = {
        "wall": f"{wall_seconds:g} seconds",
        "cpu": f"{limits.cpu_seconds or 2 * wall_seconds:g} seconds of processor time",
        "memory": f"{limits.memory_mb} MiB of memory",
        "processes": f"{limits.processes} processes and threads",
        "files": f"{limits.files} files and folders",
        "disk": f"{limits.disk_mb} MiB of files",
        "output": f"{64 * limits.output_kb} KiB of output",
    }[limit]
    return f"Ended: this code may use {allowed}."
