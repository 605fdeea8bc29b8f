"""Play one conversation of a team in a world that a chooser decides."""

from __future__ import annotations

import difflib
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from harness.capture import Recorder
from harness.errors import HarnessError
from harness.faults import ScriptSource, faulty
from harness.fuzzing.choosing import Drawn, Replayed
from harness.fuzzing.judging import first_violation
from harness.fuzzing.played import Finding, Played
from harness.fuzzing.settings import DEFAULT_TURNS, FuzzSettings, Subject
from harness.fuzzing.world import Enough, World, WorldFaults, WorldHuman, WorldModel, WorldSandbox
from harness.model.faults import FAULT_CLASSES, FAULTS, faults_named
from harness.model.sample import SampleKey
from harness.model.team import Endpoint, Team, TeamContext
from harness.pricing import cost_of_call
from harness.protocols import Assignment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from harness.fuzzing.choosing import Pick
    from harness.fuzzing.journal import Journal
    from harness.fuzzing.moves import Move
    from harness.model.transcript import ModelCall, Transcript

# Nothing listens there: what is not answered in process fails.
_NOWHERE = Endpoint(base_url="http://127.0.0.1:9/v1")
_CALLS_PER_TURN = 10


class Stage:
    """Plays conversations of one team, one after the other, in this process.

    Args:
        subject: The team.
        settings: What is said and demanded.
        workspace: Folder the team is given; the same for all conversations.
        journal: Gets events and moves as they happen; None if nobody reads it.
    """

    def __init__(
        self,
        subject: Subject,
        settings: FuzzSettings,
        workspace: Path,
        journal: Journal | None = None,
    ) -> None:
        limits = subject.scenario.limits
        self._settings = settings
        self._accepted = frozenset(subject.scenario.accept) | frozenset(settings.accept)
        self._faults = tuple(
            dict.fromkeys(fault for name in settings.faults for fault in _known_faults(name))
        )
        self._turns = settings.turns or limits.turns or DEFAULT_TURNS
        self._subject = subject
        self._workspace = workspace
        self._journal = journal
        self._limits = msgspec.structs.replace(limits, turns=self._turns)
        scenario = subject.scenario
        self._key = SampleKey(
            suite=scenario.suite, scenario=scenario.name, config=subject.config.name, epoch=1
        )

    @property
    def name(self) -> str:
        """The team's."""
        return self._subject.name

    @property
    def engine(self) -> str:
        """The engine's."""
        return self._subject.engine.name

    def play(
        self, script: Pick | Sequence[Move], known: frozenset[str] = frozenset()
    ) -> Finding | None:
        """Play one conversation, to its end or until it breaks an invariant.

        Args:
            script: Picks what is said, or the moves of a conversation that was held before.
            known: Invariants that do not count, being known as broken.

        Returns:
            What it breaks; None if everything holds.

        Raises:
            HarnessError: If the team cannot be built or played at all.
        """
        if self._journal is not None:
            self._journal.begin()
        if callable(script):
            played = self._played(Drawn(script, self._settings), known)
        else:
            played = self._played(Replayed(script, self._settings), known)
        return Finding(played.violation, played) if played.violation else None

    def keep(self, finding: Finding) -> None:
        """Write a finding down, if there is a journal."""
        if self._journal is not None:
            self._journal.keep(finding)

    def _played(self, chooser: Drawn | Replayed, known: frozenset[str]) -> Played:
        price = partial(_price, self._subject) if self._limits.cost_usd is not None else None
        world = World(
            chooser,
            Recorder(
                limits=self._limits,
                price=price,
                spool=None if self._journal is None else self._journal.events,
            ),
            most_calls=self._turns * _CALLS_PER_TURN,
            counts_tokens=price is not None,
            noted=None if self._journal is None else self._journal.note,
        )
        teams: list[Team] = []

        def build(context: TeamContext) -> Team:
            team = self._subject.build_team(context)
            if isinstance(team, Team):
                teams.append(team)
                chooser.names = tuple(dict.fromkeys(_names(team)))
            return team

        world.is_over = lambda world: self._judged(world, teams, known).violation is not None
        self._run(world, build)
        transcript = world.recorder.transcript(self._subject.engine.name, "")
        if not teams or not transcript.turns:
            raise HarnessError(_unplayable(self._subject.name, transcript))
        return self._judged(world, teams, known)

    def _run(self, world: World, build: Any) -> None:
        assignment = self._assignment(world, build)
        model = WorldModel(world)
        if not self._faults:
            self._hold(world, replace(assignment, script=model))
            return
        recorder = world.recorder
        with (
            faulty(
                ScriptSource(model),
                WorldFaults(world, self._faults),
                lambda agent, kind, detail: recorder.fault(agent=agent, kind=kind, detail=detail),
            ),
        ):
            self._hold(world, replace(assignment, mode="replay"))

    def _hold(self, world: World, assignment: Assignment) -> None:
        with suppress(Enough):
            try:
                self._subject.engine.run(assignment)
            except SystemExit as left:
                # No engine takes it for an exception, and it would end the hunt as a success.
                world.recorder.overrule(left)

    def _judged(self, world: World, teams: Sequence[Team], known: frozenset[str]) -> Played:
        """The conversation so far, with what it broke."""
        team = teams[0]
        played = Played(
            transcript=world.recorder.transcript(self._subject.engine.name, ""),
            moves=tuple(world.moves),
            said=tuple(world.said),
            attempts=tuple(world.attempts),
            outer=(str(team.initiator.name), str(team.recipient.name)),
        )
        violation = first_violation(played, self._settings, self._accepted, known)
        return played if violation is None else replace(played, violation=violation)

    def _assignment(self, world: World, build: Any) -> Assignment:
        scenario = self._subject.scenario
        return Assignment(
            key=self._key,
            scenario=msgspec.structs.replace(
                scenario, task=world.open(scenario.task), limits=self._limits
            ),
            config=self._subject.config,
            workspace=self._workspace,
            endpoint=_NOWHERE,
            build_team=build,
            sandbox=WorldSandbox(world),
            recorder=world.recorder,
            mode="mock",
            human=WorldHuman(world),
        )


def _known_faults(name: str) -> tuple[str, ...]:
    found = faults_named(name)
    if not found:
        known = (*FAULT_CLASSES, *FAULTS)
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise HarnessError(f"There is no fault {name!r}; there are: {', '.join(known)}.{hint}")
    return found


def _price(subject: Subject, call: ModelCall) -> float | None:
    return cost_of_call(call, at=None, prices=subject.prices)


def _names(team: Team) -> Iterable[str]:
    """Everybody who may be chosen to speak."""
    group = getattr(team.recipient, "groupchat", None)
    agents = getattr(group, "agents", None) or (team.initiator, team.recipient, *team.agents)
    return (str(agent.name) for agent in agents)


def _unplayable(name: str, transcript: Transcript) -> str:
    ending = transcript.termination_event
    detail = ending.detail if ending else "it never began"
    where = ending.exception.where if ending and ending.exception else ""
    place = f" ({where})" if where else ""
    return f"{name}: the team cannot hold a single conversation: {detail}{place}"
