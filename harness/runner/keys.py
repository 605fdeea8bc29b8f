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
