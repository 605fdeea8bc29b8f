"""What ``harness fuzz`` does once its arguments are parsed."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

import click

from harness.cli.app import EXIT_GATE_FAILED
from harness.errors import SelectionError
from harness.fuzzing import FuzzSettings, Hunt, Subject, hunt, replay, tell
from harness.fuzzing.saved import SUFFIX, finding_path, how_again, read, save
from harness.fuzzing.story import messages_told
from harness.fuzzing.subjects import subjects_of
from harness.runner.header import load_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.fuzzing import Finding
    from harness.model.transcript import TerminationReason


@dataclass(frozen=True, kw_only=True)
class FuzzArguments:
    """The command line of ``harness fuzz``, one field per option."""

    targets: tuple[str, ...]
    scenarios_root: Path
    config: str
    examples: int
    seed: int | None
    closing: str | None
    closers: tuple[str, ...]
    approver: str | None
    approval: str | None
    turns: int | None
    accept: tuple[TerminationReason, ...]
    faults: tuple[str, ...]
    conversation_seconds: float | None
    task_as_is: bool
    save: Path
    replay: tuple[Path, ...]

    def settings_for(self, subject: Subject) -> FuzzSettings:
        """What is said and demanded, the scenario's own demands under the options."""
        return FuzzSettings.for_scenario(
            subject.scenario,
            examples=self.examples,
            seed=self.seed,
            closing=self.closing,
            closers=self.closers,
            approver=self.approver,
            approval=self.approval,
            turns=self.turns,
            accept=self.accept,
            faults=self.faults,
            conversation_seconds=self.conversation_seconds,
            varies_task=not self.task_as_is,
        )


def run(arguments: FuzzArguments) -> int:
    """Fuzz, or play saved findings; returns the exit code."""
    # So that an end by it removes what was made meanwhile, as one by Ctrl-C does.
    signal.signal(signal.SIGTERM, _interrupt)
    if arguments.replay:
        return _replay(arguments)
    is_broken = False
    with _staying():
        subjects = _subjects(arguments)
    for subject in subjects:
        settings = arguments.settings_for(subject)
        found = hunt(subject, settings)
        click.echo(_headline(subject, found, settings.examples))
        for finding in found.findings:
            is_broken = True
            path = finding_path(arguments.save, subject.name, finding.violation.invariant)
            save(finding, path, subject.name, settings)
            click.echo(_told(finding, path))
    return EXIT_GATE_FAILED if is_broken else 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _subjects(arguments: FuzzArguments) -> list[Subject]:
    named = [target.strip("/").split("/") for target in arguments.targets]
    root = arguments.scenarios_root
    # A path below the suites' folder is what a shell's completion gives.
    depth = len(root.parts)
    named = [parts[depth:] if tuple(parts[:depth]) == root.parts else parts for parts in named]
    too_long = next((parts for parts in named if len(parts) > 2 or not parts), None)
    if too_long is not None:
        raise SelectionError(
            f"{'/'.join(too_long)!r} is no suite and no suite/scenario. See them with: harness list"
        )
    suites = load_all(root, sorted({parts[0] for parts in named}))
    wanted = {(parts[0], parts[1] if len(parts) == 2 else "") for parts in named}
    wanted = wanted or {(suite.name, "") for suite in suites}
    return [
        subject
        for suite in suites
        for scenario in sorted(scenario for name, scenario in wanted if name == suite.name)
        for subject in subjects_of(suite, scenario, arguments.config)
    ]


@contextmanager
def _staying() -> Iterator[None]:
    """Suites' code is imported in this process: it must not end it without a word."""
    leave = os._exit

    def refuse(status: int) -> NoReturn:
        raise SelectionError(
            f"A suite's code called os._exit({status}) when it was imported, so no conversation "
            "can be held. Look for it in the team's module."
        )

    os._exit = refuse
    try:
        yield
    finally:
        os._exit = leave


def _headline(subject: Subject, found: Hunt, examples: int) -> str:
    searched = f"seed {found.seed}, {found.seconds:.1f} s"
    if found.cut:
        searched += f"; of {examples} wanted, {found.cut}"
    made_up = "No model was asked and no code was run."
    if found.first is None:
        return (
            f"{subject.name}: survived {found.conversations} conversations ({searched}). {made_up}"
        )
    ways = "1 way" if len(found.findings) == 1 else f"{len(found.findings)} ways"
    return (
        f"{subject.name}: BROKEN in {ways}, first by conversation {found.first} of "
        f"{found.conversations}; {found.shrinking} more to shrink it ({searched}). {made_up}"
    )


def _told(finding: Finding, path: Path) -> str:
    story = "\n".join(f"  {line}" for line in tell(finding).splitlines())
    count = messages_told(finding)
    return (
        f"\n{story}\n\n  {count} message{'s' * (count != 1)}, kept in {path}\n"
        f"  Play it again with: harness fuzz --replay {path}\n"
    )


def _replay(arguments: FuzzArguments) -> int:
    paths = [
        path
        for given in arguments.replay
        for path in (sorted(given.rglob(f"*{SUFFIX}")) if given.is_dir() else [given])
    ]
    if not paths:
        raise SelectionError(
            f"There is no saved conversation in {', '.join(map(str, arguments.replay))}. "
            "Find some with: harness fuzz"
        )
    return EXIT_GATE_FAILED if sum(_breaks(path, arguments) for path in paths) else 0


def _breaks(path: Path, arguments: FuzzArguments) -> bool:
    saved = read(path)
    parts = saved.header.subject.split("/")
    if len(parts) != 3 or parts[0] == "tests":
        raise SelectionError(
            f"{path}: this conversation was found by the test {saved.header.subject!r}, which "
            "plays it again by itself. Run that test with: pytest"
        )
    suite, scenario, config = parts
    (loaded,) = load_all(arguments.scenarios_root, [suite])
    (subject,) = subjects_of(loaded, scenario, config)
    settings = saved.settings
    if arguments.conversation_seconds is not None:
        settings = replace(settings, conversation_seconds=arguments.conversation_seconds)
    finding = replay(subject, settings, saved.moves)
    if finding is None:
        click.echo(f"{path}: holds now ({saved.header.invariant}, {subject.name})")
        return False
    story = "\n".join(f"  {line}" for line in tell(finding).splitlines())
    click.echo(f"{path}: {how_again(saved, finding)} {subject.name}\n\n{story}\n")
    return True
