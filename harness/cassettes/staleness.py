"""Whether a cassette was recorded with what would be asked today.

A header keeps the *facets* of the config it was recorded with: a name and a short text
for each setting that shapes requests. Prompts and long values stand there as digests,
so a header shows neither, yet says which of them changed.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from harness.cassettes.redaction import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.cassettes.format import CassetteHeader
    from harness.model.scenario import AgentConfig

PROMPTS = "prompts."
PARAMETERS = "parameters."
_DIGEST_MARK = "digest:"
_LONGEST_VALUE = 60
_DEFAULTS = {
    "temperature": "the provider's default",
    "max_tokens": "the provider's default",
    "model": "none",
}


def config_facets(config: AgentConfig) -> dict[str, str]:
    """What of a config shapes its requests, by name.

    Args:
        config: The config.

    Returns:
        "engine", "model", "temperature", "max_tokens" (the last two only where set),
        "prompts.<agent>" as digests, "parameters.<name>" as JSON where that is short,
        else as digests.
    """
    facets = {"engine": config.engine}
    if config.model:
        facets["model"] = config.model
    if config.temperature is not None:
        facets["temperature"] = f"{config.temperature:.12g}"
    if config.max_tokens is not None:
        facets["max_tokens"] = str(config.max_tokens)
    for agent, text in sorted(config.prompts.items()):
        facets[f"{PROMPTS}{agent}"] = _digest(text.encode("utf-8", "surrogatepass"))
    for name, value in sorted(config.parameters.items()):
        facets[f"{PARAMETERS}{name}"] = _short(value)
    return facets


def _short(value: Any) -> str:  # whatever stands under `parameters` in the YAML
    encoded = msgspec.json.encode(value, order="deterministic")
    if len(encoded) <= _LONGEST_VALUE:
        return encoded.decode()
    return _digest(encoded)


def _digest(data: bytes) -> str:
    return _DIGEST_MARK + hashlib.blake2b(data, digest_size=6).hexdigest()


def stale_reasons(
    header: CassetteHeader,
    *,
    config: AgentConfig,
    conversation_digest: str,
    max_age_days: float | None,
    now: datetime,
) -> tuple[str, ...]:
    """Why a cassette no longer is what recording it today would give, in words.

    Args:
        header: The cassette's header.
        config: The config of its sample as it is now.
        conversation_digest: Of its scenario as it is now; "" leaves it unlooked at.
        max_age_days: Oldest age that is still fresh, in days; None for any.
        now: The time to measure the age at.

    Returns:
        One phrase per reason; empty for a fresh cassette.
    """
    reasons = [*config_changes(header, config), *age_reasons(header, max_age_days, now)]
    if has_other_conversation(header, conversation_digest):
        reasons.append("the task, the team or the fixtures changed")
    return tuple(reasons)


def has_other_conversation(header: CassetteHeader, conversation_digest: str) -> bool:
    """Whether the scenario's task, team or fixtures are known to have changed since.

    The team's Python may have changed in a comment alone; only a replay tells whether the
    cassette still plays.
    """
    recorded = header.conversation_digest
    return bool(recorded and conversation_digest) and recorded != conversation_digest


def config_changes(header: CassetteHeader, config: AgentConfig) -> tuple[str, ...]:
    """What of the config changed since the recording, e.g. "temperature 0.2 -> 0.7".

    A header without facets, as older releases wrote, can only tell that something did.
    """
    if header.facets:
        return tuple(_changes(header.facets, config_facets(config)))
    if header.config_digest and header.config_digest != config.digest:
        return ("the config changed",)
    return ()


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in [*before, *(name for name in now if name not in before)]:
        old, new = before.get(name), now.get(name)
        if not _is_same(old, new):
            yield _change(name, old, new)


def _is_same(old: str | None, new: str | None) -> bool:
    if old is None or new is None or PLACEHOLDER not in old:
        return old == new
    # A secret was removed from the header: it stands for whatever is there now.
    pieces = map(re.escape, old.split(PLACEHOLDER))
    return re.fullmatch(".+".join(pieces), new, re.DOTALL) is not None


def _change(name: str, old: str | None, new: str | None) -> str:
    if name.startswith(PROMPTS):
        agent = name.removeprefix(PROMPTS)
        if old is None:
            return f"a prompt of {agent} was added"
        return f"the prompt of {agent} {'changed' if new is not None else 'was removed'}"
    shown = f"parameter {name.removeprefix(PARAMETERS)}" if name.startswith(PARAMETERS) else name
    if any(value is not None and value.startswith(_DIGEST_MARK) for value in (old, new)):
        return f"{shown} changed"
    absent = _DEFAULTS.get(name, "not set")
    return f"{shown} {absent if old is None else old} -> {absent if new is None else new}"


def age_reasons(
    header: CassetteHeader, max_age_days: float | None, now: datetime
) -> tuple[str, ...]:
    """Why a cassette is too old, e.g. "recorded 120 days ago, more than 90"; empty if it is not.

    The age counts from the first recording: an update keeps what still fits, however old.
    """
    if max_age_days is None:
        return ()
    recorded = recorded_time(header)
    if recorded is None:
        return (f"its recorded_at, {header.recorded_at!r}, is no time, so its age is not known",)
    age = now - recorded
    if age <= timedelta(days=max_age_days):
        return ()
    return (f"recorded {_days(age)} ago, more than {max_age_days:g}",)


def recorded_time(header: CassetteHeader) -> datetime | None:
    """When a cassette was recorded; None if its header does not hold a time."""
    try:
        time = datetime.fromisoformat(header.recorded_at)
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _days(age: timedelta) -> str:
    if age.days < 1:
        return f"{age / timedelta(hours=1):.1f} hours"
    return f"{age.days} day{'' if age.days == 1 else 's'}"
