"""Where suites are."""

from __future__ import annotations

import os
from pathlib import Path

from harness.errors import SuiteError
from harness.suites.document import shown_path
from harness.suites.loader import SUITE_FILE
from harness.suites.scenarios import SCENARIO_FILE

DEFAULT_FOLDER = "scenarios"


def find_suites(root: Path) -> list[Path]:
    """Find suite folders.

    Args:
        root: A folder of suites, a suite's folder, a scenario's folder, a project
            with a ``scenarios`` folder, or a suite.yaml or scenario.yaml.

    Returns:
        Absolute paths, sorted by name, at least one. For a scenario, its suite.

    Raises:
        SuiteError: If there is no suite, saying what was looked for.
    """
    place = Path(os.path.abspath(root))
    folder = place.parent if place.name in (SUITE_FILE, SCENARIO_FILE) else place
    for found in (
        _suites([folder]),
        _suites([folder.parent]) if (folder / SCENARIO_FILE).is_file() else [],
        _suites(_folders(folder)),
        _suites(_folders(folder / DEFAULT_FOLDER)),
    ):
        if found:
            return found
    raise SuiteError([_nothing(place, folder)])


def _suites(folders: list[Path]) -> list[Path]:
    return [folder for folder in folders if (folder / SUITE_FILE).is_file()]


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(path for path in parent.iterdir() if path.is_dir())


def _nothing(place: Path, folder: Path) -> str:
    if not place.exists():
        return _missing(place)
    if not folder.is_dir():
        return f"{shown_path(place)}: expected a folder, or a {SUITE_FILE} or {SCENARIO_FILE}"
    misnamed = sorted(folder.glob("suite.yml")) + sorted(folder.glob("*/suite.yml"))
    hint = f" Rename {shown_path(misnamed[0])} to {SUITE_FILE}." if misnamed else ""
    return (
        f"{shown_path(folder)}: there is no suite here: looked for {SUITE_FILE} in it, in its "
        f"folders and in the folders of {shown_path(folder / DEFAULT_FOLDER)}.{hint} "
        "Make one with: harness new scenario my_suite/my_scenario"
    )


def _missing(place: Path) -> str:
    here = Path.cwd()
    what = "file" if place.suffix == ".yaml" else "folder"
    inside = f" here ({here})" if place.is_relative_to(here) else ""
    option = "" if place == here / DEFAULT_FOLDER else f" --scenarios {shown_path(place)}"
    start = (
        "" if what == "file" else f"Start one with: harness new scenario my_suite/hello{option}, "
    )
    name = "or name yours" if start else "Name yours"
    return f"There is no {what} {shown_path(place)}{inside}. {start}{name} with --scenarios."
