"""A user's own rules for what is secret. They add to the built-in ones and never take away."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from harness.cassettes.secret_shapes import Shape, field_shape

if TYPE_CHECKING:
    from harness.model.scenario import SecretRules

# What every recording holds, and what no rule may therefore replace.
_ORDINARY = (
    ("the placeholder [redacted]", "[redacted]"),
    ("an ordinary word", "assistant"),
    ("a blank", " "),
)


def pattern_fault(pattern: str) -> str:
    """Say what is wrong with a user's regular expression; "" if nothing is.

    Args:
        pattern: In Python's syntax; a group named ``secret`` narrows what is replaced.
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as fault:
        return f"it is not a regular expression: {fault}"
    if compiled.search("") is not None:
        return "it matches the empty text, so it would match everywhere; make it match something"
    for what, text in _ORDINARY:
        if compiled.search(text):
            return f"it matches {what}, so it would spoil every recording; make it narrower"
    return ""


@lru_cache(maxsize=32)
def shapes_of(patterns: tuple[str, ...], fields: tuple[str, ...]) -> tuple[Shape, ...]:
    """The shapes that a user's rules describe.

    Args:
        patterns: Regular expressions without a fault.
        fields: Names of JSON members whose text is secret.
    """
    found = [Shape("text that your rule describes", re.compile(pattern)) for pattern in patterns]
    if fields:
        found.append(field_shape({field.lower() for field in fields}))
    return tuple(found)


def joined_rules(several: list[SecretRules]) -> SecretRules:
    """One set of rules that says what several say."""
    from harness.model.scenario import SecretRules

    def all_of(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(entry for rules in several for entry in getattr(rules, name)))

    return SecretRules(
        patterns=all_of("patterns"), variables=all_of("variables"), fields=all_of("fields")
    )
