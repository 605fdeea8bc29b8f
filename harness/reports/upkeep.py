"""What a replay tells of its cassettes: what it saved, and which of them want looking after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.model.sample import SCRIPTED_SOURCE
from harness.reports import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.model.sample import CassetteUse, SampleResult


def upkeep_lines(samples: Sequence[SampleResult]) -> list[str]:
    """At most one line each: money saved, stale and unplayed cassettes, what was recorded."""
    return [*_saved(samples), *_wanting(samples), *_differing(samples), *_recorded(samples)]


def _saved(samples: Sequence[SampleResult]) -> Iterator[str]:
    """The scripted provider takes no money, so replaying it saves none."""
    real = [use for use in _replayed(samples) if not use.source.startswith(SCRIPTED_SOURCE)]
    costs = [use.cost_usd for use in real if use.cost_usd is not None]
    if costs:
        known = "" if len(costs) == len(real) else f" ({len(costs)} of {len(real)} have a price)"
        yield (
            f"Replaying saved {numbers.usd(sum(costs))}, as the calls were priced when "
            f"recorded{known}."
        )


def _wanting(samples: Sequence[SampleResult]) -> Iterator[str]:
    stale = sum(bool(use.stale) for use in _replayed(samples))
    # A sample that did not complete asked for less: its error is what to look at.
    completed = [sample for sample in samples if sample.status == "completed"]
    unplayed = sum(use.unplayed > 0 for use in _replayed(completed))
    total = len(_replayed(samples))
    told = []
    if stale:
        told.append(f"{stale} {'is' if stale == 1 else 'are'} stale")
    if unplayed:
        told.append(
            f"{unplayed} {'holds' if unplayed == 1 else 'hold'} calls that nobody asked for"
        )
    if told:
        yield f"Cassettes: of {total}, {' and '.join(told)}. Read why: harness cassette verify"


def _differing(samples: Sequence[SampleResult]) -> Iterator[str]:
    """Code that does not leave the same files twice: its words were the same, or it had missed."""
    differing = [each for each in samples if each.cassette and each.cassette.differing]
    if differing:
        first = differing[0]
        told = ", ".join(first.cassette.differing[:3]) if first.cassette else ""
        yield (
            f"Files: {len(differing)} of {len(samples)} samples left others than when they were "
            f"recorded (e.g. {first.key}: {told}). See all with: harness show {first.key}"
        )


def _recorded(samples: Sequence[SampleResult]) -> Iterator[str]:
    """How much of an update was taken over from before."""
    uses = [each.cassette for each in samples if each.mode == "record" and each.cassette]
    if not any(use.kept for use in uses):
        return
    kept, served = sum(use.kept for use in uses), sum(use.served for use in uses)
    whole = sum(use.kept == use.served for use in uses)
    yield (
        f"Calls: {kept} taken over from the earlier recordings, {served - kept} recorded; "
        f"{whole} of {len(uses)} samples needed no call."
    )


def _replayed(samples: Sequence[SampleResult]) -> list[CassetteUse]:
    return [sample.cassette for sample in samples if sample.mode == "replay" and sample.cassette]
