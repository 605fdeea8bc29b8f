"""Where secrets are kept: in variables of the environment and in the headers of a request."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from harness.cassettes.secret_shapes import is_secret_variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Shorter credentials are words such as "no-key": replacing them would spoil the texts.
_MINIMUM = 16
_MINIMUM_PASSWORD = 8

_HEADER = re.compile(r"auth|key|token|secret|cookie|password|credential|signature")
_HARMLESS_HEADERS = frozenset({"idempotency-key", "sec-websocket-key", "x-idempotency-key"})
_USER_INFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)?[^/?#]*@")
_URL_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<user>[^\s/:@]*):(?P<password>\S+)@")


def secrets_of_variables(environ: Mapping[str, str], also: Iterable[str] = ()) -> dict[str, str]:
    """The secret texts in an environment, each with what it is.

    Args:
        environ: Names and values.
        also: Names of variables whose value is secret although the name does not say so.
    """
    named = {name.upper() for name in also}
    found: dict[str, str] = {}
    for name, raw in environ.items():
        value = raw.strip()
        if name.upper() in named or is_secret_variable(name):
            found.setdefault(value, f"the value of {name}")
        for match in _URL_PASSWORD.finditer(value):
            password = match["password"]
            # "guest:guest" guards nothing, and its word is a common one.
            if password == match["user"]:
                continue
            found.setdefault(value, f"the value of {name}")
            found.setdefault(password, f"the password in {name}")
            found.setdefault(unquote(password), f"the password in {name}")
    return found


def credentials_in(headers: Mapping[str, str]) -> set[str]:
    """The credentials a request carries.

    Args:
        headers: Request headers, names in lower case.
    """
    return {
        word
        for name, value in headers.items()
        if _HEADER.search(name) and name not in _HARMLESS_HEADERS
        for word in _credentials(name, value)
    }


def _credentials(name: str, value: str) -> Iterator[str]:
    if name in ("cookie", "set-cookie"):
        words = [pair.partition("=")[2].strip() for pair in value.split(";")]
        yield from (word for word in words if len(word) >= _MINIMUM)
        return
    scheme, _, rest = value.strip().partition(" ")
    if scheme.upper().startswith("AWS4-"):
        # A signature is of this request alone; the key's id and its like have known shapes.
        return
    for word in (rest or scheme).split():
        if len(word) >= _MINIMUM:
            yield word
    if scheme.lower() == "basic":
        yield from _basic(rest)


def _basic(encoded: str) -> Iterator[str]:
    try:
        plain = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return
    user, _, password = plain.partition(":")
    yield encoded
    if len(password) >= _MINIMUM_PASSWORD and password != user:
        yield plain
        yield password


def without_credentials(url: str) -> str:
    """The URL without user name and password."""
    return _USER_INFO.sub(lambda match: match[1] or "", url)
