"""What it takes to record again from a miss on: calls, their price, the command."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from harness.model.sample import SCRIPTED_SOURCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.matching import Index


def recorded_again(
    entries: Sequence[Interaction], index: Index, entry: Interaction | None
) -> list[Interaction]:
    """What an update asks the provider for: the nearest call, and what was to follow it."""
    if entry is None:
        return []
    later = entries[entry.number :]
    return [entry, *(each for each in later if index.is_unplayed(each))]


def cost_of(entries: Sequence[Interaction]) -> float | None:
    """What these calls cost when they were recorded, US dollars; None if one has no price."""
    costs = [entry.cost_usd for entry in entries]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def estimate(calls: int, cost_usd: float | None, *, is_scripted: bool) -> str:
    """A sentence with calls and price; "" for no call."""
    if not calls:
        return ""
    if is_scripted:
        price = "the scripted provider costs nothing"
    elif cost_usd is None:
        price = "unknown price"
    else:
        price = f"about ${cost_usd:.4f}" if cost_usd >= 0.0001 else "less than $0.0001"
    return f"Re-recording from there: {calls} call{'s' * (calls > 1)}, {price}."


def command_for(cassette: Cassette) -> str:
    """The command that records again from the first divergence."""
    suite, _, rest = cassette.header.sample.partition("/")
    scenario, _, rest = rest.partition("/")
    config, _, epoch = rest.rpartition("/")
    words = ["harness", "record"]
    if config:
        words += [suite, "-k", scenario, "--config", config, "--epoch", epoch]
    words.append("--update")
    # The URL a scripted provider had is gone with it; any other one is asked again.
    if cassette.header.source == SCRIPTED_SOURCE:
        words.append("--scripted")
    elif cassette.header.base_url:
        words += ["--base-url", cassette.header.base_url]
    return shlex.join(words)
