"""Who spoke, in which order."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from harness.expectations.speaker_pattern import SpeakerPattern
from harness.expectations.subject import Finding
from harness.model.transcript import SpeakerSelection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.expectations.subject import Subject
    from harness.model.transcript import Transcript

_NOBODY = Finding(text="It has no speakers: no message was exchanged.")


def exactly(subject: Subject, expected: Sequence[str]) -> Finding | None:
    """These speakers, one per turn."""
    spoken = subject.transcript.speakers
    if not spoken:
        return _NOBODY
    if spoken == list(expected):
        return None
    position = first_difference(spoken, expected)
    wanted = expected[position] if position < len(expected) else "nobody"
    found = spoken[position] if position < len(spoken) else "nobody"
    return Finding(
        text=f"Expected {wanted} to speak in turn {position + 1}; it was {found}. "
        f"Expected {_listed(expected)}; spoke {_listed(spoken)}.",
        evidence=_at(subject.transcript, position),
    )


def first_difference(one: Sequence[str], other: Sequence[str]) -> int:
    """The first position in which two sequences differ; the length of the shorter if none."""
    pairs = zip(one, other, strict=False)
    return next(
        (position for position, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other))
    )


def in_order(subject: Subject, expected: Sequence[str]) -> Finding | None:
    """These speakers in this order, whoever speaks in between."""
    spoken = subject.transcript.speakers
    if not spoken:
        return _NOBODY
    position = -1
    for name in expected:
        try:
            position = spoken.index(name, position + 1)
        except ValueError:
            after = f" after turn {position + 1}" if position >= 0 else ""
            return Finding(
                text=f"Expected {name} to speak{after} ({_listed(expected)} in order); spoke "
                f"{_listed(spoken)}.{_hint(name, spoken)}",
                evidence=_at(subject.transcript, position) if position >= 0 else (),
            )
    return None


def matching(subject: Subject, pattern: str) -> Finding | None:
    """A regular expression over the speakers, e.g. ``executor (coder reviewer)+ executor``."""
    spoken = subject.transcript.speakers
    if not spoken:
        return _NOBODY
    found = (expected := SpeakerPattern(pattern)).match(spoken)
    if found.is_whole:
        return None
    silent = [name for name in expected.names if name not in spoken]
    note = f" {', '.join(silent)} never spoke.{_hint(silent[0], spoken)}" if silent else ""
    fit = _how_far(found.fits, len(spoken))
    return Finding(
        text=f"Expected the speakers to match {pattern!r}; {fit}spoke {_listed(spoken)}.{note}",
        evidence=_at(subject.transcript, min(found.fits, len(spoken) - 1)),
    )


def _how_far(fits: int, spoken: int) -> str:
    if fits == spoken:
        return "all turns fit, and more should follow; "
    return f"it fits up to turn {fits}; " if fits else ""


def silent_after(subject: Subject, silent: str, after: str) -> Finding | None:
    """One agent says nothing once another has spoken."""
    transcript = subject.transcript
    spoken = transcript.speakers
    if not spoken:
        return _NOBODY
    if after not in spoken:
        return Finding(
            text=f"{after} never spoke, so nothing came after it; spoke {_listed(spoken)}."
            f"{_hint(after, spoken)}"
        )
    known = _participants(transcript)
    if silent not in known:
        return Finding(
            text=f"There is no {silent} in this conversation: {_listed(sorted(known))}."
            f"{_hint(silent, sorted(known))}"
        )
    first = spoken.index(after)
    if silent not in spoken[first + 1 :]:
        return None
    again = spoken.index(silent, first + 1)
    return Finding(
        text=f"Expected {silent} never to speak after {after}; it did in turn {again + 1}, and "
        f"{after} had spoken in turn {first + 1}.",
        evidence=(*_at(transcript, first), *_at(transcript, again)),
    )


def _participants(transcript: Transcript) -> set[str]:
    names = {
        name for message in transcript.messages for name in (message.speaker, message.recipient)
    }
    for event in transcript.events:
        if isinstance(event, SpeakerSelection):
            names.update(event.candidates)
    return names


def _at(transcript: Transcript, position: int) -> tuple[int, ...]:
    messages = transcript.messages
    return (messages[min(max(position, 0), len(messages) - 1)].index,) if messages else ()


def _hint(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]!r}?" if near and near[0] != name else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nobody"
