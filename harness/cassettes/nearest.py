"""The recorded interaction that a request was meant to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.cassettes.differences import CONVERSATION, differences, fields_of, leaves, value_of
from harness.cassettes.ignoring import canonical
from harness.cassettes.windows import common_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.cassettes.cassette import Interaction
    from harness.cassettes.matching import Index, Part, Request

_MOST_COMPARED = 20  # equally near interactions whose texts are compared
# Pairs of differing messages that are looked into: a chat that goes on repeats its pairs.
_MOST_PAIRS = 20_000


def nearest(
    interactions: Sequence[Interaction], index: Index, request: Request, agent: str
) -> Interaction:
    """Find the interaction a request was meant to be.

    It is the one that shares most of the conversation from its start, what is
    volatile aside; then one at the same path, of the same agent, not yet played.

    Args:
        interactions: Where to look; at least one.
        index: Knows which were played.
        request: The request.
        agent: Who asked; "" if nobody said.
    """
    search = _Search(index, request, agent)
    ranked = [(search.rank(entry), entry) for entry in interactions]
    highest = max(rank for rank, _ in ranked)
    equal = [entry for rank, entry in ranked if rank == highest][:_MOST_COMPARED]
    if len(equal) == 1:
        return equal[0]
    return max(equal, key=lambda entry: (search.likeness(entry), -entry.number))


class _Search:
    """Compares many interactions with one request; each two messages only once."""

    def __init__(self, index: Index, request: Request, agent: str) -> None:
        self._index = index
        self._request = request
        self._agent = agent
        self._asked = spoken(request)
        self._fields = canonical(fields_of(request))
        self._alike: dict[tuple[object, object], bool] = {}

    def rank(self, entry: Interaction) -> tuple[int, ...]:
        """How near an interaction is; more is nearer."""
        recorded, request = entry.request, self._request
        said = spoken(recorded)
        return (
            self._shared(said),
            (recorded.method, recorded.path) == (request.method, request.path),
            entry.agent == self._agent,
            self._index.is_unplayed(entry),
            canonical(fields_of(recorded)) == self._fields,
            -abs(len(said) - len(self._asked)),
            sum(
                one.digest == other.digest
                for (_, one), (_, other) in zip(said, self._asked, strict=False)
            ),
        )

    def likeness(self, entry: Interaction) -> int:
        """How many characters the first message that differs has in common at both ends."""
        said = spoken(entry.request)
        for (_, one), (_, other) in zip(said, self._asked, strict=False):
            if one.digest != other.digest:
                first, second = canonical(one.value).decode(), canonical(other.value).decode()
                ends = common_length(first[::-1], 0, second[::-1], 0)
                return common_length(first, 0, second, 0) + ends
        return 0

    def _shared(self, said: Sequence[tuple[str, Part]]) -> int:
        count = 0
        for (name, one), (other_name, other) in zip(said, self._asked, strict=False):
            if name != other_name or not self._is_alike(name, one, other):
                break
            count += 1
        return count

    def _is_alike(self, name: str, one: Part, other: Part) -> bool:
        if one.digest == other.digest:
            return True
        pair = (one.digest, other.digest)
        if pair not in self._alike:
            if len(self._alike) >= _MOST_PAIRS:
                return False
            sides = [value_of(name, part, self._request) for part in (one, other)]
            found = leaves(name, *sides)
            self._alike[pair] = not any(difference.is_real for difference in found)
        return self._alike[pair]


def spoken(request: Request) -> list[tuple[str, Part]]:
    """Everything that was said in a request, in order, with the list it stands in."""
    lists = request.shape.lists
    return [(name, part) for name in CONVERSATION for part in lists.get(name, ())]


def is_the_same(recorded: Request, asked: Request) -> bool:
    """Whether two requests differ in nothing but what was removed as a secret."""
    if recorded.digest == asked.digest:
        return True
    return recorded.is_masked and not any(
        difference.is_real or difference.volatile for difference in differences(recorded, asked)
    )
