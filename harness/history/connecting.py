"""Connections to the database of the history, and its errors in words."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from harness.errors import HistoryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from harness.history.address import Address

_WAIT_SECONDS = 10
# Any number that nobody else in the database is likely to lock.
_LOCK = 0x6861726E657373
_BUSY = ("locked", "lock timeout", "lock_timeout")


def connected(address: Address) -> Engine:
    """An engine that waits at most ten seconds, for a server or for whoever else writes.

    Raises:
        HistoryError: If the driver is not installed.
    """
    name = "timeout" if address.path is not None else "connect_timeout"
    waits = {} if name in address.url.query else {name: _WAIT_SECONDS}
    try:
        engine = create_engine(address.url, connect_args=waits, poolclass=NullPool)
    except ImportError:
        raise HistoryError(
            f"{address.shown}: a history on PostgreSQL needs the package psycopg. Install it "
            'with: pip install "conversation-harness[history]"'
        ) from None
    if address.path is not None:
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:  # SQLAlchemy does not type it
    # Transactions are begun by hand: Python's own begin too late to keep others from writing.
    connection.isolation_level = None
    # Readers and the one writer do not wait for each other.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")


@contextmanager
def begun(engine: Engine, *, writes: bool) -> Iterator[Connection]:
    """A connection in one transaction: committed at the end, rolled back after an exception.

    Args:
        engine: The database.
        writes: Whether to be the only one who writes until it ends; if not, what is read is
            of one moment.
    """
    is_sqlite = engine.dialect.name == "sqlite"
    level = None if is_sqlite or writes else "REPEATABLE READ"
    options: dict[str, Any] = {"isolation_level": level} if level else {}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        if is_sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
        elif writes:
            connection.execute(text(f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        yield connection


def explained(error: Exception, address: Address) -> HistoryError:
    """What went wrong, without a secret of the address and without the statement."""
    said = address.cleaned(str(error.orig if isinstance(error, DBAPIError) else error))
    if any(word in said for word in _BUSY):
        return HistoryError(
            f"{address.shown}: another process is writing to the history and did not finish in "
            f"time ({said}). Nothing was changed. Try again."
        )
    return HistoryError(f"{address.shown}: the history cannot be used: {said}")
