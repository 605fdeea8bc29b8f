"""Two cassettes side by side: which interactions are the same, changed, added or removed."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.cassettes.answers import Answer, answer_of
from harness.cassettes.matching import shared_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.matching import Request

Kind = Literal["same", "changed", "added", "removed"]
_WINDOW = 40
_VALUE_LIMIT = 120


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


@dataclass(frozen=True)
class Step:
    """One interaction of either cassette, or one of each.

    Attributes:
        kind: What became of it.
        before: Of the first cassette; None if it was added.
        after: Of the second cassette; None if it was removed.
    """

    kind: Kind
    before: Interaction | None
    after: Interaction | None


@dataclass(frozen=True)
class Difference:
    """The first place where two values part: JSON path, and each side in a few words."""

    path: str
    before: str
    after: str


def compare(before: Cassette, after: Cassette) -> tuple[Step, ...]:
    """Pair the interactions of two cassettes, in order.

    Two are the same if request and response body are; latency, headers and who asked do
    not count. Between the same ones, what asked for the same is paired first, then what
    stands in the same place.
    """
    ones, others = before.interactions, after.interactions
    keys = [_key(each) for each in ones]
    other_keys = [_key(each) for each in others]
    matcher = difflib.SequenceMatcher(None, keys, other_keys, autojunk=False)
    steps: list[Step] = []
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        left, right = ones[start:end], others[other_start:other_end]
        if tag == "equal":
            steps += [Step("same", one, other) for one, other in zip(left, right, strict=True)]
        else:
            steps += _paired(left, right)
    return tuple(steps)


def _key(interaction: Interaction) -> tuple[bytes | str, int, bytes]:
    return interaction.request.digest, interaction.status, interaction.content


def _paired(left: Sequence[Interaction], right: Sequence[Interaction]) -> Iterator[Step]:
    """Pair what differs: equal requests with each other, the rest by place."""
    matcher = difflib.SequenceMatcher(
        None,
        [each.request.digest for each in left],
        [each.request.digest for each in right],
        autojunk=False,
    )
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        ones, others = left[start:end], right[other_start:other_end]
        both = min(len(ones), len(others))
        kind: Kind = "changed"
        for one, other in zip(ones, others, strict=False):
            yield Step("same" if tag == "equal" and _key(one) == _key(other) else kind, one, other)
        yield from (Step("removed", one, None) for one in ones[both:])
        yield from (Step("added", None, other) for other in others[both:])


def request_difference(before: Request, after: Request) -> Difference | None:
    """The first place where two requests part; None if they say the same."""
    if before.digest == after.digest:
        return None
    for name in ("method", "path", "query"):
        one, other = getattr(before, name), getattr(after, name)
        if one != other:
            return Difference(name, repr(one), repr(other))
    return first_difference(body_of(before), body_of(after), "$")


def body_of(request: Request) -> Any:
    """The body of a request as a JSON value, or its text."""
    shape = request.shape
    if not shape.lists:
        return shape.fields
    lists = {name: [part.value for part in parts] for name, parts in shape.lists.items()}
    return {**(shape.fields or {}), **lists}


def first_difference(before: Any, after: Any, path: str) -> Difference | None:
    """Descend to the first place where two JSON values part."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            one, other = before.get(key, ABSENT), after.get(key, ABSENT)
            if found := first_difference(one, other, f"{path}.{key}"):
                return found
        return None
    if isinstance(before, list) and isinstance(after, list):
        for position in range(max(len(before), len(after))):
            one = before[position] if position < len(before) else ABSENT
            other = after[position] if position < len(after) else ABSENT
            if found := first_difference(one, other, f"{path}[{position}]"):
                return found
        return None
    # To Python, true equals 1; to a request it does not.
    if before == after and isinstance(before, bool) == isinstance(after, bool):
        return None
    if isinstance(before, str) and isinstance(after, str):
        at = shared_length(before, after)
        where = f"{path}, character {at + 1}" if at else path
        return Difference(where, _window(before, at), _window(after, at))
    return Difference(path, _shown(before), _shown(after))


def _window(text: str, position: int) -> str:
    """The text around a position, quoted, with marks where it was shortened."""
    start, end = max(position - _WINDOW, 0), position + _WINDOW
    return f"{'…' if start else ''}{text[start:end]!r}{'…' if end < len(text) else ''}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _VALUE_LIMIT else f"{text[:_VALUE_LIMIT]}…"


def reply_of(interaction: Interaction) -> Answer:
    """What an interaction answered; the body as text where its format is not known."""
    content_type = " ".join(interaction.headers.get("content-type", ()))
    answer = answer_of(content_type, interaction.content)
    if answer is not None:
        return answer
    try:
        return Answer(text=interaction.content.decode())
    except UnicodeDecodeError:
        return Answer(text=f"({len(interaction.content):,} bytes that are no text)")


def reply_diff(before: Interaction, after: Interaction) -> list[str]:
    """The replies' lines with "-", "+" or " " before each; empty if they say the same."""
    one, other = _lines(reply_of(before)), _lines(reply_of(after))
    if one == other:
        return []
    # The first two lines name files; what a reply says may look like them.
    return list(difflib.unified_diff(one, other, lineterm="", n=2))[2:]


def _lines(answer: Answer) -> list[str]:
    lines = answer.text.split("\n") if answer.text else []
    lines += [f"calls {name}({arguments})" for name, arguments in answer.calls]
    return [*lines, f"error: {answer.error}"] if answer.error else lines
