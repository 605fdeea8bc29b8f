"""Where a value and the same value without secrets differ."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from harness.cassettes.redaction import Cleaner, Redactor

# Where, the name the text stands under (None for a header that is not kept), the text.
Place = tuple[str, str | None, str]

_PLAIN_NAME = re.compile(r"[A-Za-z_][\w-]*\Z")


def differing(old: Any, new: Any, path: str, name: str = "") -> Iterator[Place]:
    """Every text that is not the same in both, which have the same form otherwise.

    Args:
        old: A value.
        new: The value without secrets.
        path: Where it is.
        name: Of the JSON member that it is the value of.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for (key, value), (clean_key, clean) in zip(old.items(), new.items(), strict=True):
            step = f".{clean_key}" if _PLAIN_NAME.match(clean_key) else f"[{json.dumps(clean_key)}]"
            if key != clean_key:
                yield f"{path}{step} (a name)", "", key
            yield from differing(value, clean, f"{path}{step}", key)
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        for number, (value, clean) in enumerate(zip(old, new, strict=True)):
            yield from differing(value, clean, f"{path}[{number}]", name)
    elif old != new:
        yield path, name, old if isinstance(old, str) else repr(old)


def header_places(
    headers: Mapping[str, list[str]], allowed: Collection[str], cleaner: Cleaner, side: str
) -> Iterator[Place]:
    """Headers beyond those allowed, and secrets in the others."""
    for name, values in headers.items():
        place = f"{side} header {cleaner.text(name)}"
        if name not in allowed:
            yield place, None, name
            continue
        for value in values:
            yield from differing(value, cleaner.text(value), place, name)


def kind_of(redactor: Redactor, text: str, name: str) -> tuple[str, str]:
    """What kind of secret a text holds, and the part of it that is one, "" if it is spread out.

    Args:
        redactor: Knows the secrets.
        text: The text.
        name: Of what it is the value.
    """
    found = redactor.findings(text)
    if found:
        return found[0].kind, text[found[0].start : found[0].end]
    found = redactor.findings(json.dumps({name: text}, ensure_ascii=False))
    found = found or redactor.findings(f"?{text}")
    if found:
        return found[0].kind, text
    return "a secret in pieces", ""
