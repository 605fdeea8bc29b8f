"""The run log on disk: SQLite in WAL mode, one transaction per finished sample.

Layout: table ``run`` holds the header as one JSON blob; table ``sample`` holds a
row per finished sample, with the columns people query plain and the whole
`SampleResult` as zstd-compressed JSON in ``body``. ``PRAGMA user_version`` is the
layout's version. A process killed at any moment leaves every committed sample
readable: that is SQLite's write-ahead log's guarantee, and a test kills one.
"""

from __future__ import annotations

import difflib
import os
import sqlite3
from contextlib import closing, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import LogError, SchemaError
from harness.logs.sharing import SharedTexts
from harness.model.run import RunHeader, RunLog
from harness.model.sample import (
    Outcome,
    SampleKey,
    SampleResult,
    Status,
    decode_sample,
    encode_sample,
)
from harness.model.structs import Strict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LAYOUT_VERSION = 1
SUFFIX = ".sqlite"
LATEST = "latest"

_LAYOUT = """
CREATE TABLE run (header BLOB NOT NULL);
CREATE TABLE sample (
    suite TEXT NOT NULL, scenario TEXT NOT NULL, config TEXT NOT NULL, epoch INTEGER NOT NULL,
    status TEXT NOT NULL, success INTEGER NOT NULL, termination TEXT,
    turns INTEGER NOT NULL, cost_usd REAL, duration_seconds REAL NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (suite, scenario, config, epoch)
);
"""
# The body's size is what matters on a CI disk; level 3 costs about 50 microseconds a sample.
_ZSTD_LEVEL = 3


class FinishedRow(Strict, frozen=True, kw_only=True):
    """What a run log tells of a finished sample without unpacking it.

    Attributes:
        number: Larger for every later row.
        key: Which sample.
        status: "completed", "error" or "miss".
        is_success: Whether every score that judges passed.
        is_result_known: As of the sample.
        termination: Why its conversation ended; None if it did not.
        turns: Messages in the conversation.
        cost_usd: US dollars; None if unscored.
        duration_seconds: Wall-clock time, scoring included.
    """

    number: int
    key: SampleKey
    status: Status
    is_success: bool
    is_result_known: bool = True
    termination: str | None
    turns: int
    cost_usd: float | None
    duration_seconds: float

    @property
    def outcome(self) -> Outcome:
        """As of the sample."""
        if self.status != "completed":
            return self.status
        if not self.is_result_known:
            return "unjudged"
        return "pass" if self.is_success else "fail"


class SqliteRunStore:
    """One run's log, open for appending and reading by its single writer."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        import zstandard

        self.path = path
        self._connection = connection
        self._compress = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress
        self._decompress = zstandard.ZstdDecompressor().decompress

    def append(self, result: SampleResult) -> None:
        """Keep a finished sample; it is committed when this returns.

        Raises:
            LogError: If the sample is in the log already; nothing is overwritten.
        """
        with self._translated():
            self._connection.execute(
                "INSERT INTO sample VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", self._row(result)
            )
            self._connection.commit()

    def _row(self, result: SampleResult) -> tuple[object, ...]:
        key = result.key
        cost = result.score_of("cost")
        return (
            key.suite,
            key.scenario,
            key.config,
            key.epoch,
            result.status,
            int(result.is_success),
            result.transcript.termination,
            result.transcript.turns,
            cost.value if cost else None,
            result.duration_seconds,
            self._compress(encode_sample(result)),
        )

    def read_header(self) -> RunHeader:
        """The header, as written before the first sample."""
        with self._translated():
            row = self._connection.execute("SELECT CAST(header AS BLOB) FROM run").fetchone()
            if row is None:
                raise LogError(f"{self.path}: the run log has no header; it cannot be used.")
            return msgspec.json.decode(row[0], type=RunHeader)

    def read_samples(self) -> Iterable[SampleResult]:
        """Every sample kept so far, in the order they finished."""
        with self._translated():
            rows = self._connection.execute("SELECT CAST(body AS BLOB) FROM sample ORDER BY rowid")
            texts = SharedTexts()
            return [texts.share(decode_sample(self._decompress(body))) for (body,) in rows]

    def read_rows(self, after: int = 0) -> list[FinishedRow]:
        """What the log tells of the samples that finished after a row, in that order.

        Args:
            after: Number of the last row that is known; 0 for all.
        """
        with self._translated():
            rows = self._connection.execute(
                "SELECT rowid, suite, scenario, config, epoch, status, success, termination, "
                "turns, cost_usd, duration_seconds FROM sample WHERE rowid > ? ORDER BY rowid",
                (after,),
            ).fetchall()
            return [_finished(row, is_result_known=self._is_known(row)) for row in rows]

    def _is_known(self, row: tuple[Any, ...]) -> bool:
        """Only of imported samples it must be read from the sample itself."""
        if not self._is_imported:
            return True
        result = self.read_sample(row[0])
        return result is None or result.is_result_known

    @cached_property
    def _is_imported(self) -> bool:
        row = self._connection.execute("SELECT CAST(header AS BLOB) FROM run").fetchone()
        return row is not None and msgspec.json.decode(row[0], type=_Mode).mode == "imported"

    def read_sample(self, number: int) -> SampleResult | None:
        """The sample in a row; None if there is no such row."""
        with self._translated():
            row = self._connection.execute(
                "SELECT CAST(body AS BLOB) FROM sample WHERE rowid = ?", (number,)
            ).fetchone()
            return None if row is None else decode_sample(self._decompress(row[0]))

    def read(self) -> RunLog:
        """The whole run as reports read it, samples in plan order."""
        header = self.read_header()
        position = {key: index for index, key in enumerate(header.plan)}
        samples = sorted(
            self.read_samples(), key=lambda sample: position.get(sample.key, len(position))
        )
        return RunLog(header=header, samples=tuple(samples))

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import zstandard

        try:
            yield
        except sqlite3.IntegrityError as error:
            raise LogError(
                f"{self.path}: that sample is in the run log already; nothing was overwritten "
                f"({error})."
            ) from None
        except sqlite3.Error as error:
            raise LogError(f"{self.path}: the run log cannot be used: {error}.") from None
        except SchemaError as error:
            raise SchemaError(f"{self.path}: {error}") from None
        except (msgspec.MsgspecError, ValueError, zstandard.ZstdError) as error:
            raise LogError(
                f"{self.path}: the run log holds data that does not fit: {error}."
            ) from None


class _Mode(msgspec.Struct, frozen=True):
    """All that is asked of a header whose plan may be long."""

    mode: str


def _finished(row: tuple[Any, ...], *, is_result_known: bool) -> FinishedRow:
    number, suite, scenario, config, epoch, status, success, *rest = row
    termination, turns, cost_usd, duration_seconds = rest
    told = {
        "number": number,
        "key": {"suite": suite, "scenario": scenario, "config": config, "epoch": epoch},
        "status": status,
        "is_success": bool(success),
        "is_result_known": is_result_known,
        "termination": termination,
        "turns": turns,
        "cost_usd": cost_usd,
        "duration_seconds": duration_seconds,
    }
    return msgspec.convert(told, FinishedRow)


def create_log(folder: Path, header: RunHeader) -> SqliteRunStore:
    """Create the log of a new run.

    Args:
        folder: Where run logs live; made if missing.
        header: Written at once.

    Raises:
        LogError: If a log of that run exists or the folder cannot be written.
    """
    path = folder / f"{header.run_id}{SUFFIX}"
    unfinished = path.with_suffix(".unfinished")
    if folder.exists() and not folder.is_dir():
        raise LogError(f"{folder}: run logs need a folder here, but this is none.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished.touch(exist_ok=False)
        _write_layout(unfinished, header)
        # A link appears complete or not at all, and never replaces another run's log.
        os.link(unfinished, path)
    except FileExistsError:
        raise LogError(f"{path}: a run log of that name exists; nothing was overwritten.") from None
    except OSError as error:
        raise LogError(f"{path}: the run log cannot be created: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return open_log(path)


def _write_layout(path: Path, header: RunHeader) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_LAYOUT)
        connection.execute(f"PRAGMA user_version = {LAYOUT_VERSION}")
        connection.execute("INSERT INTO run VALUES (?)", (msgspec.json.encode(header),))
        connection.commit()


def open_log(path: Path) -> SqliteRunStore:
    """Open an existing run log.

    Raises:
        LogError: If it is missing, not a run log, or of another layout version.
    """
    return _opened(path, _connect)


def open_log_unchanged(path: Path) -> SqliteRunStore:
    """Open a run log for reading alone: nothing is written, neither in it nor beside it.

    Raises:
        LogError: As `open_log`, and where something is to be appended.
    """
    return _opened(path, _connect_unchanged)


def _opened(path: Path, connect: Callable[[Path], sqlite3.Connection]) -> SqliteRunStore:
    if not path.is_file():
        raise LogError(f"{path}: there is no such run log. List the runs with: harness list --runs")
    try:
        connection = connect(path)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise LogError(f"{path}: this is not a run log: {error}.") from None
    if version != LAYOUT_VERSION:
        connection.close()
        raise LogError(
            f"{path}: the run log has layout version {version}; this release reads "
            f"{LAYOUT_VERSION}."
        )
    return SqliteRunStore(path, connection)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10.0)
    connection.execute("PRAGMA journal_mode = WAL")
    # NORMAL survives kill -9; only a power cut may lose the last commits.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _connect_unchanged(path: Path) -> sqlite3.Connection:
    # Without a write-ahead log nobody writes. SQLite would all the same make the files of one,
    # and not remove them again, unless it is told that the file does not change.
    has_writer = path.with_name(f"{path.name}-wal").exists()
    how = "mode=ro" if has_writer else "mode=ro&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=2.0)


def read_log(path: Path) -> RunLog:
    """Read a whole run log.

    Raises:
        LogError: As `open_log`, and if it is damaged; with the newest other run that is not.
    """
    try:
        with closing(open_log(path)) as store:
            return store.read()
    except LogError as error:
        if not path.is_file() or not (other := _newest_readable(path)):
            raise
        raise LogError(
            f"{error} The newest other run that can be read is {other!r}; list them with: harness "
            "list --runs"
        ) from None


def _newest_readable(damaged: Path) -> str:
    """The id of the newest run beside a damaged one; empty if there is none."""
    for path in sorted(damaged.parent.glob(f"*{SUFFIX}"), reverse=True):
        if path.name == damaged.name:
            continue
        with suppress(LogError), closing(open_log_unchanged(path)) as store:
            store.read_header()
            store.read_rows()
            return path.stem
    return ""


def find_log(folder: str | Path, name: str = LATEST) -> Path:
    """Find a run log by path, run id, unique beginning of a run id, or ``latest``.

    Raises:
        LogError: If nothing or more than one fits.
    """
    folder = Path(folder)
    if name.endswith(SUFFIX) and Path(name).is_file():
        return Path(name)
    logs = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    if not logs:
        raise LogError(f"There is no run log in {folder}. Make one with: harness run")
    if name == LATEST:
        return logs[-1]
    found = [log for log in logs if log.stem == name] or [
        log for log in logs if log.stem.startswith(name)
    ]
    if len(found) == 1:
        return found[0]
    raise LogError(
        _not_found(folder, name, [log.stem for log in (found or logs)], many=bool(found))
    )


def _not_found(folder: Path, name: str, stems: list[str], *, many: bool) -> str:
    if many:
        return f"Run {name!r} is ambiguous in {folder}: {', '.join(stems)}. Give more of the id."
    near = difflib.get_close_matches(name, stems, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else f" The newest is {stems[-1]!r}."
    return f"There is no run {name!r} in {folder}.{hint} List them with: harness list --runs"
