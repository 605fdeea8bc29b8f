"""What a run is made of: the suites it was given, and the header of its log."""

from __future__ import annotations

import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.capture import storable
from harness.model.run import RunHeader
from harness.runner.commit import commit_of
from harness.runner.plan import describe_suites
from harness.runner.redact import redacted
from harness.runner.sandboxes import sandbox_labels
from harness.runner.selection import require_known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.sample import SampleKey
    from harness.model.scenario import Suite
    from harness.runner.batch import RunConfig


def load_all(root: Path, names: Sequence[str] = ()) -> list[Suite]:
    """Load every suite below a folder, or only those named.

    Raises:
        SuiteError: With the faults of all of them.
        SelectionError: If a name fits no suite.
    """
    from harness.errors import SuiteError
    from harness.suites import find_suites, load_suite

    folders = find_suites(root)
    # scenarios/my_suite means my_suite: that is what a shell's completion gives.
    names = [Path(name).name if Path(name).is_dir() else name for name in names]
    require_known("suite", names, [folder.name for folder in folders])
    suites: list[Suite] = []
    faults: list[str] = []
    for folder in folders:
        if names and folder.name not in names:
            continue
        try:
            suites.append(load_suite(folder))
        except SuiteError as error:
            faults.extend(error.faults)
    if faults:
        raise SuiteError(faults)
    return suites


def new_header(
    plan: Sequence[SampleKey],
    suites: Sequence[Suite],
    config: RunConfig,
    scenarios_root: Path,
    *,
    program: str = "harness",
    run_id: str = "",
) -> RunHeader:
    """The header of a run that starts now.

    Args:
        plan: The samples.
        suites: The suites they belong to.
        config: How they are run.
        scenarios_root: Where the suites are.
        program: What was called with the arguments of this process.
        run_id: Its id, if that was given out before; see `new_run_id`.
    """
    now = datetime.now(UTC)
    header = RunHeader(
        run_id=run_id or new_run_id(),
        started_at=now.isoformat(timespec="seconds"),
        mode=config.mode,
        command=storable(" ".join([program, *sys.argv[1:]])),
        harness_version=version("conversation-harness"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        sandbox=sandbox_labels(_planned(suites, plan), config.sandbox),
        suites=describe_suites(suites, plan),
        plan=tuple(plan),
        scenarios_root=str(scenarios_root),
        cassettes_root=str(config.cassettes_root),
        commit=commit_of(scenarios_root),
    )
    return redacted(header)


def new_run_id() -> str:
    """An id for a run that starts now: unique, and sorted by time also within a second."""
    now = datetime.now(UTC)
    # Of the six digits after the dash three are the fraction of the second.
    return f"{now:%Y%m%dT%H%M%S}-{now.microsecond * 4096 // 1_000_000:03x}{token_hex(2)[:3]}"


def _planned(suites: Sequence[Suite], plan: Sequence[SampleKey]) -> list[Suite]:
    """The suites with those scenarios only that a plan holds: others run nothing."""
    wanted = {(key.suite, key.scenario) for key in plan}
    chosen = [
        replace(
            suite, scenarios=tuple(s for s in suite.scenarios if (suite.name, s.name) in wanted)
        )
        for suite in suites
    ]
    return [suite for suite in chosen if suite.scenarios]
