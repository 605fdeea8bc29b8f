"""Play one conversation of a team in a world that a chooser decides."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from harness.capture import Recorder
from harness.errors import HarnessError
from harness.fuzzing.judging import first_violation
from harness.fuzzing.played import Played
from harness.fuzzing.settings import DEFAULT_TURNS, FuzzSettings, Subject
from harness.fuzzing.world import Enough, World, WorldHuman, WorldModel, WorldSandbox
from harness.model.sample import SampleKey
from harness.model.team import Endpoint, Team, TeamContext
from harness.pricing import cost_of_call
from harness.protocols import Assignment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from harness.fuzzing.choosing import Drawn, Replayed
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
    """

    def __init__(self, subject: Subject, settings: FuzzSettings, workspace: Path) -> None:
        limits = subject.scenario.limits
        self._settings = settings
        self._accepted = frozenset(subject.scenario.accept) | frozenset(settings.accept)
        self._turns = settings.turns or limits.turns or DEFAULT_TURNS
        self._subject = subject
        self._workspace = workspace
        self._limits = msgspec.structs.replace(limits, turns=self._turns)
        scenario = subject.scenario
        self._key = SampleKey(
            suite=scenario.suite, scenario=scenario.name, config=subject.config.name, epoch=1
        )

    def play(self, chooser: Drawn | Replayed, known: frozenset[str] = frozenset()) -> Played:
        """Play one conversation, to its end or until it breaks an invariant.

        Args:
            chooser: Decides what is said.
            known: Invariants that do not count, being known as broken.

        Raises:
            HarnessError: If the team cannot be built or played at all.
        """
        price = partial(_price, self._subject) if self._limits.cost_usd is not None else None
        world = World(
            chooser,
            Recorder(limits=self._limits, price=price),
            most_calls=self._turns * _CALLS_PER_TURN,
            counts_tokens=price is not None,
        )
        teams: list[Team] = []

        def build(context: TeamContext) -> Team:
            team = self._subject.build_team(context)
            if isinstance(team, Team):
                teams.append(team)
                chooser.names = tuple(dict.fromkeys(_names(team)))
            return team

        world.is_over = lambda world: self._judged(world, teams, known).violation is not None
        with suppress(Enough):
            self._subject.engine.run(self._assignment(world, build))
        transcript = world.recorder.transcript(self._subject.engine.name, "")
        if not teams or not transcript.turns:
            raise HarnessError(_unplayable(self._subject.name, transcript))
        return self._judged(world, teams, known)

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
            script=WorldModel(world),
            human=WorldHuman(world),
        )


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
