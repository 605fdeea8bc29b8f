"""Where the conversations of two sides part, on a terminal."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from harness.reports.text import counted, one_line, outcome_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.paired import PairedSample, Said
    from harness.model.sample import Outcome
    from harness.reports.folding import Part
    from harness.reports.writer import Writer

_MOST_PARTINGS = 5
_MOST_TURNS = 6
_LINES_BESIDE = 12
_LINES_BELOW = 6
_MOST_REASONS = 4
_REASON = 300
# From here on two columns are wide enough to read code in.
_WIDE = 100
# Lines without a word, which cost room.
_EMPTY = re.compile(r"\n(?:[ \t]*\n)+")
_OVER = {"error": "(cut short by an error)", "miss": "(cut short by a cassette miss)"}
_ENDED = "(the conversation is over)"


def print_partings(
    writer: Writer, samples: Sequence[PairedSample], names: tuple[str, str], *, is_whole: bool
) -> None:
    """Print where the conversations part, those whose outcome changed first.

    Args:
        writer: Where to.
        samples: The pairs.
        names: What the two sides are called.
        is_whole: Print all of them, not only the first ones.
    """
    parted = in_order_of_weight(samples)
    writer.line()
    if not parted:
        writer.line("The same is said in both conversations of every pair.")
        return
    turns = Counter(each.parting.turn for each in parted if each.parting)
    told = ", ".join(f"turn {turn} ({turns[turn]})" for turn in sorted(turns)[:_MOST_TURNS])
    later = sum(turns[turn] for turn in sorted(turns)[_MOST_TURNS:])
    more = f", later ({later})" if later else ""
    writer.line(
        f"Conversations part in {len(parted)} of {counted(len(samples), 'pair')}: {told}{more}."
    )
    said_once = _reasons(writer, parted)
    # Of levels of a factor, which name all their configs at once.
    are_several = len({(each.key_a.config, each.key_b.config) for each in samples}) > 1
    writer.line("Where they part:", "bold")
    shown = parted if is_whole else parted[:_MOST_PARTINGS]
    for position, each in enumerate(shown):
        if position:
            writer.line()
        _heading(writer, each, _name(each, are_several=are_several), said_once)
        _sides(writer, each, names)
    if len(parted) > len(shown):
        writer.line()
        writer.line(f"and {len(parted) - len(shown)} more that part; all of them with: --all")


def _reasons(writer: Writer, parted: Sequence[PairedSample]) -> frozenset[str]:
    """Write the reasons that several pairs share; returns them, not to be said again."""
    counts = Counter(each.parting.why for each in parted if each.parting and each.parting.why)
    shared = [(why, count) for why, count in counts.most_common(_MOST_REASONS) if count > 1]
    for why, count in shared:
        told = [("Why, ", "dim"), (f"{count} times: ", "dim"), (one_line(why, _REASON), "")]
        writer.parts(told, hanging=2)
    return frozenset(why for why, _ in shared)


def in_order_of_weight(samples: Sequence[PairedSample]) -> list[PairedSample]:
    """The pairs that part: those whose outcome got worse first, those that ended alike last."""
    return sorted((each for each in samples if each.parting), key=_weight)


def _weight(pair: PairedSample) -> tuple[int, int]:
    """Outcomes that changed first, then terminations, then code; in key order among equals."""
    if pair.outcome_a != pair.outcome_b:
        return 0 if pair.direction == "worse" else 1, 0
    if pair.termination_a != pair.termination_b:
        return 2, 0
    return 3, int(pair.code_a == pair.code_b)


def _heading(writer: Writer, pair: PairedSample, name: str, said_once: frozenset[str]) -> None:
    if pair.parting is None:
        return
    same = pair.outcome_a == pair.outcome_b
    a, b = outcome_words(pair.outcome_a), outcome_words(pair.outcome_b)
    outcome = f"{a} in both" if same else f"{a}, then {b}"
    writer.parts([(name, "bold"), (f", turn {pair.parting.turn}: {outcome}", "")])
    why = pair.parting.why
    if why and why not in said_once:
        writer.parts([("Why: ", "dim"), (one_line(why, _REASON), "")], 2, hanging=5)


def _sides(writer: Writer, pair: PairedSample, names: tuple[str, str]) -> None:
    """What each said at that turn, beside one another if there is room."""
    if pair.parting is None:
        return
    a = _message(pair.parting.said_a, pair.outcome_a, "red")
    b = _message(pair.parting.said_b, pair.outcome_b, "green")
    if writer.columns >= _WIDE:
        left, right = [(f"{names[0]}: ", "dim"), *a], [(f"{names[1]}: ", "dim"), *b]
        writer.side_by_side(left, right, _LINES_BESIDE)
    else:
        _below(writer, a, ("- ", "red"))
        _below(writer, b, ("+ ", "green"))


def _name(pair: PairedSample, *, are_several: bool) -> str:
    """The key; of two configs, which are named above unless they are several, what they share."""
    key = pair.key_a
    if key == pair.key_b:
        return str(key)
    configs = f", {key.config} and {pair.key_b.config}" if are_several else ""
    return f"{key.suite}/{key.scenario}, epoch {key.epoch}{configs}"


def _message(said: Said | None, outcome: Outcome, colour: str) -> list[Part]:
    """Who says what, what both say dimmed; or why nobody does. Empty lines are left out."""
    if said is None:
        return [(_OVER.get(outcome, _ENDED), "dim")]
    before, after = said.text[: said.differs_at], said.text[said.differs_at :].rstrip()
    return [
        (f"{said.speaker}: ", f"bold {colour}"),
        (_EMPTY.sub("\n", before), "dim"),
        (_EMPTY.sub("\n", after), colour),
    ]


def _below(writer: Writer, parts: Sequence[Part], mark: Part) -> None:
    first, *others = writer.clipped(parts, writer.columns - 4, _LINES_BELOW)
    writer.rows([[mark, *first]], 2)
    writer.rows(others, 4)
