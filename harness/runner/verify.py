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
from harness.model.sample import SCRIPTED_SOURCE
from harness.runner.plan import Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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
        is_scripted: Whether the scripted provider records it.
        is_expired: Whether it is too old, so that no part of it is fresh.
    """

    group: Group
    path: Path
    reasons: tuple[str, ...]
    key: SampleKey | None = None
    is_scripted: bool = False
    is_expired: bool = False


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What the files alone tell.

    Attributes:
        findings: Damaged, missing and stale cassettes.
        playable: Samples whose cassette can be replayed, in plan order.
        changed: Those of them whose task, team or fixtures changed since.
        scripted: Those of them whose replies the scripted provider gave.
    """

    findings: tuple[Finding, ...]
    playable: tuple[SampleKey, ...]
    changed: frozenset[SampleKey]
    scripted: frozenset[SampleKey]


@dataclass
class _Sorting:
    """The samples looked at so far."""

    findings: list[Finding] = field(default_factory=list)
    playable: list[SampleKey] = field(default_factory=list)
    changed: set[SampleKey] = field(default_factory=set)
    scripted: set[SampleKey] = field(default_factory=set)


def inspect(
    plan: Sequence[SampleKey],
    suites: Sequence[Suite],
    root: Path,
    *,
    max_age_days: float | None,
    now: datetime,
) -> Inspection:
    """Read every selected cassette and compare it with its suite.

    Args:
        plan: The selected samples; those scripted in process have no cassette.
        suites: The suites they belong to.
        root: Folder of the cassettes.
        max_age_days: Oldest age that is still fresh, in days; None for any.
        now: The time to measure ages at.
    """
    catalogue = Catalogue(suites)
    sorting = _Sorting()
    for key in with_cassette(plan, catalogue):
        path = cassette_path(root, key)
        header, fault = _header_or_fault(path, key, catalogue)
        if fault:
            sorting.findings.append(fault)
        if header is None:
            continue
        sorting.playable.append(key)
        if header.source.startswith(SCRIPTED_SOURCE):
            sorting.scripted.add(key)
        if has_other_conversation(header, catalogue.scenario(key).conversation_digest):
            sorting.changed.add(key)
        age = age_reasons(header, max_age_days, now)
        reasons = (*config_changes(header, catalogue.config(key)), *age)
        if reasons:
            stale = _finding("stale", path, reasons, key, is_scripted=key in sorting.scripted)
            sorting.findings.append(replace(stale, is_expired=bool(age)))
    return Inspection(
        findings=tuple(sorting.findings),
        playable=tuple(sorting.playable),
        changed=frozenset(sorting.changed),
        scripted=frozenset(sorting.scripted),
    )


def with_cassette(plan: Iterable[SampleKey], catalogue: Catalogue) -> tuple[SampleKey, ...]:
    """The samples that play a cassette; the others are scripted in process."""
    return tuple(key for key in plan if not catalogue.scenario(key).is_scripted)


def _finding(
    group: Group, path: Path, reasons: tuple[str, ...], key: SampleKey, *, is_scripted: bool
) -> Finding:
    return Finding(group=group, path=path, reasons=reasons, key=key, is_scripted=is_scripted)


def _header_or_fault(
    path: Path, key: SampleKey, catalogue: Catalogue
) -> tuple[CassetteHeader | None, Finding | None]:
    is_scripted = catalogue.scenario(key).provider is not None
    if not path.exists():
        return None, _finding("missing", path, (), key, is_scripted=is_scripted)
    try:
        cassette = load_cassette(path)
        _read_through(cassette)
    except CassetteError as error:
        return None, _finding("damaged", path, (str(error),), key, is_scripted=is_scripted)
    recorded = cassette.header.sample
    if recorded not in ("", str(key)):
        reason = f"it was recorded for {recorded}, so it does not play for {key}"
        return None, _finding("damaged", path, (reason,), key, is_scripted=is_scripted)
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
        _finding("changed", cassette_path(root, key), (reason,), key, is_scripted=False)
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
    is_scripted = key in inspection.scripted
    return _finding(group, cassette_path(root, key), reasons, key, is_scripted=is_scripted)


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
