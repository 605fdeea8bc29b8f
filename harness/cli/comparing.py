"""What ``harness compare`` does once its arguments are parsed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from harness.cli.options import RUNS_FOLDER
from harness.comparison import compare_config_pair, compare_runs
from harness.errors import HarnessError
from harness.logs import find_log, read_log

if TYPE_CHECKING:
    from pathlib import Path

    from harness.model.paired import ConfigPairComparison, RunComparison
    from harness.model.run import RunLog
    from harness.model.sample import SampleKey

LATEST = "latest"


@dataclass(frozen=True, kw_only=True)
class CompareArguments:
    """The command line of ``harness compare``, one field per option."""

    run_a: str | None
    run_b: str | None
    configs: tuple[str, str] | None
    keyword: str
    is_whole: bool
    as_json: bool
    despite_drift: bool
    runs_folder: Path

    @property
    def runs(self) -> tuple[str, str]:
        """The runs of both sides, with what stands for those that are not given."""
        if self.configs:
            first = self.run_a or LATEST
            return first, self.run_b or first
        if self.run_a is None:
            raise HarnessError(
                "Say what to compare: two runs with: harness compare RUN_A RUN_B (list them with: "
                "harness list --runs); or two configs of a run with: harness compare --configs A B"
            )
        return self.run_a, self.run_b or LATEST


def run(arguments: CompareArguments) -> int:
    """Compare and print; returns the exit code."""
    name_a, name_b = arguments.runs
    log_a = _chosen(read_log(find_log(arguments.runs_folder, name_a)), arguments.keyword)
    log_b = _chosen(read_log(find_log(arguments.runs_folder, name_b)), arguments.keyword)
    comparison: RunComparison | ConfigPairComparison
    if arguments.configs:
        comparison = compare_config_pair(
            log_a, log_b, *arguments.configs, despite_drift=arguments.despite_drift
        )
    else:
        comparison = compare_runs(log_a, log_b, despite_drift=arguments.despite_drift)
    if arguments.as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(comparison)).decode())
    else:
        _print(comparison, arguments)
    return 0


def _chosen(log: RunLog, keyword: str) -> RunLog:
    """The log with those samples only that the expression fits."""
    if not keyword.strip():
        return log
    from msgspec.structs import replace

    from harness.runner.selection import Selection, select

    kept = set(select([sample.key for sample in log.samples], Selection(keyword=keyword)))
    return replace(log, samples=tuple(s for s in log.samples if s.key in kept))


def _print(comparison: RunComparison | ConfigPairComparison, arguments: CompareArguments) -> None:
    from harness.model.paired import RunComparison
    from harness.reports.console import print_comparison, print_config_pair

    if isinstance(comparison, RunComparison):
        print_comparison(comparison, sys.stdout, is_whole=arguments.is_whole)
    else:
        print_config_pair(comparison, sys.stdout, is_whole=arguments.is_whole)
    _tell_commands(comparison, arguments)


def _tell_commands(
    comparison: RunComparison | ConfigPairComparison, arguments: CompareArguments
) -> None:
    """How to read the first pair that parts in full."""
    from harness.reports.partings import in_order_of_weight

    parted = in_order_of_weight(comparison.pairs.samples)
    if not parted:
        return
    click.echo("\nRead both whole:")
    sides = zip((parted[0].key_a, parted[0].key_b), _runs(comparison, arguments), strict=True)
    for command in dict.fromkeys(_command(key, run, arguments.runs_folder) for key, run in sides):
        click.echo(f"  {command}")


def _runs(
    comparison: RunComparison | ConfigPairComparison, arguments: CompareArguments
) -> tuple[str, str]:
    """What finds both runs later: the path if one was given, else the id."""
    named = zip(arguments.runs, (comparison.run_a, comparison.run_b), strict=True)
    first, second = (given if given.endswith(".sqlite") else run_id for given, run_id in named)
    return first, second


def _command(key: SampleKey, run: str, folder: Path) -> str:
    import shlex

    from harness.reports.text import one_line

    words = ["harness", "show", str(key), "--run", run]
    if folder != RUNS_FOLDER and not run.endswith(".sqlite"):
        words += ["--runs-folder", str(folder)]
    return one_line(shlex.join(words), 1_000)
