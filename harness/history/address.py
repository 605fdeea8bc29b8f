"""Where a history is: a file or a server, said without ever telling a password."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from harness.errors import HistoryError

_EXAMPLE = "postgresql+psycopg://USER:PASSWORD@HOST:5432/DATABASE"
_FORMS = f"It is the path of a SQLite file, or {_EXAMPLE}."
# Two letters at least: one would be a drive.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
# Parameters of libpq that hold a secret, or can.
_TELLING = ("password", "sslpassword", "options", "passfile")
# A user and a password before a host.
_USER = re.compile(r":[^/\\]*@")
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
}


class Address(NamedTuple):
    """Where a history is.

    Attributes:
        url: For SQLAlchemy; holds the password.
        shown: For people: a path, or host and database; holds neither user nor password.
        path: The file of a SQLite history; None for a server.
        secrets: Texts that must not be told, whoever says them.
    """

    url: URL
    shown: str
    path: Path | None
    secrets: tuple[str, ...]

    def cleaned(self, text: str) -> str:
        """A text of a driver without the secrets of this address, on one line."""
        for secret in self.secrets:
            text = text.replace(secret, "[redacted]")
        return " ".join(text.split())


def parse_address(text: str) -> Address:
    """Read a path or a URL.

    Args:
        text: Path of a SQLite file, or a URL of SQLite or PostgreSQL.

    Raises:
        HistoryError: If it is neither; the text is not repeated, as it may hold a password.
    """
    if "://" not in text:
        if not text.strip() or (_looks_like_no_path(text) and not Path(text).exists()):
            raise HistoryError(f"The address of the history is not one. {_FORMS}")
        return _file(URL.create("sqlite", database=text))
    scheme, _, rest = text.partition("://")
    _refuse_ambiguous(rest)
    driver = _DRIVERS.get(scheme)
    if driver is None:
        known = scheme if scheme.isalpha() and scheme.islower() and len(scheme) <= 12 else "that"
        raise HistoryError(
            f"The history cannot be kept in {known!r}: SQLite and PostgreSQL are what works. "
            f"{_FORMS}"
        )
    try:
        url = make_url(f"{driver}://{rest}")
    except (ArgumentError, ValueError):
        # Its text would tell the address, and with it the password.
        raise HistoryError(f"The address of the history cannot be read. {_FORMS}") from None
    return _file(url) if driver == "sqlite" else _server(url)


def _looks_like_no_path(text: str) -> bool:
    """Whether it is an address spelled otherwise: no file is made, and told, with a password."""
    return bool(_SCHEME.match(text)) or "password" in text.lower() or bool(_USER.search(text))


def _refuse_ambiguous(rest: str) -> None:
    """Refuse an unescaped @ or / in a password: part of it would be taken, and told, as a host."""
    authority = rest.partition("?")[0]
    if authority.count("@") > 1 or "/" in authority.rpartition("@")[0]:
        raise HistoryError(
            "The address of the history cannot be read: characters such as @, / and : in a user "
            "or password are written with their codes, %40, %2F and %3A."
        )


def _file(url: URL) -> Address:
    if not url.database or url.database == ":memory:":
        raise HistoryError(f"The address of the history names no file. {_FORMS}")
    return Address(url=url, shown=url.database, path=Path(url.database), secrets=())


def _server(url: URL) -> Address:
    # libpq takes host and password from the query, too.
    told = {name: value for name, value in url.query.items() if isinstance(value, str)}
    host = url.host or told.get("host") or "this machine"
    port = f":{url.port}" if url.port else ""
    secrets = [url.password] if url.password else []
    for name, value in url.query.items():
        if name in _TELLING:
            secrets += [value] if isinstance(value, str) else value
    secrets = [text for text in secrets if text]
    secrets += [quote(text, safe="") for text in secrets]
    return Address(
        url=url,
        shown=f"database {url.database or '(default)'} on {host}{port}",
        path=None,
        secrets=tuple(dict.fromkeys(secrets)),
    )
