"""Run programs of the harness that judge a workspace where nothing isolates: as subprocesses.

What it gives: a check that crashes, hangs or ends its process ends nothing else. What it does
not give: the workspace can be written to, and the user's files and network are in reach.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from harness.protocols import Execution
from harness.sandboxes.companion import companion
from harness.sandboxes.endings import TIMEOUT_EXIT_CODE
from harness.sandboxes.environment import environment
from harness.sandboxes.processes import ProcessLimits
from harness.sandboxes.workspace import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.protocols import Program
    from harness.sandboxes.companion import Companion

_START = """\
import sys
from harness.sandboxes.cells import script
script.prepare(0, None, is_unbuffered=True)
script.call(sys.argv[1], int(sys.argv[2]))
"""


@dataclass(frozen=True)
class PlainChecks:
    """Runs each program in an ordinary subprocess with a clean environment and a time limit."""

    def check(
        self, workspace: Path, program: Program, converse: Callable[[Connection, str], None]
    ) -> Execution:
        """Run a program; see `harness.protocols.Sandbox.check`."""
        private = Path(tempfile.mkdtemp(prefix="harness-check-"))
        try:
            with (
                companion(
                    [sys.executable, "-P", "-c", _START, program.entry],
                    cwd=private,
                    environ=_environment(private),
                    timeout_seconds=program.timeout_seconds,
                    limits=ProcessLimits(),
                ) as (ours, ended),
                Connection(ours.detach()) as connection,
            ):
                converse(connection, os.path.abspath(workspace))
            return _execution(ended)
        finally:
            remove_tree(private)

    @property
    def processes(self) -> tuple[int, ...]:
        """None that lives on."""
        return ()

    def close(self) -> None:
        """Nothing runs between programs."""


def _environment(private: Path) -> dict[str, str]:
    import site

    for name in ("home", "tmp"):
        (private / name).mkdir()
    environ = environment(f"{private}/home", f"{private}/tmp", f"{private}/home")
    if site.ENABLE_USER_SITE:
        # Packages installed with --user are found through HOME, which is another one here.
        environ["PYTHONUSERBASE"] = site.getuserbase()
    return environ


def _execution(ended: Companion) -> Execution:
    return Execution(
        exit_code=TIMEOUT_EXIT_CODE if ended.timed_out else ended.exit_code,
        stdout=ended.said,
        duration_seconds=ended.duration_seconds,
        timed_out=ended.timed_out,
        limit="wall" if ended.timed_out else None,
    )
