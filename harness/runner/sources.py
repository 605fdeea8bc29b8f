"""Who answered: what a recording of the user's own clients calls its source."""

from __future__ import annotations

from urllib.parse import urlsplit

from harness.model.sample import SCRIPTED_SOURCE
from harness.provider.identity import identify

_IDENTIFY_SECONDS = 2.0


def source_at(url: str) -> str:
    """What to call whoever answers at a URL: the host, or our own scripted provider.

    Args:
        url: Of a request that was made there.
    """
    base_url, call, _ = url.partition("/chat/completions")
    if call and identify(base_url, _IDENTIFY_SECONDS):
        return SCRIPTED_SOURCE
    return urlsplit(url).hostname or url
