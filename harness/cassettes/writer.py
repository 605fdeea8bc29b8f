"""Writing cassette files: appended and flushed per interaction, renamed when finished."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

import msgspec

from harness.cassettes.cassette import partial_path
from harness.cassettes.encoder import Encoder
from harness.cassettes.format import CassetteHeader, ResponseRecord, encode_header
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import FileIO
    from pathlib import Path

    from harness.cassettes.matching import Request

_BLOCK_BYTES = 1 << 20


class CassetteWriter:
    """Appends to ``<path>.partial``; `finish` turns it into ``path``.

    Everything passed in must be free of secrets already. Not thread-safe by itself.

    Args:
        path: Where the finished cassette goes.
        header: First line.
        overwrite: Whether an existing cassette may be replaced.

    Attributes:
        set_aside: Where an unfinished recording went that was there before; None without one.

    Raises:
        CassetteError: If the cassette exists, is being recorded by another
            process, or the folder cannot be written.
    """

    def __init__(self, path: Path, header: CassetteHeader, *, overwrite: bool = False) -> None:
        self._path = path
        self._overwrite = overwrite
        self._partial = partial_path(path)
        self._refuse_existing()
        self._encoder = Encoder(header.base_url)
        self._header = header
        self._first_line = encode_header(header)
        self._file, self.set_aside = _open_new(self._partial, self._first_line)
        self._cost_usd: float | None = 0.0

    @property
    def interactions(self) -> int:
        """How many interactions were written."""
        return self._encoder.interactions

    def write(  # noqa: PLR0913 - all but two are keyword-only
        self,
        request: Request,
        response: ResponseRecord,
        *,
        latency_seconds: float,
        caller: tuple[str, str] = ("", ""),
        request_headers: Mapping[str, list[str]] | None = None,
        cost_usd: float | None = None,
        before: int = 0,
    ) -> int:
        """Append an interaction and flush it.

        Args:
            request: What was asked.
            response: What was answered.
            latency_seconds: How long it took.
            caller: Agent and purpose.
            request_headers: The request headers to keep.
            cost_usd: What it cost in US dollars; None if it has no price.
            before: The interaction with the same request that was asked later; or 0.

        Returns:
            The interaction's number.

        Raises:
            OSError: If the disk refuses; the file then ends in a torn record.
        """
        data = self._encoder.encode(
            request,
            response,
            latency_seconds=latency_seconds,
            caller=caller,
            request_headers=request_headers,
            cost_usd=cost_usd,
            before=before,
        )
        _write_all(self._file, data)
        known = None not in (self._cost_usd, cost_usd)
        self._cost_usd = (self._cost_usd or 0.0) + (cost_usd or 0.0) if known else None
        return self._encoder.interactions

    def finish(self) -> None:
        """Complete the file, with what it cost in its first line, and give it its name.

        Raises:
            CassetteError: If another cassette took the name meanwhile.
            OSError: If the disk refuses.
        """
        _write_all(self._file, self._encoder.end())
        os.fsync(self._file.fileno())
        self._refuse_existing()
        cost = self._cost_usd if self._encoder.interactions else None
        rounded = None if cost is None else round(cost, 10)  # without the noise of adding up
        header = msgspec.structs.replace(self._header, cost_usd=rounded)
        if header == self._header:
            self._partial.replace(self._path)
        else:
            self._replace_first_line(encode_header(header))
        self._file.close()

    def abandon(self) -> None:
        """Leave what was recorded in the ``.partial`` file."""
        self._file.close()

    def discard(self) -> None:
        """Remove what was written; for a recording that turned out to say nothing new."""
        self._partial.unlink()
        self._file.close()

    def _replace_first_line(self, first_line: bytes) -> None:
        """Copy the file under another first line, then let the copy take the name."""
        finished = self._path.with_name(self._path.name + ".finished")
        try:
            with self._partial.open("rb") as old, finished.open("wb") as new:
                old.seek(len(self._first_line))
                new.write(first_line)
                while block := old.read(_BLOCK_BYTES):
                    new.write(block)
                new.flush()
                os.fsync(new.fileno())
        except BaseException:
            finished.unlink(missing_ok=True)  # The disk is full: the partial file has it all.
            raise
        finished.replace(self._path)
        self._partial.unlink()

    def _refuse_existing(self) -> None:
        if not self._overwrite and self._path.exists():
            raise CassetteError(
                f"{self._path}: the cassette exists and was not replaced. "
                "To record it again: harness record --overwrite"
            )


def _open_new(partial: Path, first_line: bytes) -> tuple[FileIO, Path | None]:
    """Start the partial file, for this process alone, keeping an abandoned one aside."""
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        aside = _set_aside(partial) if partial.exists() else None
        # Unbuffered: what was written is in the file, and nothing is left to fail later.
        file = partial.open("xb", buffering=0)
        try:
            _lock(file, partial)
            _write_all(file, first_line)
        except BaseException:
            file.close()
            raise
    except OSError as fault:
        raise CassetteError(
            f"{partial}: the recording cannot be written: {fault.strerror or fault}. "
            "Make room or mend the folder, or choose another: harness record --cassettes DIR"
        ) from None
    return file, aside


def _write_all(file: FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _set_aside(partial: Path) -> Path | None:
    """Keep an abandoned recording under a name of its own: somebody paid for it."""
    with partial.open("rb") as abandoned:
        _lock(abandoned, partial)
        is_header = abandoned.readline().startswith(b'{"kind":"header"')
        is_empty = is_header and not abandoned.readline().endswith(b"\n")
    if is_empty:
        partial.unlink()
        return None
    aside, number = partial.with_name(partial.name + ".old"), 1
    while aside.exists():
        number += 1
        aside = partial.with_name(f"{partial.name}.old{number}")
    partial.replace(aside)
    return aside


def _lock(file: IO[bytes] | FileIO, partial: Path) -> None:
    """Hold the file while it is open, so that a second recorder does not take it over."""
    try:
        import fcntl
    except ImportError:  # Windows, where an open file cannot be renamed anyway
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise CassetteError(_taken(partial)) from None


def _taken(partial: Path) -> str:
    return (
        f"{partial}: another process is recording this cassette. "
        "Wait until it has finished, or stop it."
    )
