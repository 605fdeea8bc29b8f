"""What is wrong with the cassettes of a selection: looked up in the files, then tried by replay.

Nothing here records, removes or changes a cassette.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import msgspec

from harness.cassettes import cassette_path, load_cassette
from harness.cassettes.staleness import age_reasons, config_changes, has_other_conversation
from harness.errors import CassetteError
from harness.runner.endpoints import base_url_of
from harness.runner.neighbours import recording_flags
from harness.runner.plan import Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from harness.cassettes import Cassette, CassetteHeader
    from harness.model.sample import SampleKey, SampleResult
    from harness.model.scenario import Suite

Group = Literal[
    "damaged",
    "missing",
    "stale",
    "diverged",
    "failed",
    "unplayed",
    "orphaned",
    "unfinished",
    "changed",
]

CHANGED = "the task, the team or the fixtures changed since it was recorded"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something to know about one cassette.

    Attributes:
        group: What is the matter; "changed" alone is no fault.
        path: The cassette's file.
        reasons: Why, in words; what an agent wrote may stand in them.
        key: Its sample; None for a file that no sample plays.
        flags: What `harness record` needs besides, to ask who answered before.
        goes_on_to: The sample whose recording an unfinished file is the start of, if an
            update would go on with it.
        is_expired: Whether it is too old, so that no part of it is fresh.
    """

    group: Group
    path: Path
    reasons: tuple[str, ...]
    key: SampleKey | None = None
    flags: tuple[str, ...] = ()
    goes_on_to: SampleKey | None = None
    is_expired: bool = False


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What the files alone tell.

    Attributes:
        findings: Damaged, missing and stale cassettes.
        playable: Samples whose cassette can be replayed, in plan order.
        changed: Those of them whose task, team or fixtures changed since.
        flags: What `harness record` needs to ask again who answered for them.
    """

    findings: tuple[Finding, ...]
    playable: tuple[SampleKey, ...]
    changed: frozenset[SampleKey]
    flags: Mapping[SampleKey, tuple[str, ...]]


@dataclass
class _Sorting:
    """The samples looked at so far."""

    findings: list[Finding] = field(default_factory=list)
    playable: list[SampleKey] = field(default_factory=list)
    changed: set[SampleKey] = field(default_factory=set)
    flags: dict[SampleKey, tuple[str, ...]] = field(default_factory=dict)


def inspect(
    plan: Sequence[SampleKey],
    suites: Sequence[Suite],
    root: Path,
    *,
    label: str,
    max_age_days: float | None,
    now: datetime,
) -> Inspection:
    """Read every selected cassette and compare it with its suite.

    Args:
        plan: The selected samples; those scripted in process have no cassette.
        suites: The suites they belong to.
        root: Folder of the cassettes.
        label: Of the sandbox.
        max_age_days: Oldest age that is still fresh, in days; None for any.
        now: The time to measure ages at.
    """
    catalogue = Catalogue(suites)
    sorting = _Sorting()
    for key in with_cassette(plan, catalogue):
        path = cassette_path(root, key)
        flags = _flags(path, key, catalogue, label)
        header, fault = _header_or_fault(path, key)
        if fault:
            sorting.findings.append(replace(fault, flags=flags))
        if header is None:
            continue
        sorting.playable.append(key)
        sorting.flags[key] = flags
        if has_other_conversation(header, catalogue.scenario(key).conversation_digest):
            sorting.changed.add(key)
        age = age_reasons(header, max_age_days, now)
        reasons = (*config_changes(header, catalogue.config(key)), *age)
        if reasons:
            stale = Finding(group="stale", path=path, reasons=reasons, key=key, flags=flags)
            sorting.findings.append(replace(stale, is_expired=bool(age)))
    return Inspection(
        findings=tuple(sorting.findings),
        playable=tuple(sorting.playable),
        changed=frozenset(sorting.changed),
        flags=sorting.flags,
    )


def with_cassette(plan: Iterable[SampleKey], catalogue: Catalogue) -> tuple[SampleKey, ...]:
    """The samples that play a cassette; the others are scripted in process."""
    return tuple(key for key in plan if not catalogue.scenario(key).is_scripted)


def _flags(path: Path, key: SampleKey, catalogue: Catalogue, label: str) -> tuple[str, ...]:
    return recording_flags(
        path,
        has_script=catalogue.scenario(key).provider is not None,
        base_url=base_url_of(catalogue.suite(key)),
        label=label,
    )


def _header_or_fault(path: Path, key: SampleKey) -> tuple[CassetteHeader | None, Finding | None]:
    if not path.exists():
        return None, Finding(group="missing", path=path, reasons=(), key=key)
    try:
        cassette = load_cassette(path)
        _read_through(cassette)
    except CassetteError as error:
        return None, Finding(group="damaged", path=path, reasons=(str(error),), key=key)
    recorded = cassette.header.sample
    if recorded not in ("", str(key)):
        reason = f"it was recorded for {recorded}, so it does not play for {key}"
        return None, Finding(group="damaged", path=path, reasons=(reason,), key=key)
    return cassette.header, None


def _read_through(cassette: Cassette) -> None:
    """Decode everything: what is read only when it is played may be damaged, too.

    Raises:
        CassetteError: If something is.
    """
    for interaction in cassette.interactions:
        _ = interaction.request.digest, interaction.content


def unjudged(suites: Sequence[Suite]) -> list[Suite]:
    """The suites without what judges a conversation, so that a replay only plays it."""
    return [
        msgspec.structs.replace(
            suite,
            scenarios=tuple(
                msgspec.structs.replace(scenario, checks=None, scorers=())
                for scenario in suite.scenarios
            ),
        )
        for suite in suites
    ]


def judge(
    results: Iterable[SampleResult], inspection: Inspection, root: Path
) -> tuple[Finding, ...]:
    """What replaying showed, in plan order.

    Args:
        results: Of the playable samples.
        inspection: What the files told.
        root: Folder of the cassettes.
    """
    by_key = {result.key: result for result in results}
    return tuple(
        finding
        for key in inspection.playable
        if key in by_key and (finding := _judged(by_key[key], inspection, root))
    )


def unreplayed(inspection: Inspection, root: Path) -> tuple[Finding, ...]:
    """What is left to say without a replay: which scenarios changed, with unknown effect."""
    reason = f"{CHANGED}; whether it still plays, a verify without --no-replay tells"
    return tuple(
        Finding(group="changed", path=cassette_path(root, key), reasons=(reason,), key=key)
        for key in inspection.playable
        if key in inspection.changed
    )


def _judged(result: SampleResult, inspection: Inspection, root: Path) -> Finding | None:
    key = result.key
    group, reasons = _verdict(result)
    if key in inspection.changed:
        still = f"{CHANGED}, and it still plays"
        group, reasons = (group, (*reasons, CHANGED)) if group else ("changed", (still,))
    if group is None:
        return None
    path, flags = cassette_path(root, key), inspection.flags[key]
    return Finding(group=group, path=path, reasons=reasons, key=key, flags=flags)


def _verdict(result: SampleResult) -> tuple[Group | None, tuple[str, ...]]:
    """Group and reasons; None for a replay without fault."""
    use, failure = result.cassette, result.failure
    message = failure.message if failure else "it did not complete"
    if use and use.misses:
        return "diverged", use.misses
    if result.status == "miss":
        return "diverged", (message,)
    if result.status != "completed":
        kind = f"{failure.type}: " if failure else ""
        return "failed", (f"the replay ended in an error: {kind}{message}",)
    if use and use.unplayed:
        some = "interaction was" if use.unplayed == 1 else "interactions were"
        return "unplayed", (f"{use.unplayed} recorded {some} never asked for",)
    return None, ()
