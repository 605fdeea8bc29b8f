"""URLs: what a cassette keeps of them, and how they are put together again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from harness.cassettes.exchange.foreign import Place

# What HTTP clients leave as it is in a path, beside letters and digits.
_PLAIN = "/:@!$&'()*+,;=~-._"
# Ends of paths that clients add to the base URL they are given.
_ENDPOINT = re.compile(r"(.*?)/(?:chat/completions|completions|responses|embeddings)/?")


def checked(url: str, place: Place) -> str:
    """An absolute URL, without the user and password some hold.

    Raises:
        CassetteError: If it is none.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as fault:
        place.fail(f"the URL {url[:200]!r} is not valid: {fault}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        place.fail(f"the URL {url[:200]!r} does not begin with http:// or https:// and a host")
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL that `checked` returned."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def base_url_of(url: str) -> str:
    """The base URL a client was probably given to ask this one."""
    found = _ENDPOINT.fullmatch(urlsplit(url).path)
    return origin_of(url) + (found[1] if found else "")


def url_of(origin: str, path: str, query: str) -> str:
    """Put a URL together.

    Args:
        origin: Scheme, host and port; or a whole URL, which is then the answer.
        path: Percent-decoded.
        query: As a request holds it.
    """
    if urlsplit(origin).path:
        return origin
    written = quote(path, safe=_PLAIN)
    return f"{origin}{written}?{query}" if query else f"{origin}{written}"
