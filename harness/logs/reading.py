"""Reading a whole run, named as people name it."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from harness.logs.sqlite import LATEST, find_log, open_log

if TYPE_CHECKING:
    from harness.model.run import RunLog

# Where `harness run` keeps its logs, seen from where it is called.
_RUNS_FOLDER = ".harness/runs"


def read_log(run: str | Path = LATEST, folder: str | Path = _RUNS_FOLDER) -> RunLog:
    """Read a whole run.

    Args:
        run: Path of a run log; or a run id, a unique beginning of one, or "latest".
        folder: Where a run that is no path is looked for.

    Raises:
        LogError: If nothing or more than one fits, or what is found cannot be read.
    """
    path = Path(run) if isinstance(run, Path) or os.sep in run else find_log(folder, run)
    with closing(open_log(path)) as store:
        return store.read()
