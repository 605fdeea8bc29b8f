"""``harness cassette export``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("export")
@click.argument("cassettes", nargs=-1, required=True, metavar="CASSETTE...")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="FILE_OR_DIR",
    help="One file ending in .yaml, or a folder for all; default: beside each cassette.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
@click.option(
    "--cassettes",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("cassettes"),
    show_default=True,
    help="Folder of the cassettes, for samples named by their key.",
)
def command(cassettes: tuple[str, ...], to: Path | None, overwrite: bool, root: Path) -> int:  # noqa: FBT001 - click passes flags by name
    """Write cassettes as recordings of stock vcrpy, which replays them byte for byte.

    CASSETTE is a cassette, a folder that is searched for .jsonl files, or a sample's
    key, suite/scenario/config/epoch, or a part of one, such as a suite. Agents,
    costs and the times of streamed pieces have no place in that format.

    \b
    Examples:
      harness cassette export sales_report/widgets/careful-t0.2/1 --to widgets.yaml
      harness cassette export cassettes --to exported

    Exit code 2 when a cassette could not be exported; all others are, and each
    that could not is explained.
    """
    from harness.cassettes.exchange import export_cassette
    from harness.cassettes.exchange.targets import Kinds, planned
    from harness.cli.cassette_finding import find_cassettes
    from harness.errors import CassetteError
    from harness.reports.text import one_line

    kinds = Kinds((".jsonl",), ".yaml", "harness cassette export")
    jobs = planned(find_cassettes(cassettes, root), to, kinds)
    faults = []
    for source, target in jobs:
        try:
            exported = export_cassette(source, target, overwrite=overwrite)
        except CassetteError as fault:
            faults.append(str(fault))
            continue
        note = (
            f"; secrets were removed from {exported.masked} requests, which vcrpy "
            "will therefore not match by their bodies"
            if exported.masked
            else ""
        )
        click.echo(
            one_line(f"{source} -> {target}: {exported.interactions} interactions{note}", 1000)
        )
    for text in faults:
        click.echo(f"Error: {text}", err=True)
    return 2 if faults else 0
