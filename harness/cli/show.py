"""``harness show``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from harness.model.run import RunLog
    from harness.model.sample import SampleResult


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

    result = _find(read_log(find_log(runs_folder, run)), sample)
    if as_json:
        click.echo(encode_sample(result).decode())
    else:
        print_transcript(result, sys.stdout, show_hidden=hidden)
    return 0


def _find(log: RunLog, wanted: str) -> SampleResult:
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
    import difflib

    near = difflib.get_close_matches(wanted, keys, n=1, cutoff=0.3)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise SelectionError(
        f"Run {log.header.run_id} has no sample {wanted!r}.{hint} List them with: "
        f"harness list --samples --run {log.header.run_id}"
    )


def _fits(wanted: str, key: str) -> bool:
    # Whole path parts only, so that epoch 1 does not also find epoch 11.
    return f"/{wanted.strip('/')}/" in f"/{key}/"
