"""Which rules would make two requests equal that differ in volatile words only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from harness.cassettes.differences import fields_of
from harness.cassettes.ignoring import PRESETS, Ignoring, normal
from harness.cassettes.windows import ADDRESS
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.cassettes.differences import Difference
    from harness.cassettes.matching import Request

_INDEX = re.compile(r"\[\d+\]")


def rules_for(found: Sequence[Difference], recorded: Request, asked: Request) -> tuple[str, ...]:
    """The rules under which the recorded request answers the one that is asked.

    A preset where there is one; else the JSON path, which leaves out all that
    stands there. Every set of rules is tried before it is named.

    Args:
        found: Where the two differ, nowhere in more than volatile words.
        recorded: Request of the nearest interaction.
        asked: The request.

    Returns:
        The rules; empty if none does.
    """
    presets = sorted({rule for each in found for rule in each.volatile if rule in PRESETS})
    paths = [_pattern(each) for each in found if ADDRESS in each.volatile]
    everywhere = [_pattern(each) for each in found]
    for rules in ([*presets, *paths], everywhere):
        chosen = tuple(dict.fromkeys(rules))
        if chosen and _are_equal_under(chosen, recorded, asked):
            return chosen
    return ()


def _pattern(difference: Difference) -> str:
    """The path of a difference, whichever item of a list it stands in."""
    return _INDEX.sub("[*]", difference.path)


def _are_equal_under(rules: Sequence[str], recorded: Request, asked: Request) -> bool:
    try:
        ignoring = Ignoring((*asked.ignoring.rules, *rules))
    except CassetteError:
        return False  # No path leads there: to the whole body, or past a quote in a name.
    return _masked(recorded, ignoring) == _masked(asked, ignoring)


def _masked(request: Request, ignoring: Ignoring) -> list[object]:
    return [
        request.method,
        ignoring.text(request.path),
        ignoring.text(request.query),
        ignoring.fields(normal(fields_of(request))),
        {
            name: [ignoring.part(name, part.value) for part in parts]
            for name, parts in request.shape.lists.items()
            if not ignoring.drops(name)
        },
    ]
