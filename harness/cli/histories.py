"""What ``harness history`` does once its arguments are parsed."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from harness.errors import SelectionError
from harness.history import history_of, open_history, run_of
from harness.logs import SUFFIX, find_log, read_log
from harness.reports.history import history_csv, history_json, print_history
from harness.reports.text import counted, one_line
from harness.runner.selection import require_known

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.model.history import HistoryRun


# As many as a screen shows; and the more changes are corrected together, the fewer are shown.
_ROWS = 20


@dataclass(frozen=True, kw_only=True)
class HistoryArguments:
    """The command line of ``harness history``, one field per option but the database."""

    suites: tuple[str, ...]
    configs: tuple[str, ...]
    last: int | None
    form: str | None


def show(address: str, arguments: HistoryArguments) -> int:
    """Print the history."""
    with closing(open_history(address)) as store:
        runs = store.read()
    _require_known(runs, arguments)
    last = arguments.last or (_ROWS if arguments.form is None else None)
    history = history_of(runs, suites=arguments.suites, configs=arguments.configs, last=last)
    if arguments.form is None:
        print_history(history, sys.stdout)
        if arguments.last is None and len(runs) > _ROWS:
            click.echo(f"Of each config {_ROWS} runs at most; more with: --last {len(runs)}")
        return 0
    render = history_csv if arguments.form == "csv" else history_json
    click.echo(render(history), nl=False)
    return 0


def _require_known(runs: Sequence[HistoryRun], arguments: HistoryArguments) -> None:
    kept = [suite for run in runs for suite in run.suites]
    require_known("suite", arguments.suites, sorted({suite.suite for suite in kept}))
    chosen = [each for each in kept if not arguments.suites or each.suite in arguments.suites]
    names = {config for suite in chosen for config in suite.config_names}
    require_known("config", arguments.configs, sorted(names))


def add(address: str, names: Sequence[str], runs_folder: Path) -> int:
    """Add the runs of these names; every run of the folder if there is none."""
    paths = [find_log(runs_folder, name) for name in names] or sorted(
        runs_folder.glob(f"*{SUFFIX}")
    )
    if not paths:
        raise SelectionError(f"There is no run log in {runs_folder}. Make one with: harness run")
    with closing(open_history(address)) as store:
        for path in paths:
            log = read_log(path)
            if not names and any(sample.is_accepted_alone for sample in log.samples):
                click.echo(f"{one_line(log.header.run_id)}: left out, as nobody judged it")
                continue
            outcome = store.add(run_of(log))
            kept = f", {counted(len(log.missing), 'sample')} missing" if log.missing else ""
            click.echo(
                f"{one_line(log.header.run_id)}: {outcome} "
                f"({counted(len(log.samples), 'sample')}{kept}), {store.address.shown}"
            )
    return 0
