"""Plain asserts on a transcript: the conversation in place of a repr."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.expectations.snapshots import steps_of
from harness.expectations.speakers import first_difference
from harness.expectations.view import as_text, view_of
from harness.model.transcript import Transcript
from harness.pytest_plugin.reporting import EXPLAINED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    import pytest

_FACTS = ("termination", "turns", "speakers")
_SPEAKERS = "speakers"
_MOST_DEEP = 2


def explained(config: pytest.Config, op: str, left: object, right: object) -> list[str] | None:
    """Lines for a comparison that failed: which fact it was, and the turns that show it.

    Args:
        config: The session's.
        op: The operator.
        left: The left side.
        right: The right side.

    Returns:
        None if no side is a transcript, or a fact of one that the test has at hand.
    """
    if isinstance(left, Transcript) and isinstance(right, Transcript):
        config.stash[EXPLAINED] = True
        return _transcripts(left, right) if op == "==" else None
    if not isinstance(left, str | int | list) and not isinstance(right, str | int | list):
        return None
    found = _fact_of(left, right)
    if found is None:
        return None
    transcript, name, position = found
    config.stash[EXPLAINED] = True
    return [
        f"{name} {left!r} {op} {right!r}",
        "",
        *as_text(view_of(transcript, around=position, context=1 if position else 2)).splitlines(),
    ]


def _transcripts(left: Transcript, right: Transcript) -> list[str]:
    one, other = list(steps_of(left)), list(steps_of(right))
    position = first_difference([step for step, _ in one], [step for step, _ in other])
    lines = [f"{left!r} == {right!r}", ""]
    if position == len(one) == len(other):
        lines.append("Both took the same steps; they differ in words, times or tokens:")
        position = _first_message(left, right)
        pairs = (
            [(m.content, m.index) for m in left.messages],
            [(m.content, m.index) for m in right.messages],
        )
        one, other = pairs
    else:
        lines.append(f"They part at step {position + 1}:")
    for title, transcript, steps in (("left", left, one), ("right", right, other)):
        evidence = (steps[min(position, len(steps) - 1)][1],) if steps else ()
        lines += [f"{title}:", *as_text(view_of(transcript, around=evidence)).splitlines()]
    return lines


def _first_message(left: Transcript, right: Transcript) -> int:
    return first_difference([m.content for m in left.messages], [m.content for m in right.messages])


def _fact_of(left: object, right: object) -> tuple[Transcript, str, tuple[int, ...]] | None:
    """The transcript one side is a fact of, the fact's name, and the events that show it."""
    candidates = list(_transcripts_at_hand())
    for value, expected in ((left, right), (right, left)):
        for transcript in candidates:
            for name in _FACTS:
                fact = getattr(transcript, name)
                if type(fact) is type(value) and fact == value:
                    return transcript, name, _evidence(transcript, name, expected)
    return None


def _evidence(transcript: Transcript, name: str, expected: object) -> tuple[int, ...]:
    messages = transcript.messages
    if name == _SPEAKERS and isinstance(expected, list) and messages:
        position = first_difference(transcript.speakers, expected)
        return (messages[min(position, len(messages) - 1)].index,)
    if name == "turns" and isinstance(expected, int) and 0 <= expected < len(messages):
        return (messages[expected].index,)
    return ()


def _transcripts_at_hand() -> Iterator[Transcript]:
    """Those that the frame of the assertion can name."""
    frame = _asserting_frame()
    if frame is not None:
        for value in list(frame.f_locals.values()):
            yield from _within(value, _MOST_DEEP)


def _within(value: Any, depth: int) -> Iterator[Transcript]:  # any local variable of a test
    if isinstance(value, Transcript):
        yield value
    elif isinstance(value, list | tuple | dict) and depth:
        items = value.values() if isinstance(value, dict) else value
        for item in list(items)[:20]:
            yield from _within(item, depth - 1)
    elif type(value).__module__.startswith("harness."):
        transcript = getattr(value, "transcript", None)
        if isinstance(transcript, Transcript):
            yield transcript


def _asserting_frame() -> FrameType | None:
    """The frame of the test: the innermost that is neither pytest's, pluggy's nor ours."""
    import _pytest
    import pluggy

    files = (_pytest.__file__, pluggy.__file__, __file__)
    foreign = tuple(str(Path(file).parent) for file in files if file is not None)
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(foreign):
            return frame
        frame = frame.f_back
    return None
