"""``harness cassette scrub``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from harness.model.scenario import SecretRules


@click.command("scrub")
@click.argument("names", nargs=-1, metavar="[PATH_OR_SAMPLE]...")
@click.option("--check", is_flag=True, help="Only report; exit code 1 if there is any secret.")
@options.roots
def command(
    names: tuple[str, ...],
    check: bool,  # noqa: FBT001 - click passes flags by name
    scenarios_root: Path,
    cassettes_root: Path,
) -> int:
    """Remove the secrets from cassettes, or find them with --check.

    Name cassettes or folders of them, suites, samples' keys or parts of keys;
    default: all, recordings that were cut short included. What looks like a secret is replaced by
    [redacted], headers beyond the few that are kept are dropped; the rest of the
    file stays as it is, and the cassette still replays. The values of
    secret-looking environment variables, and the rules under 'secrets' in the
    suite.yaml files, count as well.

    \b
    Examples:
      harness cassette scrub --check
      harness cassette scrub sales_report

    --check never prints a secret, only its kind, with file, line and place. Exit
    code 2 when a file could not be read or written; all others are done. What
    was in a commit before, stays in the history of git: change such a key.
    """
    import os

    from harness.cassettes.leaks import find_leaks, scrub_cassette, scrub_targets
    from harness.cassettes.redaction import Redactor
    from harness.cli.cassette_finding import find_cassettes
    from harness.errors import CassetteError
    from harness.reports.text import one_line

    redactor = Redactor.from_environment(os.environ, _rules(scenarios_root))
    paths = find_cassettes(names, cassettes_root) if names else [cassettes_root]
    targets = scrub_targets(tuple(paths))
    found, faults = 0, 0
    for path in targets:
        try:
            leaks = (find_leaks if check else scrub_cassette)(path, redactor)
        except CassetteError as fault:
            click.echo(f"Error: {redactor.text(str(fault))}", err=True)
            faults += 1
            continue
        found += len(leaks)
        for leak in leaks:
            click.echo(
                one_line(redactor.text(f"{path}:{leak.line}: {leak.place}: {leak.kind}"), 500)
            )
    click.echo(_summary(found, len(targets), is_check=check))
    return 1 if check and found else 2 if faults else 0


def _summary(found: int, files: int, *, is_check: bool) -> str:
    cassettes = f"{files} cassette{'s' * (files != 1)}"
    if not found:
        return f"No secrets in {cassettes}."
    secrets = f"{found} secret{'s' * (found != 1)}"
    if is_check:
        return f"{secrets} in {cassettes}. Remove them with: harness cassette scrub"
    return f"Removed {secrets} from {cassettes}."


def _rules(scenarios_root: Path) -> SecretRules:
    """The rules of all suites that are there."""
    from harness.cassettes.secret_rules import joined_rules
    from harness.suites import find_suites, load_suite

    if not scenarios_root.exists():
        return joined_rules([])
    return joined_rules([load_suite(folder).secrets for folder in find_suites(scenarios_root)])
