"""Which commit a folder is at, by one call of git."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# A name for a run is worth no more waiting than this.
_SECONDS = 2.0
# Nothing of the repository's own configuration is run, and another git's lock is not waited for.
_COMMAND = ("git", "-c", "core.fsmonitor=false", "describe", "--always", "--dirty", "--abbrev=40")
# A hook of git sets these for its own repository, which need not be the folder's.
_OTHERS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")


def commit_of(folder: Path) -> str:
    """The commit that the repository of a folder is at.

    Args:
        folder: Any folder, in a repository or not.

    Returns:
        40 or 64 hexadecimal digits, and "-dirty" if a file that git tracks differs from the
        commit; "" outside a repository, before its first commit, without git, or if git fails or
        takes longer than two seconds.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _OTHERS}
    try:
        done = subprocess.run(
            # Tags are left out: the name of a commit must not depend on them.
            [*_COMMAND, "--exclude=*"],
            cwd=folder,
            env={**environment, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("ascii", "replace").strip()
