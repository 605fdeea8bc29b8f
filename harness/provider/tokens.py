"""Counting tokens of real texts, offline.

The counter is the byte pair encoding OpenAI's models use, from the package
``rs-bpe``, whose wheels carry the vocabularies: nothing is downloaded. Without
that package a documented estimate is used instead. Either says who it is in
`TokenCounter.name`, and the provider passes that on with every answer.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from rs_bpe.openai import Tokenizer

Encoding = Literal["o200k_base", "cl100k_base"]

# Families that came before o200k_base; names that continue otherwise ("gpt-4o") did not.
_CL100K = re.compile(r"gpt-4(-|$)|gpt-3\.?5|text-embedding-")


class TokenCounter(Protocol):
    """Counts the tokens of a text, and cuts a text at tokens."""

    @property
    def name(self) -> str:
        """Package and vocabulary, or "estimate"; ASCII, no spaces."""

    def count(self, text: str) -> int:
        """Number of tokens; 0 only for the empty text."""

    def pieces(self, text: str) -> list[str]:
        """The text cut at its tokens; a character spread over several is kept whole."""


class BytePairCounter:
    """The real count, by ``rs-bpe``."""

    def __init__(self, tokenizer: Tokenizer, name: str) -> None:
        self._tokenizer = tokenizer
        self.name = name

    def count(self, text: str) -> int:
        """Number of tokens; 0 only for the empty text."""
        count: int = self._tokenizer.count(well_formed(text))
        return count

    def pieces(self, text: str) -> list[str]:
        """The text cut at its tokens; a character spread over several is kept whole."""
        pieces: list[str] = []
        pending: list[int] = []
        for token in self._tokenizer.encode(well_formed(text)):
            pending.append(token)
            piece = self._tokenizer.decode(pending)
            if piece is not None:  # None: the bytes so far end inside a character
                pieces.append(piece)
                pending.clear()
        return pieces


class EstimatedCounter:
    """An estimate for when ``rs-bpe`` is not installed, from ASCII classes alone.

    One token is: up to eight letters with the space before them; up to three
    digits; a run of white space; up to two punctuation marks; any one character
    beyond ASCII. On English prose, source code and JSON it comes out between 0.8 and 1.3
    times the real count (a test holds it to that).
    """

    name = "estimate"
    _TOKEN = re.compile(r" ?[A-Za-z]{1,8}|[0-9]{1,3}|[ \t\r\n\f\v]+|[!-/:-@\[-`{-~]{1,2}|.", re.S)

    def count(self, text: str) -> int:
        """Estimated number of tokens; 0 only for the empty text."""
        return sum(1 for _ in self._TOKEN.finditer(text))

    def pieces(self, text: str) -> list[str]:
        """The text cut at its estimated tokens."""
        return self._TOKEN.findall(well_formed(text))


def counter_for(model: str) -> TokenCounter:
    """The counter for a model: its encoding if the tokenizer is installed, else the estimate."""
    return _load(encoding_of(model))


def encoding_of(model: str) -> Encoding:
    """The vocabulary of a model; o200k_base for names that are not OpenAI's.

    Args:
        model: Name as requested; a provider prefix ("openai/gpt-4") is ignored.
    """
    plain = model.lower().rpartition("/")[2]
    return "cl100k_base" if _CL100K.match(plain) else "o200k_base"


def truncate(text: str, limit: int, counter: TokenCounter) -> str:
    """The longest beginning of text, cut at its tokens, that counts at most limit tokens."""
    if counter.count(text) <= limit:
        return text
    pieces = counter.pieces(text)[:limit]
    # A character may have taken several tokens, and a beginning may count otherwise than
    # it did inside the whole, since what follows a space decides where it belongs.
    while pieces and counter.count("".join(pieces)) > limit:
        pieces.pop()
    return "".join(pieces)


def well_formed(text: str) -> str:
    """The text with lone surrogates, which JSON can smuggle in and UTF-8 cannot hold, as "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")


@cache
def _load(encoding: Encoding) -> TokenCounter:
    try:
        from rs_bpe import __version__, openai
    except ImportError:
        return EstimatedCounter()
    tokenizer = openai.o200k_base() if encoding == "o200k_base" else openai.cl100k_base()
    return BytePairCounter(tokenizer, f"rs-bpe-{__version__}-{encoding}")
