"""Writing cassette files: appended and flushed per interaction, renamed when finished."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO, TYPE_CHECKING

import msgspec

from harness.cassettes.cassette import partial_path
from harness.cassettes.encoder import Encoder
from harness.cassettes.format import CassetteHeader, ResponseRecord, encode_header
from harness.cassettes.reader import load_cassette
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from io import FileIO
    from pathlib import Path

    from harness.cassettes.matching import Request

_FAILED = 400
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
        self._header = self._final = header
        self._first_line = encode_header(header)
        self._file, self.set_aside = _open_new(self._partial, self._first_line)
        self._size_bytes = len(self._first_line)
        self._is_whole = True
        self._cost_usd: float | None = 0.0

    @property
    def partial(self) -> Path:
        """Where the recording is until it is finished."""
        return self._partial

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
            OSError: If the disk refuses; the file then ends with the interaction before.
            ValueError: If an earlier one could not be written: this one may refer to it.
        """
        if not self._is_whole:
            raise ValueError("an earlier interaction could not be written")
        self._is_whole = False
        data = self._encoder.encode(
            request,
            response,
            latency_seconds=latency_seconds,
            caller=caller,
            request_headers=request_headers,
            cost_usd=cost_usd,
            before=before,
        )
        self._append(data)
        self._is_whole = True
        known = None not in (self._cost_usd, cost_usd)
        self._cost_usd = (self._cost_usd or 0.0) + (cost_usd or 0.0) if known else None
        return self._encoder.interactions

    def _append(self, data: bytes) -> None:
        """Write all of it, or nothing."""
        try:
            _write_all(self._file, data)
        except BaseException:
            with suppress(OSError):
                self._file.truncate(self._size_bytes)
            raise
        self._size_bytes += len(data)

    def name_source(self, source: str) -> None:
        """Say in the finished file's first line who answered, where that shows late."""
        self._final = msgspec.structs.replace(self._final, source=source)

    def note_artefacts(self, digests: Mapping[str, str]) -> None:
        """Say in the finished file's first line what files the conversation left."""
        self._final = msgspec.structs.replace(self._final, artefacts=dict(digests))

    def finish(self, *, source: str = "") -> None:
        """Complete the file, with what it cost in its first line, and give it its name.

        Args:
            source: Where the interactions came from, if that was not known before.

        Raises:
            CassetteError: If another cassette took the name meanwhile, or the disk refuses.
        """
        if source:
            self.name_source(source)
        try:
            self._finish()
        except OSError as fault:
            raise CassetteError(
                f"{self._path}: the recording could not be finished: {fault.strerror or fault}. "
                f"All of it is in {self._partial}. Make room, then: harness record --update"
            ) from fault
        finally:
            self._file.close()

    def _finish(self) -> None:
        self._append(self._encoder.end())
        os.fsync(self._file.fileno())
        self._refuse_existing()
        cost = self._cost_usd if self._encoder.interactions else None
        rounded = None if cost is None else round(cost, 10)  # without the noise of adding up
        header = msgspec.structs.replace(self._final, cost_usd=rounded)
        if header == self._header:
            self._partial.replace(self._path)
        else:
            self._replace_first_line(encode_header(header))

    def abandon(self) -> None:
        """Leave what was recorded in the ``.partial`` file."""
        self._file.close()

    def discard(self) -> None:
        """Remove what was written; for a recording that turned out to say nothing new."""
        self._partial.unlink()
        self._file.close()

    def undo(self) -> None:
        """Remove what was written, and put back what was set aside for it."""
        self.discard()
        if self.set_aside is not None:
            self.set_aside.rename(self._partial)

    def _replace_first_line(self, first_line: bytes) -> None:
        """Copy the file under another first line, then let the copy take the name."""
        finished = self._path.with_name(self._path.name + ".finished")
        # What somebody was killed over is in the way; what a link points to is not ours.
        finished.unlink(missing_ok=True)
        try:
            with self._partial.open("rb") as old, finished.open("xb") as new:
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
        is_worthless = is_empty or (is_header and _holds_refusals_alone(partial))
    if is_worthless:
        partial.unlink()
        return None
    aside, number = partial.with_name(partial.name + ".old"), 1
    while aside.exists():
        number += 1
        aside = partial.with_name(f"{partial.name}.old{number}")
    partial.replace(aside)
    return aside


def _holds_refusals_alone(partial: Path) -> bool:
    """Whether a provider refused all that was asked: nobody paid for that."""
    try:
        return all(one.status >= _FAILED for one in load_cassette(partial).interactions)
    except CassetteError:
        return False


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
