"""API keys that are not there: a replay needs none, but clients refuse to be made without."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACEHOLDER = "no-key-needed-in-replay"
# What the clients that classic AutoGen knows look up when they are given no key.
KNOWN = (
    "OPENAI_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GOOGLE_GEMINI_API_KEY",
    "MISTRAL_API_KEY",
    "GROQ_API_KEY",
    "TOGETHER_API_KEY",
    "DEEPSEEK_API_KEY",
)
_NAMED = re.compile(r"""["']([A-Z][A-Z0-9_]*(?:API_KEY|_KEY|_TOKEN))["']""")

_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9_]*(?:_KEY|_TOKEN)\b")
_SDKS = frozenset({"openai", "anthropic", "groq", "together", "mistralai", "google"})


def missing_key(error: Exception) -> str:
    """The variable whose key is missing, if that is why a client could not be made; else ""."""
    if isinstance(error, KeyError):
        name = str(error.args[0]) if error.args else ""
        is_key = name in KNOWN or bool(_NAMED.fullmatch(f"'{name}'"))
        return name if is_key and name not in os.environ else ""
    # SDKs have no exception of their own for it, but all of them name the variable.
    said = str(error)
    if type(error).__module__.split(".")[0] not in _SDKS or "environment variable" not in said:
        return ""
    return next((name for name in _VARIABLE.findall(said) if not os.environ.get(name)), "")


@contextmanager
def placeholder_keys(source: str = "") -> Iterator[None]:
    """Set the keys that are missing to a placeholder, and take it away again.

    Args:
        source: Python whose text names further variables, such as ``"MY_API_KEY"``.
    """
    missing = [
        name
        for name in dict.fromkeys((*KNOWN, *_NAMED.findall(source)))
        if not os.environ.get(name)
    ]
    before = {name: os.environ.get(name) for name in missing}
    os.environ.update(dict.fromkeys(missing, PLACEHOLDER))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
