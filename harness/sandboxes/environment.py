"""The environment variables that every block gets, the same on every machine and day."""

from __future__ import annotations

import os
import sys

from harness.sandboxes.cells.view import HOME

# So that the same code prints the same.
FIXED_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "USER": "agent",
    "LOGNAME": "agent",
    "PYTHONHASHSEED": "0",
    # Columns marked with carets differ between Python versions.
    "PYTHONNODEBUGRANGES": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MPLBACKEND": "Agg",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    # The date that PDF and SVG files of matplotlib carry: 2020-01-01.
    "SOURCE_DATE_EPOCH": "1577836800",
    # Plugins of the environment must not shuffle the agents' tests or leave folders behind.
    "PYTEST_ADDOPTS": "-p no:randomly -p no:cacheprovider",
}


def environment(home: str, temporary: str, matplotlib: str) -> dict[str, str]:
    """Everything a block finds in its environment.

    Args:
        home: Its home folder.
        temporary: Where it makes temporary files.
        matplotlib: Where matplotlib keeps its list of fonts.
    """
    return {
        **FIXED_ENVIRONMENT,
        "PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": temporary,
        "MPLCONFIGDIR": matplotlib,
    }


def cell_environment() -> dict[str, str]:
    """What a block finds in a cell with a file system of its own."""
    return environment(HOME, "/tmp", f"{HOME}/.config/matplotlib")
