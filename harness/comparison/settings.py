"""In what two configs differ, in words: their prompts, their models, everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.model.scenario import AgentConfig

_WIDTH = 60
_BEFORE = 20


def settings_differ(one: AgentConfig, other: AgentConfig) -> tuple[str, ...]:
    """Everything in which the second differs from the first, e.g. "temperature 1 instead of 0.2".

    Args:
        one: The config measured against.
        other: The config that is judged.
    """
    agents = sorted(one.prompts.keys() | other.prompts.keys())
    prompts = [told for agent in agents for told in _prompt(agent, one, other)]
    return (*prompts, *_values(one, other))


def why_settings(agent: str, one: AgentConfig | None, other: AgentConfig | None) -> str:
    """What of two configs' settings this agent was given otherwise; "" if nothing."""
    if one is None or other is None:
        return ""
    return ", ".join((*_prompt(agent, one, other), *_values(one, other)))


def excerpts(one: str, other: str) -> tuple[str, str]:
    """Both texts around the first character that differs, each on one line."""
    at = differs_at(one, other)
    start = max(0, at - _BEFORE)
    # From the beginning of a word on.
    start = (one.find(" ", start, at) + 1 or start) if start else 0
    return _piece(one, start), _piece(other, start)


def differs_at(one: str, other: str) -> int:
    """Position of the first character that differs."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _piece(text: str, start: int) -> str:
    cut = text[start : start + _WIDTH]
    before, after = "…" if start else "", "…" if start + _WIDTH < len(text) else ""
    return f"“{before}{' '.join(cut.split())}{after}”"


def _prompt(agent: str, one: AgentConfig, other: AgentConfig) -> Iterator[str]:
    before, now = one.prompts.get(agent), other.prompts.get(agent)
    if before == now:
        return
    if before is None or now is None:
        yield f"{agent} has {'a' if before is None else 'no'} prompt of the config"
        return
    was, says = excerpts(before, now)
    yield f"the prompt of {agent} says {says} instead of {was}"


def _values(one: AgentConfig, other: AgentConfig) -> Iterator[str]:
    for name in ("engine", "model", "temperature", "max_tokens"):
        before, now = getattr(one, name), getattr(other, name)
        if before != now:
            yield f"{name.replace('_', ' ')} {_shown(now)} instead of {_shown(before)}"
    for name in sorted(one.parameters.keys() | other.parameters.keys()):
        before, now = one.parameters.get(name), other.parameters.get(name)
        if before != now:
            yield f"{name} {_shown(now)} instead of {_shown(before)}"


def _shown(value: Any) -> str:  # parameters hold whatever YAML can
    if value is None:
        return "unset"
    text = f"{value:g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
