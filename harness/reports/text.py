"""Agent text is hostile: make every character of it visible and inert, and numbers readable."""

from __future__ import annotations

import re
from typing import Any

# Characters that hide, reorder or steer text: terminal escapes and other control codes,
# bidirectional and zero-width controls, line separators, tags, lone surrogates and
# noncharacters. The zero-width joiners stay: scripts and emoji need them.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    r"""Replace every hidden or steering character by something a reader sees.

    Control codes become their Unicode pictures (ESC is shown as U+241B), all others their
    code point in brackets, e.g. ``[U+202E]``. Newlines and tabs stay; ``\r\n`` becomes ``\n``.
    The result holds no lone surrogate, so it can always be encoded.
    """
    return _HIDDEN.sub(_shown, text.replace("\r\n", "\n"))


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"[U+{code:04X}]"


def visible_data(data: Any) -> Any:  # JSON-like data of any shape
    """Apply `visible` to every string of JSON-like data, keys included."""
    if isinstance(data, str):
        return visible(data)
    if isinstance(data, dict):
        return {visible_data(key): visible_data(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [visible_data(item) for item in data]
    return data


def counted(number: int, name: str) -> str:
    """A number with its noun, e.g. "1 sample", "2,000 samples"."""
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def outcome_words(outcome: str) -> str:
    """An outcome as people read it."""
    return "not judged" if outcome == "unjudged" else outcome


def one_line(text: str, width: int = 200) -> str:
    """The text on one line, cut to width with an ellipsis."""
    flat = " ".join(visible(text).split())
    return flat if len(flat) <= width else f"{flat[: width - 1]}\u2026"
