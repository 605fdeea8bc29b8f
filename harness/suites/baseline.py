"""A suite's ``baseline.json``: the outcomes that later runs are held against."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import msgspec

from harness.errors import EnvironmentFault, HarnessError
from harness.model.gate import OUTCOMES_SCHEMA_VERSION, SuiteOutcomes
from harness.suites.document import printable, shown_path

BASELINE_FILE = "baseline.json"
_MOST = 1e12


def baseline_path(folder: Path | str) -> Path:
    """Where the baseline of the suite in that folder is kept."""
    return Path(folder) / BASELINE_FILE


def read_baseline(path: Path) -> SuiteOutcomes | None:
    """Read a baseline; None if there is no such file.

    Raises:
        HarnessError: If the file is damaged or of another version.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HarnessError(
            f"{shown_path(path)}: the baseline cannot be read: {error.strerror}."
        ) from None
    try:
        found = msgspec.json.decode(data, type=SuiteOutcomes)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise HarnessError(
            printable(f"{shown_path(path)}: the baseline is damaged: {error}. {_mend(path)}")
        ) from None
    if found.schema_version != OUTCOMES_SCHEMA_VERSION:
        raise HarnessError(
            f"{shown_path(path)}: the baseline has version {found.schema_version}; this release "
            f"reads {OUTCOMES_SCHEMA_VERSION}. {_mend(path)}"
        )
    if fault := _fault(found):
        raise HarnessError(
            printable(f"{shown_path(path)}: the baseline is damaged: {fault}. {_mend(path)}")
        )
    if found.suite != path.parent.name:
        raise HarnessError(
            printable(f"{shown_path(path)}: this is the baseline of {found.suite!r}. {_mend(path)}")
        )
    return found


def _fault(found: SuiteOutcomes) -> str:
    """What no run can have left, if anything."""
    keys = Counter((each.scenario, each.config, each.epoch) for each in found.samples)
    for key, count in keys.items():
        if count > 1 or key[2] < 1:
            name = "/".join(map(str, key))
            return f"{name} stands there {count} times" if count > 1 else f"{name} has no epoch"
    for each in found.samples:
        measured = (each.turns or 0, each.cost_usd or 0.0)
        if not all(0 <= value < _MOST for value in measured):
            return f"{each.scenario}/{each.config}/{each.epoch} has turns or a cost that none has"
    return ""


def _mend(path: Path) -> str:
    return f"Make it anew with: harness baseline set RUN {path.parent.name} --overwrite"


def write_baseline(path: Path, outcomes: SuiteOutcomes) -> None:
    """Write a baseline, one sample per line, so that a change of it can be read.

    Raises:
        EnvironmentFault: If the file cannot be written.
    """
    document = msgspec.to_builtins(outcomes)
    lines = ",\n".join(f"  {json.dumps(sample)}" for sample in document.pop("samples"))
    head = json.dumps(document, indent=1)[:-2]
    try:
        path.write_text(
            f'{head},\n "samples": [\n{lines}\n ]\n}}\n', encoding="utf-8", newline="\n"
        )
    except OSError as error:
        raise EnvironmentFault(
            f"{shown_path(path)}: the baseline cannot be written: {error.strerror}."
        ) from None
