"""Decide which request gets which fault: by rule, or by seeded chance."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from harness.model.faults import group_of

if TYPE_CHECKING:
    from harness.model.faults import FaultPlan, FaultRule


class Decides(Protocol):
    """Decides for each request, in order, whether it gets a fault."""

    def decide(self, agent: str, purpose: str, *, has_tools: bool, has_spoken: bool) -> str | None:
        """The fault for the next request; None for none."""


class Decider:
    """Goes through one conversation's requests.

    A fault is injected only where it makes sense: a wrong tool call where tools are
    offered, a wrong speaker where one is asked for, a spoilt reply where one is given, and a
    repetition where the agent has spoken before.

    Args:
        plan: What is to happen.
    """

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._fitting = [0] * len(plan.rules)
        self._left = [rule.times for rule in plan.rules]
        self._number = 0

    def decide(self, agent: str, purpose: str, *, has_tools: bool, has_spoken: bool) -> str | None:
        """The fault for the next request; None for none."""
        self._number += 1
        chosen = None
        for position, rule in enumerate(self._plan.rules):
            fits = suits(rule.fault, purpose, has_tools=has_tools, has_spoken=has_spoken)
            if not fits or not _is_meant(rule, agent, purpose):
                continue
            self._fitting[position] += 1
            if self._fitting[position] >= rule.call and self._left[position] > 0 and not chosen:
                self._left[position] -= 1
                chosen = rule.fault
        return chosen or self._by_chance(purpose, has_tools=has_tools, has_spoken=has_spoken)

    def _by_chance(self, purpose: str, *, has_tools: bool, has_spoken: bool) -> str | None:
        kinds = [
            kind
            for kind in self._plan.kinds
            if suits(kind, purpose, has_tools=has_tools, has_spoken=has_spoken)
        ]
        if not kinds or self._draw("whether") >= self._plan.rate:
            return None
        return kinds[int(self._draw("which") * len(kinds))]

    def _draw(self, what: str) -> float:
        """At least 0 and less than 1, the same on every machine."""
        text = f"{self._plan.seed} {self._number} {what}"
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return (int.from_bytes(digest, "big") >> 11) / 2**53


def _is_meant(rule: FaultRule, agent: str, purpose: str) -> bool:
    return rule.agent in (None, agent) and rule.purpose in (None, purpose)


def suits(fault: str, purpose: str, *, has_tools: bool, has_spoken: bool) -> bool:
    """Whether a fault makes sense in a request.

    Args:
        fault: Its name.
        purpose: What the request is made for.
        has_tools: Whether it offers tools.
        has_spoken: Whether its agent has said anything yet.
    """
    group = group_of(fault)
    if group == "speaker":
        return purpose == "speaker_selection"
    if group == "tools":
        return purpose == "reply" and has_tools
    if fault == "repeated":
        return purpose == "reply" and has_spoken
    return group != "content" or purpose == "reply"
