"""What ``harness cassette verify`` does once its arguments are parsed."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harness.cli import options
from harness.cli.app import EXIT_GATE_FAILED
from harness.cli.progress import PlayCounts, showing
from harness.errors import SuiteError
from harness.model.sample import SCRIPTS, TESTS
from harness.reports.text import counted
from harness.runner.batch import RunConfig, run_plan
from harness.runner.build import load_engine
from harness.runner.header import load_all, new_header
from harness.runner.leftovers import find_leftovers
from harness.runner.memory import MemoryStore
from harness.runner.mending import Mender
from harness.runner.plan import Catalogue, make_plan
from harness.runner.sandboxes import sandbox_labels
from harness.runner.selection import Selection
from harness.runner.verify import inspect, judge, unjudged, unreplayed, with_cassette
from harness.suites import find_suites

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.model.sample import SampleKey
    from harness.model.scenario import Suite
    from harness.reports.writer import Writer
    from harness.runner.verify import Finding, Group, Inspection

_MOST_LISTED = 10
_MOST_IN_FULL = 2
_MEANING: dict[Group, str] = {
    "damaged": "cannot be read, or belongs to another sample",
    "missing": "the sample has no cassette",
    "stale": "recorded with other settings, or too long ago",
    "diverged": "a replay asks for what was not recorded",
    "failed": "a replay ends in an error",
    "unplayed": "a replay leaves recorded interactions unasked",
    "orphaned": "no suite has the sample any more",
    "unfinished": "left behind by a recording that was cut short",
}


@dataclass(frozen=True, kw_only=True)
class VerifyArguments:
    """The command line of ``harness cassette verify``, one field per option."""

    suites: tuple[str, ...]
    keyword: str
    configs: tuple[str, ...]
    epochs: tuple[int, ...]
    max_age_days: float | None
    no_replay: bool
    as_json: bool
    workers: int | None
    sandbox: str | None
    scenarios_root: Path
    cassettes_root: Path

    @property
    def is_narrowed(self) -> bool:
        """Whether samples of a suite were chosen among."""
        return bool(self.keyword.strip() or self.configs or self.epochs)

    @property
    def root_options(self) -> tuple[str, ...]:
        """The folders, where they are not the usual ones."""
        return options.root_words(self.scenarios_root, self.cassettes_root)


@dataclass(frozen=True, kw_only=True)
class _Verification:
    """What was looked at, and what was found."""

    selected: int
    with_cassette: int
    replayed: int
    findings: tuple[Finding, ...]
    of_tests: int
    of_scripts: int

    def of(self, group: Group) -> list[Finding]:
        return [finding for finding in self.findings if finding.group == group]

    @property
    def is_good(self) -> bool:
        return all(finding.group == "changed" for finding in self.findings)


def verify(arguments: VerifyArguments) -> int:
    """Look, replay, report; returns the exit code."""
    suites, plan = _selected(arguments)
    verification = _verified(plan, suites, arguments)
    mender = Mender(suites, arguments.cassettes_root, arguments.root_options)
    if arguments.as_json:
        print(_as_json(verification, mender))  # noqa: T201 - this is the output
    else:
        from harness.reports.writer import Writer

        _print(verification, mender, Writer(sys.stdout))
    return 0 if verification.is_good else EXIT_GATE_FAILED


def _selected(arguments: VerifyArguments) -> tuple[list[Suite], tuple[SampleKey, ...]]:
    """The suites and their selected samples; none where only the user's own code has cassettes."""
    selection = Selection(
        keyword=arguments.keyword, configs=arguments.configs, epochs=arguments.epochs
    )
    is_asked = bool(arguments.suites or arguments.is_narrowed)
    if not is_asked and _are_all_own(arguments.cassettes_root):
        try:
            find_suites(arguments.scenarios_root)
        except SuiteError:
            return [], ()
    suites = load_all(arguments.scenarios_root, arguments.suites)
    return suites, make_plan(suites, selection)


def _are_all_own(root: Path) -> bool:
    """Whether there are cassettes, all of them played by the user's own tests and scripts."""
    own = _count(root / TESTS) + _count(root / SCRIPTS)
    return own > 0 and own == _count(root)


def _verified(
    plan: Sequence[SampleKey], suites: Sequence[Suite], arguments: VerifyArguments
) -> _Verification:
    root = arguments.cassettes_root
    now = datetime.now(UTC)
    label = sandbox_labels(suites, arguments.sandbox)
    seen = inspect(plan, suites, root, label=label, max_age_days=arguments.max_age_days, now=now)
    findings = list(seen.findings)
    if arguments.no_replay:
        findings += unreplayed(seen, root)
    elif seen.playable:
        findings += _replayed(seen, suites, arguments)
    if suites and not arguments.is_narrowed:
        # Named suites may stand as paths on the command line; the suites know their names.
        names = [suite.name for suite in suites] if arguments.suites else []
        findings += find_leftovers(root, suites, names, label=label)
    return _Verification(
        selected=len(plan),
        with_cassette=len(with_cassette(plan, Catalogue(suites))),
        replayed=0 if arguments.no_replay else len(seen.playable),
        findings=tuple(findings),
        of_tests=_count(root / TESTS),
        of_scripts=_count(root / SCRIPTS),
    )


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.jsonl"))


def _replayed(
    seen: Inspection, suites: Sequence[Suite], arguments: VerifyArguments
) -> tuple[Finding, ...]:
    """Replay without scores, log or report."""
    catalogue = Catalogue(suites)
    for engine in sorted({catalogue.config(key).engine for key in seen.playable}):
        load_engine(engine).version()
    config = RunConfig(
        workers=arguments.workers or options.core_count(),
        cassettes_root=arguments.cassettes_root,
        sandbox=arguments.sandbox,
    )
    store = MemoryStore(new_header(seen.playable, suites, config, arguments.scenarios_root))
    signal.signal(signal.SIGTERM, _interrupt)
    total = len(seen.playable)
    with nullcontext() if arguments.as_json else showing(total, PlayCounts(total)) as display:
        told: dict[str, Any] = {}
        if display is not None:
            told = {"on_result": display.result, "on_tick": display.tick}
        run_plan(seen.playable, unjudged(suites), config, store, **told)
    return judge(store.read_samples(), seen, arguments.cassettes_root)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _as_json(verification: _Verification, mender: Mender) -> str:
    groups = {group: verification.of(group) for group in _MEANING}
    return json.dumps(
        {
            "is_good": verification.is_good,
            "selected": verification.selected,
            "with_cassette": verification.with_cassette,
            "replayed": verification.replayed,
            "not_looked_at": {TESTS: verification.of_tests, SCRIPTS: verification.of_scripts},
            "findings": {
                group: [_entry(finding) for finding in found] for group, found in groups.items()
            },
            "changed": [_entry(finding) for finding in verification.of("changed")],
            "commands": {
                group: mender.commands(group, found) for group, found in groups.items() if found
            },
        },
        indent=2,
    )


def _entry(finding: Finding) -> dict[str, Any]:
    return {
        "sample": str(finding.key) if finding.key else None,
        "path": str(finding.path),
        "reasons": finding.reasons,
    }


def _print(verification: _Verification, mender: Mender, writer: Writer) -> None:
    scripted = verification.selected - verification.with_cassette
    aside = f"; {scripted} more are scripted in process and need none" if scripted else ""
    missing = len(verification.of("missing"))
    absent = f", {missing} without one" if missing else ""
    writer.line(
        f"{counted(verification.with_cassette, 'sample')} that play cassettes looked at{absent}, "
        f"{verification.replayed} replayed{aside}."
    )
    for line in _elsewhere(verification):
        writer.line(line)
    for group, meaning in _MEANING.items():
        if found := verification.of(group):
            writer.line()
            writer.line(f"{group.capitalize()}: {len(found)} ({meaning})", "bold red")
            _list(found, writer)
            for command in mender.commands(group, found):
                writer.line(f"To mend: {command}", "bold", indent=2)
    if changed := verification.of("changed"):
        writer.line()
        writer.line(f"Not a fault: {len(changed)} changed since recording", "bold")
        _list(changed, writer)
    if verification.is_good and not verification.selected:
        writer.line("There is no suite here, so nothing was verified.", "bold")
    elif verification.is_good:
        unreplayed = verification.with_cassette and not verification.replayed
        limits = " as far as the files tell: nothing was replayed (--no-replay)"
        writer.line(f"All good{limits if unreplayed else ''}.", "bold green")


def _elsewhere(verification: _Verification) -> list[str]:
    """What is not looked at here, as only the user's own code can replay it, and what does."""
    ways = (
        (verification.of_tests, TESTS, "pytest --harness-strict"),
        (verification.of_scripts, SCRIPTS, "harness exec SCRIPT, each as it was recorded"),
    )
    return [
        f"Not looked at: {counted(count, 'cassette')} in {folder}/, played by your own code. "
        f"Verify with: {way}"
        for count, folder, way in ways
        if count
    ]


def _list(found: Sequence[Finding], writer: Writer) -> None:
    from harness.reports.text import one_line

    for position, finding in enumerate(found[:_MOST_LISTED]):
        name = str(finding.key) if finding.key else str(finding.path)
        reasons = "; ".join(finding.reasons)
        # The first are told in full: a miss explains itself at length.
        told = reasons if position < _MOST_IN_FULL else one_line(reasons)
        writer.prose(f"{name}: {told}" if told else name, indent=2)
    if len(found) > _MOST_LISTED:
        writer.line(f"and {len(found) - _MOST_LISTED} more; all of them with: --json", indent=2)
