"""Choosing samples: by suite, config, epoch, and by a ``-k`` expression over sample keys."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import SelectionError

if TYPE_CHECKING:
    from harness.model.sample import SampleKey

_Predicate = Callable[[str], bool]
_TOKEN = re.compile(r"\s*(\(|\)|[^\s()]+)")


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which samples of a plan to keep; an empty field keeps all.

    Attributes:
        keyword: Expression of parts of sample keys with ``and``, ``or``, ``not``
            and parentheses, e.g. ``"widgets and not brief"``; case is ignored.
        suites: Suite names.
        configs: Config names.
        epochs: Epoch numbers, from 1.
    """

    keyword: str = ""
    suites: tuple[str, ...] = ()
    configs: tuple[str, ...] = ()
    epochs: tuple[int, ...] = ()


def select(keys: Iterable[SampleKey], selection: Selection) -> tuple[SampleKey, ...]:
    """Keep the keys the selection names, in their order.

    Raises:
        SelectionError: If a name fits nothing, the expression is wrong, or nothing is left.
    """
    keys = tuple(keys)
    require_known("suite", selection.suites, sorted({key.suite for key in keys}))
    require_known("config", selection.configs, sorted({key.config for key in keys}))
    matches = compile_keyword(selection.keyword) if selection.keyword.strip() else None
    kept = tuple(
        key
        for key in keys
        if (not selection.suites or key.suite in selection.suites)
        and (not selection.configs or key.config in selection.configs)
        and (not selection.epochs or key.epoch in selection.epochs)
        and (matches is None or matches(str(key)))
    )
    if not kept:
        raise SelectionError(
            f"The selection keeps none of {len(keys)} samples. See what there is with: "
            "harness list --samples"
        )
    return kept


def require_known(kind: str, names: Sequence[str], known: Sequence[str]) -> None:
    """Refuse names that do not exist.

    Raises:
        SelectionError: Naming what there is, and the nearest name.
    """
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise SelectionError(
                f"There is no {kind} {name!r}; there are: {', '.join(known)}.{hint} "
                "See them with: harness list"
            )


def compile_keyword(expression: str) -> _Predicate:
    """Compile a ``-k`` expression to a predicate over sample key texts.

    Raises:
        SelectionError: If the expression is not well formed.
    """
    tokens = _TOKEN.findall(expression)
    parser = _Parser(expression, tokens)
    predicate = parser.either()
    parser.expect_end()
    return predicate


class _Parser:
    """Recursive descent over: either := both ("or" both)*; both := one ("and" one)*."""

    def __init__(self, expression: str, tokens: list[str]) -> None:
        self._expression = expression
        self._tokens = tokens
        self._position = 0

    def _peek(self) -> str | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def _take(self, word: str) -> bool:
        if self._peek() == word:
            self._position += 1
            return True
        return False

    def either(self) -> _Predicate:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return lambda text: any(part(text) for part in parts)

    def _both(self) -> _Predicate:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return lambda text: all(part(text) for part in parts)

    def _one(self) -> _Predicate:
        if self._take("not"):
            inner = self._one()
            return lambda text: not inner(text)
        if self._take("("):
            inner = self.either()
            if not self._take(")"):
                raise self._wrong("a ')' is missing")
            return inner
        word = self._peek()
        if word is None or word in {")", "and", "or"}:
            raise self._wrong(f"a name was expected before {word or 'the end'!r}")
        self._position += 1
        needle = word.lower()
        return lambda text: needle in text.lower()

    def expect_end(self) -> None:
        if self._peek() is not None:
            raise self._wrong(f"{self._peek()!r} was not expected; join names with 'and' or 'or'")

    def _wrong(self, what: str) -> SelectionError:
        return SelectionError(
            f"-k {self._expression!r}: {what}. Example: -k 'widgets and not brief'"
        )
