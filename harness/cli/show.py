"""``harness show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from harness.model.run import RunLog
    from harness.model.sample import SampleResult

_MOST_RUNS = 3  # other runs that are named where the one asked for has no such sample


@click.command("show")
@click.argument("sample")
@click.option("--run", "run", default="latest", show_default=True, help="Which run.")
@click.option("--hidden", is_flag=True, help="Also show speaker selection and other hidden calls.")
@click.option("--json", "as_json", is_flag=True, help="Print the stored result as JSON.")
@options.run_folder
def command(sample: str, run: str, hidden: bool, as_json: bool, runs_folder: Path) -> int:  # noqa: FBT001 - click passes flags by name
    """Read one sample's conversation in the terminal.

    SAMPLE is suite/scenario/config/epoch, or any part of it that fits one sample.

    \b
    Examples:
      harness show sales_report/widgets/careful-t0.2/1
      harness show widgets/careful-t0.2/1 --hidden
      harness show widgets/careful-t0.2/1 --json | jq .transcript.events
    """
    import sys

    from harness.logs import find_log, read_log
    from harness.model.sample import encode_sample
    from harness.reports.console import print_transcript

    path = find_log(runs_folder, run)
    log = read_log(path)
    result = _find(log, sample, path, runs_folder)
    if as_json:
        click.echo(encode_sample(result).decode())
    else:
        title = log.header.title_of(result.key)
        print_transcript(result, sys.stdout, show_hidden=hidden, title=title)
    return 0


def _find(log: RunLog, wanted: str, path: Path, folder: Path) -> SampleResult:
    from harness.errors import SelectionError

    exact = [sample for sample in log.samples if str(sample.key) == wanted]
    found = exact or [sample for sample in log.samples if _fits(wanted, str(sample.key))]
    if len(found) == 1:
        return found[0]
    keys = [str(sample.key) for sample in log.samples]
    if found:
        some = ", ".join(str(sample.key) for sample in found[:5])
        raise SelectionError(
            f"{wanted!r} fits {len(found)} samples of run {log.header.run_id}: {some}"
            f"{', ...' if len(found) > 5 else ''}. Give more of the key."
        )
    none = f"Run {log.header.run_id} has no sample {wanted!r}"
    if elsewhere := _runs_with(wanted, folder, path):
        raise SelectionError(f"{none}, but {_told(elsewhere, wanted, folder)}")
    import difflib

    near = difflib.get_close_matches(wanted, keys, n=1, cutoff=0.3)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise SelectionError(
        f"{none}.{hint} List them with: harness list --samples --run {log.header.run_id}"
    )


def _fits(wanted: str, key: str) -> bool:
    # Whole path parts only, so that epoch 1 does not also find epoch 11.
    return f"/{wanted.strip('/')}/" in f"/{key}/"


def _runs_with(wanted: str, folder: Path, searched: Path) -> list[str]:
    """The other runs that hold such a sample, newest first; what cannot be read holds none."""
    from contextlib import closing

    from harness.errors import LogError
    from harness.logs import SUFFIX, open_log_unchanged

    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}"), reverse=True):
        if path.absolute() == searched.absolute():
            continue
        try:
            with closing(open_log_unchanged(path)) as store:
                rows = store.read_rows()
        except LogError:
            continue
        if any(_fits(wanted, str(row.key)) for row in rows):
            found.append(path.stem)
    return found


def _told(runs: list[str], wanted: str, folder: Path) -> str:
    """Which runs these are, and how to read the sample in the newest of them."""
    import shlex

    from harness.cli.options import RUNS_FOLDER
    from harness.reports.text import one_line

    words = ["harness", "show", wanted, "--run", runs[0]]
    if folder != RUNS_FOLDER:
        words += ["--runs-folder", str(folder)]
    shown = one_line(shlex.join(words), 1_000)
    named, more = ", ".join(runs[:_MOST_RUNS]), len(runs) - _MOST_RUNS
    if len(runs) == 1:
        return f"run {named} has it. Read it there with: {shown}"
    others = f", and {more} more" if more > 0 else ""
    return f"{len(runs)} other runs have it: {named}{others}. Read the newest with: {shown}"
