"""What is said differently to the agents, word by word, beside what that did."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.model.comparison import Contrast, SuiteComparison
    from harness.model.scenario import AgentConfig

Kind = Literal["same", "gone", "new", "skipped"]

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
# difflib takes time with the product of both lengths.
_MOST_WORDS = 2_500
# Words kept around a change.
_AROUND = 25


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of a prompt; `text` of a skipped one tells how much it leaves out."""

    kind: Kind
    text: str


@dataclass(frozen=True, kw_only=True)
class PromptChange:
    """The prompts of some configs against those of the baseline, and what they did.

    Attributes:
        configs: The configs that share these prompts.
        agents: Agents whose prompt differs, with the difference.
        contrasts: The comparisons in which these prompts stand against the baseline's.
    """

    configs: tuple[str, ...]
    agents: tuple[tuple[str, tuple[Piece, ...]], ...]
    contrasts: tuple[Contrast, ...]


def prompt_changes(
    configs: Sequence[AgentConfig], comparison: SuiteComparison
) -> tuple[PromptChange, ...]:
    """One change for each set of prompts that differs from the baseline's, in suite order."""
    named = {config.name: config for config in configs}
    baseline = named.get(comparison.baseline)
    if baseline is None:
        return ()
    groups: dict[tuple[tuple[str, str], ...], list[AgentConfig]] = {}
    for config in configs:
        if config.prompts != baseline.prompts:
            groups.setdefault(tuple(sorted(config.prompts.items())), []).append(config)
    return tuple(_change(group, baseline, comparison) for group in groups.values())


def _change(
    group: Sequence[AgentConfig], baseline: AgentConfig, comparison: SuiteComparison
) -> PromptChange:
    new = group[0].prompts
    agents = [*baseline.prompts, *(agent for agent in new if agent not in baseline.prompts)]
    return PromptChange(
        configs=tuple(config.name for config in group),
        agents=tuple(
            (agent, tuple(difference(baseline.prompts.get(agent, ""), new.get(agent, ""))))
            for agent in agents
            if baseline.prompts.get(agent) != new.get(agent)
        ),
        contrasts=tuple(_evidence(group, comparison)),
    )


def _evidence(group: Sequence[AgentConfig], comparison: SuiteComparison) -> Iterable[Contrast]:
    """The effect of the level that brings these prompts, else the configs' own contrasts."""
    levels = set(group[0].factors.items()).intersection(*(c.factors.items() for c in group))
    effects = [each for each in comparison.effects if (each.factor, each.candidate) in levels]
    # With one config in the group every level of it is shared: these are not effects of prompts.
    if len(group) > 1 and effects:
        return effects
    names = {config.name for config in group}
    return [each for each in comparison.contrasts if each.candidate in names]


def difference(old: str, new: str) -> list[Piece]:
    """What is gone from `old` and new in `new`, by words; by lines if either is long."""
    words = [_WORDS.findall(text) for text in (old, new)]
    if max(map(len, words)) > _MOST_WORDS:
        words = [_LINES.findall(text) for text in (old, new)]
    pieces: list[Piece] = []
    matcher = difflib.SequenceMatcher(None, words[0], words[1], autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pieces.extend(_shortened(words[0][a:b], is_first=a == 0, is_last=b == len(words[0])))
            continue
        pieces += _changed("".join(words[0][a:b]), "".join(words[1][c:d]))
    return _joined(pieces)


def _shortened(words: Sequence[str], *, is_first: bool, is_last: bool) -> list[Piece]:
    """What is the same, with its middle left out where that is long."""
    head, tail = (0 if is_first else 2 * _AROUND), (0 if is_last else 2 * _AROUND)
    left_out = len(words) - head - tail
    if left_out <= 2 * _AROUND:
        return [Piece(kind="same", text="".join(words))]
    count = sum(not word.isspace() for word in words[head : head + left_out])
    pieces = [
        Piece(kind="same", text="".join(words[:head])),
        Piece(kind="skipped", text=f"{count} words alike"),
        Piece(kind="same", text="".join(words[len(words) - tail :])),
    ]
    return [piece for piece in pieces if piece.text]


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Changes that only a space parts read better as one."""
    done: list[Piece] = []
    gone, new = "", ""
    for number, piece in enumerate(pieces):
        if piece.kind == "gone":
            gone += piece.text
        elif piece.kind == "new":
            new += piece.text
        elif _is_gap(piece) and 0 < number < len(pieces) - 1:
            gone, new = gone + piece.text, new + piece.text
        else:
            done += _changed(gone, new)
            done.append(piece)
            gone = new = ""
    return done + _changed(gone, new)


def _is_gap(piece: Piece) -> bool:
    return piece.kind == "same" and piece.text.isspace() and "\n" not in piece.text


def _changed(gone: str, new: str) -> list[Piece]:
    pieces = Piece(kind="gone", text=gone), Piece(kind="new", text=new)
    return [piece for piece in pieces if piece.text]
