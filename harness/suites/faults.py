"""The ``faults`` of a scenario: which it must survive, and where they strike."""

from __future__ import annotations

from typing import Any

from harness.model.faults import (
    FAULT_CLASSES,
    FAULTS,
    FaultPlan,
    FaultRule,
    Resilience,
    faults_named,
)
from harness.model.transcript import TERMINATION_REASONS
from harness.suites.document import Invalid, Value
from harness.suites.reading import (
    Reader,
    Section,
    filled,
    list_of,
    number,
    one_of,
    optional,
    text,
    unknown,
    whole,
)

EXAMPLE = "{survive: [rate_limit, null_content], calls: 2}"
REASONS: Reader[tuple[str, ...]] = list_of(one_of("termination reason", TERMINATION_REASONS))
_PURPOSES = ("reply", "speaker_selection", "summary", "other")


def resilience(value: Value) -> Resilience:
    """What a scenario demands of its team when the provider fails."""
    section = Section(
        value, ("survive", "calls", "times", "accept", "rules", "rate", "kinds", "seed")
    )
    survive = section.get("survive", filled(list_of(_names)), ())
    plan = _plan(section)
    if not survive and plan is None and not section.has("survive"):
        raise Invalid(value, "no fault is named; list some under 'survive', or give 'rules'")
    return Resilience(
        survive=_flat(survive),
        calls=section.get("calls", whole(1, 100), 1),
        times=section.get("times", whole(1, 1000), 1),
        accept=section.get("accept", REASONS, ()),
        plan=plan,
    )


def _plan(section: Section) -> FaultPlan | None:
    rules = section.get("rules", filled(list_of(_rule)), ())
    rate = section.get("rate", number(0, 1), 0.0)
    kinds = _flat(section.get("kinds", filled(list_of(_names)), ()))
    if section.has("rate") != section.has("kinds"):
        section.report("'rate' and 'kinds' go together: how often, and what", "rate")
    if section.has("seed") and not section.has("rate"):
        section.report("'seed' chooses what 'rate' leaves to chance; give a rate", "seed")
    seed = section.get("seed", whole(0, 2**31), 0)
    if not rules and not rate:
        return None
    return FaultPlan(rules=rules, rate=rate, kinds=kinds, seed=seed)


def _rule(value: Value) -> FaultRule:
    section = Section(value, FaultRule.__struct_fields__)
    readers: dict[str, Reader[Any]] = {
        "agent": optional(text),
        "purpose": optional(one_of("purpose", _PURPOSES)),
        "call": whole(1),
        "times": whole(1, 1000),
    }
    given = {
        key: section.get(key, reader, None) for key, reader in readers.items() if section.has(key)
    }
    fault = section.require("fault", one_of("fault", tuple(FAULTS)), "")
    return FaultRule(fault=fault, **{key: each for key, each in given.items() if each is not None})


def _names(value: Value) -> tuple[str, ...]:
    """A fault, or every fault of a class."""
    name = text(value)
    found = faults_named(name)
    if not found:
        raise Invalid(value, unknown("fault", name, (*FAULT_CLASSES, *FAULTS)))
    return found


def _flat(named: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fault for group in named for fault in group))
