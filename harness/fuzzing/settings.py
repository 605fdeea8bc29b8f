"""What to fuzz, and what is demanded of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model.scenario import AgentConfig, Price, Scenario
    from harness.model.team import Team, TeamContext
    from harness.model.transcript import TerminationReason
    from harness.protocols import Engine

# A conversation that a team's own limits end has ended as well as can be, when its models
# never come to the point; one that the harness had to stop has not.
OWN_LIMITS: tuple[TerminationReason, ...] = (
    "max_consecutive_auto_reply",
    "max_turns",
    "max_round",
    "human_exit",
)
DEFAULT_TURNS = 60
# A conversation takes milliseconds, but the first may load what the team is made of.
DEFAULT_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class FuzzSettings:
    """What the models may say, and what must hold whatever they say.

    Attributes:
        examples: Conversations to try, >= 1.
        seed: Where the search starts; the same seed tries the same conversations. None
            draws one, which the outcome names.
        closing: The word that ends a conversation of this team.
        closers: Agents whose closing word must end it; empty for every agent.
        approver: Agent that must approve code before it runs, or "human"; None if none must.
        approval: The word it approves with.
        turns: Most messages; None for the scenario's limit, or 60.
        accept: Reasons to end for, besides those the scenario accepts.
        faults: Faults of the provider that may be injected, by name or class. The models are
            then asked over HTTP by the team's own client, which takes several times as long.
        varies_task: Whether the task is also tried with code in it, and with the closing word.
        conversation_seconds: Wall-clock limit of one conversation, after which its process is
            ended; None for the scenario's ``wall_seconds``, but 30 at most.
    """

    examples: int = 200
    seed: int | None = None
    closing: str = "TERMINATE"
    closers: tuple[str, ...] = ()
    approver: str | None = None
    approval: str = "APPROVED"
    turns: int | None = None
    accept: tuple[TerminationReason, ...] = OWN_LIMITS
    faults: tuple[str, ...] = ()
    varies_task: bool = True
    conversation_seconds: float | None = None

    def seconds_for(self, scenario: Scenario) -> float:
        """How long one conversation of a scenario may take."""
        return self.conversation_seconds or min(DEFAULT_SECONDS, scenario.limits.wall_seconds)

    @classmethod
    def for_scenario(cls, scenario: Scenario, **given: Any) -> FuzzSettings:
        """The settings for a scenario: what is given, else what the scenario demands.

        Args:
            scenario: Its ``fuzz`` says what must be known of its team.
            **given: As the fields; None or empty for not given.
        """
        demands = scenario.fuzz
        kept = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in given.items()
            if value not in (None, (), [])
        }
        lower = {
            name: getattr(demands, name)
            for name in ("closing", "closers", "approver", "approval")
            if getattr(demands, name)
        }
        accept = (*OWN_LIMITS, *demands.accept, *kept.pop("accept", ()))
        return cls(**{**lower, **kept, "accept": tuple(dict.fromkeys(accept))})


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The team under test and the frame it runs in.

    Attributes:
        scenario: Task, limits and accepted reasons.
        config: Model and prompts.
        build_team: Makes a new team for each conversation.
        engine: Drives it.
        prices: The suite's own prices.
    """

    scenario: Scenario
    config: AgentConfig
    build_team: Callable[[TeamContext], Team]
    engine: Engine
    prices: dict[str, Price] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Suite, scenario and config."""
        return f"{self.scenario.suite}/{self.scenario.name}/{self.config.name}"
