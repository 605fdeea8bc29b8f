"""From a run log to what the history keeps, and from two versions of that to the fuller one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from harness.comparison import outcomes_of
from harness.errors import HarnessError
from harness.model.history import HistoryRun, HistorySuite

if TYPE_CHECKING:
    from harness.model.gate import SuiteOutcomes
    from harness.model.run import RunLog


def run_of(log: RunLog) -> HistoryRun:
    """What the history keeps of a run.

    Args:
        log: The run; planned samples without a result are kept as missing.

    Raises:
        HarnessError: If nobody judged it: there is no success to keep.
    """
    header = log.header
    if any(sample.is_accepted_alone for sample in log.samples):
        raise HarnessError(
            f"Nobody judged the samples of run {header.run_id!r}: it was imported without a field "
            "that tells whether they solved their tasks, so there is no success to keep. Name the "
            "field and import them again with: harness import --mapping FILE"
        )
    sizes = {suite.name: suite.samples_per_config for suite in header.suites}
    suites = [_suite(each, sizes.get(each.suite)) for each in outcomes_of(log)]
    return HistoryRun(
        run_id=header.run_id,
        started_at=header.started_at,
        commit=header.commit,
        mode=header.mode,
        harness_version=header.harness_version,
        suites=tuple(sorted(suites, key=lambda each: each.suite)),
    )


def _suite(outcomes: SuiteOutcomes, size: int | None) -> HistorySuite:
    return HistorySuite(
        suite=outcomes.suite,
        scenarios=outcomes.scenarios,
        configs=outcomes.configs,
        # What was said has no column there, not even as a digest; nor has who judged it.
        samples=tuple(
            msgspec.structs.replace(each, conversation="", is_judged=True)
            for each in outcomes.samples
        ),
        samples_per_config=size,
    )


def completes(later: HistoryRun, earlier: HistoryRun) -> bool:
    """Whether one is the other with results where it had none, and the same in all else."""
    emptied = msgspec.structs.replace(
        later,
        suites=tuple(
            _emptied(suite, other)
            for suite, other in zip(later.suites, earlier.suites, strict=False)
        ),
    )
    return len(later.suites) == len(earlier.suites) and emptied.digest == earlier.digest


def _emptied(suite: HistorySuite, other: HistorySuite) -> HistorySuite:
    """The suite, with the samples that are missing in the other taken from there."""
    missing = {
        (each.scenario, each.config, each.epoch): each
        for each in other.samples
        if each.outcome == "missing"
    }
    return msgspec.structs.replace(
        suite,
        samples=tuple(
            missing.get((each.scenario, each.config, each.epoch), each) for each in suite.samples
        ),
    )
