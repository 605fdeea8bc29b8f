r"""Secrets whose text is known: found in whatever way a body may spell them.

A value of an environment variable can stand in a body as it is, inside JSON
(``\"``, ``\u00e9``), inside JSON inside JSON, in a URL (``%C3%A9``), in HTML,
in the ``repr`` of a text, in base64, or as UTF-8 in a binary body.
"""

from __future__ import annotations

import base64
import re
from functools import cached_property
from itertools import groupby

from harness.cassettes.secret_shapes import LONG_WORD

_WORDS = re.compile(r"[A-Za-z0-9]+")
# An ordinary letter or digit, written as an escape: nobody does, but then nothing is what it seems.
_ODD_ESCAPE = re.compile(r"(?:\\[ux](?:00)?|%)(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])")
_SHORT = {"\n": "n", "\t": "t", "\r": "r", "\b": "b", "\f": "f"}
_HTML = {'"': "quot", "&": "amp", "<": "lt", ">": "gt", "'": "apos"}
# Shorter values have too little in common with their base64 to look for.
_BASE64_MINIMUM = 12


def has_odd_escapes(text: str) -> bool:
    """Whether a text spells letters or digits as escapes."""
    return ("\\u" in text or "%" in text or "\\x" in text) and bool(_ODD_ESCAPE.search(text))


class KnownSecret:
    """A text that is secret wherever it occurs.

    Attributes:
        value: The text.
        label: What it is, for reports, e.g. "the value of OPENAI_API_KEY".
    """

    def __init__(self, value: str, label: str) -> None:
        self.value = value
        self.label = label
        # Every ordinary spelling holds this as it is; looking for it is very cheap.
        self._anchor = max(_WORDS.findall(value), key=len, default="")
        self._base64 = _in_base64(value)
        self._is_long = len(self._anchor) >= LONG_WORD
        forms = (*self._base64, self._anchor) if self._is_long else self._base64
        self._in_words = tuple(form.lower() for form in forms)

    def may_be_in(self, text: str, words: str) -> bool:
        """Whether `spans` may find it, unless the text has odd escapes.

        Args:
            text: Where.
            words: The text's long words, in lower case.
        """
        if self._is_long:
            return bool(words) and any(form in words for form in self._in_words)
        return self._anchor in text or (
            bool(words) and any(form in words for form in self._in_words)
        )

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where it stands: start and end."""
        return [match.span() for match in self._pattern.finditer(text)]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        spelled = "".join(_run(char, len(list(run))) for char, run in groupby(self.value))
        return re.compile("|".join([spelled, *map(re.escape, self._base64)]))


def _run(char: str, length: int) -> str:
    forms = "|".join(_forms(char))
    if char == "\\":
        # One pattern for the whole run, as each of them may be escaped any number of times.
        return rf"(?:\\{{{length},}}|(?:{forms}){{{length}}})"
    return f"(?:{forms})" + (f"{{{length}}}" if length > 1 else "")


def _forms(char: str) -> list[str]:
    """Patterns of the ways to write a character."""
    utf8 = char.encode(errors="surrogatepass")
    code = ord(char)
    percent = "".join(f"%(?:25)*{byte:02x}" for byte in utf8)
    utf16 = char.encode("utf-16-be", errors="surrogatepass").hex()
    units = "".join(rf"\\+u{utf16[at : at + 4]}" for at in range(0, len(utf16), 4))
    octets = "".join(rf"\\+x{byte:02x}" for byte in utf8)
    html = f"&#0*{code};|&#x0*{code:x};"
    forms = [re.escape(char), f"(?i:{percent}|{units}|{octets}|{html})"]
    if char in _SHORT:
        forms.append(rf"\\+{_SHORT[char]}")
    if char == "\n":
        forms += [r"\r\n", r"\\+r\\+n", r"(?i:%0d%0a)"]
    if char in "\"'/":
        forms.append(rf"\\+{char}")
    if char in _HTML:
        forms.append(f"&{_HTML[char]};")
    if char == " ":
        forms.append(r"\+")
    if not char.isascii():
        # UTF-8 read as Latin-1, as the matching sees binary bodies.
        forms += [re.escape(utf8.decode("latin-1")), *([rf"(?i:\\+x{code:02x})"] * (code < 256))]
        if 0xDC80 <= code <= 0xDCFF:
            forms.append(re.escape(chr(code - 0xDC00)))
    return forms


def _in_base64(value: str) -> tuple[str, ...]:
    """What the base64 of any text with this value in it contains, for each way it may align."""
    data = value.encode(errors="surrogatepass")
    if len(data) < _BASE64_MINIMUM:
        return ()
    found = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data).decode()
        # The first and last characters depend on what stands beside the value.
        start, rest = (0, 2, 3)[before], (before + len(data)) % 3
        core = encoded[start : len(encoded) - (0, 4, 4)[rest]]
        if rest:
            core += encoded[-4 : -3 if rest == 1 else -2]
        found |= {core, core.replace("+", "-").replace("/", "_")}
    return tuple(sorted(found))
