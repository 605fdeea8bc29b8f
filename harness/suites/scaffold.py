"""``harness new scenario``: a suite that runs at once, to be changed into one's own."""

from __future__ import annotations

from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from harness.errors import SuiteError
from harness.suites.document import shown_path
from harness.suites.loader import SUITE_FILE
from harness.suites.reading import NAME, bad_name
from harness.suites.scenarios import SCENARIO_FILE, titled

if TYPE_CHECKING:
    from pathlib import Path

_SUITE_FILES = (
    SUITE_FILE,
    "team.py",
    "checks.py",
    "script.py",
    "prompts/brief.md",
    "prompts/careful.md",
)
_SCENARIO_FILES = (SCENARIO_FILE, "files/numbers.txt")


def new_scenario(root: Path, name: str) -> list[Path]:
    """Write a scenario, and its suite unless that exists.

    A new suite holds everything that a suite may hold, runs without a key and
    without a cassette, and passes. In a suite that exists only the scenario's
    folder is made, for its team and checks to be used or overridden.

    Args:
        root: The folder of suites; made if missing.
        name: ``suite/scenario``, or one name for both.

    Returns:
        The files written, in the order written.

    Raises:
        SuiteError: If the name is not valid, or something of that name is there.
    """
    suite, scenario = _split(name)
    folder = root / suite
    is_new = not (folder / SUITE_FILE).is_file()
    texts = {folder / scenario / file: _filled(file, suite, scenario) for file in _SCENARIO_FILES}
    if is_new:
        texts = {folder / file: _filled(file, suite, scenario) for file in _SUITE_FILES} | texts
    _refuse_to_overwrite(folder / scenario, [folder] if is_new else [])
    return [_written(path, text) for path, text in texts.items()]


def _split(name: str) -> tuple[str, str]:
    suite, _, scenario = name.strip().strip("/").partition("/")
    scenario = scenario or suite
    for part in (suite, scenario):
        if not NAME.match(part):
            raise SuiteError([f"{bad_name(part)}, as suite/scenario"])
    return suite, scenario


def _refuse_to_overwrite(scenario: Path, new_folders: list[Path]) -> None:
    for folder in (scenario, *new_folders):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise SuiteError(
                [
                    f"{shown_path(folder)}: this is already there and nothing is overwritten; "
                    f"choose another name, e.g. harness new scenario "
                    f"{scenario.parent.name}/another"
                ]
            )


def _filled(file: str, suite: str, scenario: str) -> str:
    place = files("harness.suites") / "templates" / f"{file}.tmpl"
    template = Template(place.read_text(encoding="utf-8"))
    return template.substitute(
        suite=suite, scenario=scenario, suite_title=titled(suite), scenario_title=titled(scenario)
    )


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    # "x": should the file appear between the check and here, it is still not overwritten.
    with path.open("x", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
    return path
