"""What was recorded of a sample before: its finished cassette and unfinished recordings."""

from __future__ import annotations

import glob
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.cassettes.cassette import PARTIAL_SUFFIX
from harness.cassettes.matching import Index
from harness.cassettes.reader import load_cassette, load_whole_part
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.matching import Request


# Statuses from here on are refusals.
_FAILED = 400


@dataclass(frozen=True)
class Earlier:
    """What an update starts from.

    Attributes:
        cassette: The finished cassette, or the fullest unfinished recording that is newer and
            holds what the finished one does not.
        leftovers: Unfinished recordings of the same sample, this one's among them.
        recordings: All that an update may take answers from, newest first; what was left
            unfinished before the finished cassette was made is not among them.
    """

    cassette: Cassette
    leftovers: tuple[Path, ...]
    recordings: tuple[Cassette, ...] = ()


def find_earlier(path: Path, ignored: tuple[str, ...] = ()) -> Earlier | None:
    """What was recorded of a sample so far.

    Of an unfinished recording that is damaged, what stands before the damage counts.

    Args:
        path: Path of the sample's cassette.
        ignored: What matching is to overlook now, whatever it was when recorded.

    Raises:
        CassetteError: If the finished cassette is damaged.
    """
    leftovers = tuple(sorted(path.parent.glob(f"{glob.escape(path.name)}{PARTIAL_SUFFIX}*")))
    finished = load_cassette(path, ignored=ignored) if path.exists() else None
    readable = [one for left in leftovers if (one := _loaded(left, ignored)) and answers_of(one)]
    newer = [one for one in readable if finished is None or _age(one) > _age(finished)]
    ahead = [one for one in newer if finished is None or not is_covered(one, finished)]
    fullest = max(ahead, key=lambda one: len(answers_of(one)), default=finished)
    if fullest is None:
        return None
    usable = newer if finished is None else [*newer, finished]
    return Earlier(fullest, leftovers, tuple(sorted(usable, key=_age, reverse=True)))


def answers_of(cassette: Cassette) -> Sequence[Interaction]:
    """What an update has to start from: all but the refusals that cut a recording short."""
    found = cassette.interactions
    if not cassette.is_complete:
        while found and found[-1].status >= _FAILED:
            found = found[:-1]
    return found


def _loaded(path: Path, ignored: tuple[str, ...]) -> Cassette | None:
    try:
        return load_whole_part(path, ignored=ignored)
    except CassetteError:
        return None  # Torn before its first line was whole: there is nothing in it to go on with.


def _age(cassette: Cassette) -> tuple[str, int]:
    """When it was written: greater is newer."""
    header = cassette.header
    return header.updated_at or header.recorded_at, cassette.path.stat().st_mtime_ns


def is_covered(one: Cassette, by: Cassette) -> bool:
    """Whether all that an update has to start from stands in another recording, too."""
    return not one.damage and not (_contents(answers_of(one)) - _contents(by.interactions))


def _contents(found: Sequence[Interaction]) -> Counter[tuple[bytes, int, bytes]]:
    return Counter((each.key, each.status, each.content) for each in found)


def remove_covered(leftovers: Iterable[Path], by: Path, ignored: tuple[str, ...]) -> None:
    """Remove the unfinished recordings of which everything stands in another one.

    Args:
        leftovers: Unfinished recordings; those that are gone are passed over.
        by: The other recording, which stays.
        ignored: What matching overlooks.
    """
    others = [one for one in leftovers if one != by]
    kept = _loaded(by, ignored) if others else None
    for other in others if kept else ():
        left = _loaded(other, ignored)
        if left is not None and kept is not None and is_covered(left, kept):
            other.unlink(missing_ok=True)


class Sources:
    """Finds what was asked in several recordings of one conversation.

    What stands in more than one of them is handed out once.

    Args:
        recordings: Newest first: where they differ in an answer, the first one's counts.
    """

    def __init__(self, recordings: Sequence[Cassette]) -> None:
        self._indexes = [Index(answers_of(one)) for one in recordings]

    def take(self, request: Request) -> Interaction | None:
        """The next interaction recorded for this request; None if no recording has one."""
        found = [index.take(request) for index in self._indexes]
        return next((one for one in found if one is not None), None)
