"""Reading a whole run, named as people name it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from harness.logs import sqlite

if TYPE_CHECKING:
    from harness.model.run import RunLog

# Where `harness run` keeps its logs, seen from where it is called.
_RUNS_FOLDER = ".harness/runs"


def read_log(run: str | Path = sqlite.LATEST, folder: str | Path = _RUNS_FOLDER) -> RunLog:
    """Read a whole run.

    Args:
        run: Path of a run log; or a run id, a unique beginning of one, or "latest".
        folder: Where a run that is no path is looked for.

    Raises:
        LogError: If nothing or more than one fits, or what is found cannot be read.
    """
    is_path = isinstance(run, Path) or os.sep in run
    return sqlite.read_log(Path(run) if is_path else sqlite.find_log(folder, str(run)))
