"""``harness cassette import``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.cassettes.exchange import Imported

_COLUMNS = ("file", "interactions", "priced", "cost", "notes")


@click.command("import")
@click.argument(
    "sources", nargs=-1, required=True, metavar="SOURCE...", type=click.Path(path_type=Path)
)
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="DIR_OR_FILE",
    help="Folder for the cassettes, or one file ending in .jsonl; default: beside each source.",
)
@click.option("--overwrite", is_flag=True, help="Replace cassettes that are there already.")
def command(sources: tuple[Path, ...], to: Path | None, overwrite: bool) -> int:  # noqa: FBT001 - click passes flags by name
    """Make cassettes from recordings of other tools.

    SOURCE is a recording, or a folder that is searched for .yaml, .yml and .json
    files. Readable are vcrpy's recordings in YAML and JSON, those of pydantic-ai's
    tests, and go-vcr's. Bodies are kept byte for byte, decompressed; secrets are
    replaced, and only headers that a replay needs are kept. Nothing in a file is run.

    \b
    Examples:
      harness cassette import tests/cassettes/test_chat.yaml
      harness cassette import tests/cassettes --to imported

    Exit code 2 when a file could not be imported; all others are, and each that
    could not is explained.
    """
    from harness.cassettes.exchange import import_recording
    from harness.cassettes.exchange.documents import SUFFIXES
    from harness.cassettes.exchange.targets import Kinds, planned
    from harness.errors import CassetteError
    from harness.reports.writer import Writer

    writer = Writer(sys.stdout)
    jobs = planned(sources, to, Kinds(SUFFIXES, ".jsonl", "harness cassette import"))
    done, faults = [], []
    for source, target in jobs:
        try:
            done.append(import_recording(source, target, overwrite=overwrite))
        except CassetteError as fault:
            faults.append(str(fault))
    if done:
        writer.table(_COLUMNS, [_row(each) for each in done], words=(0, len(_COLUMNS) - 1))
    writer.prose(_summary(done, len(jobs)))
    for text in faults:
        click.echo(f"Error: {text}", err=True)
    return 2 if faults else 0


def _row(imported: Imported) -> tuple[str, ...]:
    from harness.reports.text import one_line

    return (
        one_line(str(imported.source)),
        str(imported.interactions),
        str(imported.priced),
        _dollars(imported.cost_usd) if imported.priced else "-",
        one_line("; ".join(_notes(imported)), width=1000),
    )


def _notes(imported: Imported) -> Iterator[str]:
    yield f"{imported.format} -> {imported.path}"
    if imported.redacted:
        yield f"secrets replaced in {_counted(imported.redacted, 'interaction')}"
    if len(imported.hosts) > 1:
        yield f"{len(imported.hosts)} hosts: {', '.join(imported.hosts)}"
    if not imported.is_time_from_file:
        yield "says no time, so it has the file's"


def _summary(done: list[Imported], wanted: int) -> str:
    interactions = sum(imported.interactions for imported in done)
    priced = sum(imported.priced for imported in done)
    cost = sum(imported.cost_usd for imported in done)
    redacted = sum(imported.redacted for imported in done)
    return (
        f"{len(done)} of {_counted(wanted, 'file')} imported: "
        f"{_counted(interactions, 'interaction')}, {priced} priced at {_dollars(cost)}, "
        f"secrets replaced in {redacted}"
    )


def _counted(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _dollars(cost: float) -> str:
    return f"${cost:.6f}"
