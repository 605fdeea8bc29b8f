"""What ``harness baseline`` does once its arguments are parsed."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

import click

from harness.cli.gating import suites_of
from harness.comparison import outcomes_of
from harness.errors import HarnessError, SuiteError
from harness.logs import find_log, read_log
from harness.model.sample import SampleKey
from harness.reports import numbers
from harness.reports.text import counted, one_line
from harness.runner.header import load_all
from harness.runner.selection import require_known
from harness.suites import find_suites
from harness.suites.baseline import baseline_path, read_baseline, write_baseline
from harness.suites.document import shown_path

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from harness.model.gate import SampleOutcome, SuiteOutcomes
    from harness.model.scenario import Suite

_MOST_NAMED = 6


class Replacing(NamedTuple):
    """What may be kept, and what may become of a baseline that is there.

    Attributes:
        overwrite: Whether it may be replaced.
        partial: Whether a run may be kept that lacks results: planned ones, or those it has.
    """

    overwrite: bool
    partial: bool


def keep(
    run: str, names: Sequence[str], scenarios_root: Path, runs_folder: Path, how: Replacing
) -> int:
    """Write the baselines; nothing is written unless all of them can be."""
    found = outcomes_of(read_log(find_log(runs_folder, run)))
    require_known("suite", names, [each.suite for each in found])
    chosen = [each for each in found if not names or each.suite in names]
    suites = suites_of(chosen, scenarios_root)
    losses = [_checked(each, suites.get(each.suite), scenarios_root, how) for each in chosen]
    for each, loss in zip(chosen, losses, strict=True):
        path = baseline_path(suites[each.suite].folder)
        write_baseline(path, each)
        passed = sum(sample.outcome == "pass" for sample in each.samples)
        click.echo(
            f"Baseline of {each.suite}: run {one_line(each.run_id)}, "
            f"{passed} of {counted(len(each.samples), 'sample')} passed. Commit {shown_path(path)}"
        )
        if failed := sum(not sample.is_completed for sample in each.samples):
            click.echo(
                f"WARNING: {counted(failed, 'sample')} with an error, a miss or no result "
                "will count as failures, which lowers what later runs must reach.",
                err=True,
            )
        if loss:
            click.echo(f"WARNING: {loss}", err=True)
    return 0


def _checked(outcomes: SuiteOutcomes, suite: Suite | None, root: Path, how: Replacing) -> str:
    """Refuse what cannot be kept; returns what is lost of the baseline before, if anything."""
    if suite is None:
        raise HarnessError(
            f"The suite {outcomes.suite!r} of run {outcomes.run_id!r} is not in {root}, so its "
            "baseline has no place. Name the suites to keep: harness baseline set RUN SUITE; hold "
            "a run of scripts, tests or imported conversations against this one with: harness "
            f"gate latest --baseline {outcomes.run_id} --margin 0.1"
        )
    present = {scenario.name: scenario.digest for scenario in suite.scenarios}
    used = sorted({sample.scenario for sample in outcomes.samples})
    drifted = [name for name in used if present.get(name) != outcomes.scenarios.get(name)]
    if drifted:
        raise HarnessError(
            f"Run {outcomes.run_id!r} cannot be the baseline of {suite.name}: since then the task, "
            f"files, checks or settings of {', '.join(drifted)} changed. Run it again with: "
            f"harness run {suite.name}"
        )
    path = baseline_path(suite.folder)
    if path.exists() and not how.overwrite:
        raise HarnessError(
            f"{shown_path(path)}: there is a baseline, and nothing was overwritten. "
            f"Look at it with: harness baseline show {suite.name}; replace it with --overwrite."
        )
    if not how.partial:
        _refuse_unfinished(outcomes)
    loss = _loss(path, outcomes, suite)
    if loss and not how.partial:
        raise HarnessError(
            f"{shown_path(path)}: nothing was overwritten. {loss} Run all of it with: harness run "
            f"{suite.name}; or give up what is lost with: --overwrite --partial"
        )
    return loss


def _refuse_unfinished(outcomes: SuiteOutcomes) -> None:
    lacking = sum(sample.outcome == "missing" for sample in outcomes.samples)
    if not lacking:
        return
    run_id = one_line(outcomes.run_id)
    # A recording that is given again skips what it has, so that no run of it is whole.
    finish = (
        f"give the same harness record command again, and keep a run of: harness run "
        f"{outcomes.suite}"
        if outcomes.mode == "record"
        else f"harness run --resume {run_id}"
    )
    raise HarnessError(
        f"Run {run_id} has no result of {lacking:,} of the "
        f"{counted(len(outcomes.samples), 'sample')} planned of {outcomes.suite}. In a baseline "
        "these count as failures, which lowers what later runs must reach, so nothing was kept. "
        f"Finish it first: {finish}; or keep it all the same with: --partial"
    )


def _loss(path: Path, outcomes: SuiteOutcomes, suite: Suite) -> str:
    """The results of the baseline that the run lacks, of what the suite still has."""
    try:
        before = read_baseline(path)
    except HarnessError:
        # A damaged baseline is replaced to mend it.
        return ""
    if before is None:
        return ""
    kept, now = _results(before, suite), _results(outcomes, suite)
    lost, left = kept - now, kept & now
    if not lost:
        return ""
    configs = {each.config for each in lost} - {each.config for each in left}
    scenarios = {each.scenario for each in lost} - {each.scenario for each in left}
    parts = [*_named("config", configs), *_named("scenario", scenarios)]
    whole = f", among them all of {' and of '.join(parts)}" if parts else ""
    return (
        f"Run {one_line(outcomes.run_id)} has no result of {counted(len(lost), 'sample')} of the "
        f"{len(kept)} in the baseline of {suite.name}, run {one_line(before.run_id)}{whole}; "
        "without them no gate compares these."
    )


def _results(outcomes: SuiteOutcomes, suite: Suite) -> set[SampleKey]:
    scenarios = {each.name for each in suite.scenarios}
    configs = {each.name for each in suite.configs}
    return {
        SampleKey(suite=suite.name, scenario=each.scenario, config=each.config, epoch=each.epoch)
        for each in outcomes.samples
        if each.outcome != "missing" and each.scenario in scenarios and each.config in configs
    }


def _named(kind: str, names: Collection[str]) -> list[str]:
    """A kind with its names, e.g. "config brief, careful"; nothing without any."""
    if not names:
        return []
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return [f"{kind} {', '.join(sorted(names)[:_MOST_NAMED])}{more}"]


def show(names: Sequence[str], scenarios_root: Path) -> int:
    """Print the baselines; of every suite without one, that it has none."""
    try:
        find_suites(scenarios_root)
    except SuiteError as error:
        raise HarnessError(
            f"{error} Baselines are kept in the folders of suites; runs of scripts, tests and "
            "imported conversations are held against one another with: harness gate RUN "
            "--baseline RUN --margin 0.1"
        ) from None
    for suite in load_all(scenarios_root, names):
        found = read_baseline(baseline_path(suite.folder))
        if found is None:
            click.echo(f"{suite.name}: no baseline. Keep one with: harness baseline set RUN")
            continue
        click.echo(
            f"{suite.name}: run {one_line(found.run_id)} of {one_line(found.started_at)}, mode "
            f"{one_line(found.mode)}, {counted(len(found.samples), 'sample')}"
        )
        for config in found.config_names:
            samples = [each for each in found.samples if each.config == config]
            click.echo(f"  {one_line(config)}: {_described(samples)}")
    return 0


def _described(samples: Sequence[SampleOutcome]) -> str:
    passed = sum(each.outcome == "pass" for each in samples)
    costs = [each.cost_usd for each in samples if each.cost_usd is not None]
    turns = [each.turns for each in samples if each.turns is not None]
    return (
        f"{passed} of {len(samples)} passed, "
        f"cost per sample {numbers.usd(fmean(costs) if costs else None)}, "
        f"turns {numbers.number(fmean(turns) if turns else None)}"
    )
