"""Writing cassette files: appended and flushed per interaction, renamed when finished."""

from __future__ import annotations

import os
from collections import deque
from typing import IO, TYPE_CHECKING

from harness.cassettes.cassette import PARTIAL_SUFFIX
from harness.cassettes.format import (
    AnyRecord,
    CassetteHeader,
    EndRecord,
    InteractionRecord,
    ListRecord,
    PartRecord,
    RequestRecord,
    ResponseRecord,
    encode_record,
)
from harness.cassettes.matching import shared_length
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from io import FileIO
    from pathlib import Path

    from harness.cassettes.matching import Part, Request

# How many earlier lists are tried as the beginning of a new one: as many agents
# as may take turns and still each find their own last request.
_REMEMBERED_LISTS = 32


class CassetteWriter:
    """Appends to ``<path>.partial``; `finish` turns it into ``path``.

    Everything passed in must be free of secrets already. Not thread-safe by itself.

    Args:
        path: Where the finished cassette goes.
        header: First line.
        overwrite: Whether an existing cassette may be replaced.

    Raises:
        CassetteError: If the cassette exists, is being recorded by another
            process, or the folder cannot be written.
    """

    def __init__(self, path: Path, header: CassetteHeader, *, overwrite: bool = False) -> None:
        self._path = path
        self._overwrite = overwrite
        self._partial = path.with_name(path.name + PARTIAL_SUFFIX)
        self._refuse_existing()
        self._file = _open_new(self._partial, encode_record(header))
        self._part_ids: dict[str, int] = {}
        self._lists: dict[str, deque[tuple[int, tuple[int, ...]]]] = {}
        self._interactions = 0

    @property
    def interactions(self) -> int:
        """How many interactions were written."""
        return self._interactions

    def write(
        self,
        request: Request,
        response: ResponseRecord,
        *,
        latency_seconds: float,
        caller: tuple[str, str] = ("", ""),
        request_headers: Mapping[str, list[str]] | None = None,
    ) -> None:
        """Append an interaction and flush it.

        Args:
            request: What was asked.
            response: What was answered.
            latency_seconds: How long it took.
            caller: Agent and purpose.
            request_headers: The request headers to keep.

        Raises:
            OSError: If the disk refuses; the file then ends in a torn record.
        """
        number = self._interactions + 1
        parts: list[PartRecord] = []
        lists = {
            name: self._list(name, number, [self._part_id(part, parts) for part in items])
            for name, items in request.shape.lists.items()
        }
        record = InteractionRecord(
            number=number,
            agent=caller[0],
            purpose=caller[1],
            request=RequestRecord(
                method=request.method,
                path=request.path,
                query=request.query,
                kind=request.shape.kind,
                fields=request.shape.fields,
                lists=lists,
                headers=dict(request_headers or {}),
            ),
            response=response,
            latency_seconds=round(latency_seconds, 6),
        )
        self._append([*parts, record])
        self._interactions = number

    def finish(self) -> None:
        """Complete the file and give it its name.

        Raises:
            CassetteError: If another cassette took the name meanwhile.
            OSError: If the disk refuses.
        """
        self._append([EndRecord(interactions=self._interactions)])
        os.fsync(self._file.fileno())
        self._refuse_existing()
        self._partial.replace(self._path)
        self._file.close()

    def abandon(self) -> None:
        """Leave what was recorded in the ``.partial`` file."""
        self._file.close()

    def _append(self, records: Iterable[AnyRecord]) -> None:
        _write_all(self._file, b"".join(map(encode_record, records)))

    def _part_id(self, part: Part, new: list[PartRecord]) -> int:
        known = self._part_ids.get(part.digest)
        if known is None:
            known = self._part_ids[part.digest] = len(self._part_ids) + 1
            new.append(PartRecord(id=known, value=part.value))
        return known

    def _list(self, name: str, number: int, ids: list[int]) -> ListRecord:
        """Refer to the earlier list that shares the longest beginning."""
        remembered = self._lists.setdefault(name, deque(maxlen=_REMEMBERED_LISTS))
        like, keep = 0, 0
        for earlier, earlier_ids in reversed(remembered):
            shared = shared_length(earlier_ids, ids)
            if shared > keep:
                like, keep = earlier, shared
        remembered.append((number, tuple(ids)))
        return ListRecord(like=like, keep=keep, add=tuple(ids[keep:]))

    def _refuse_existing(self) -> None:
        if not self._overwrite and self._path.exists():
            raise CassetteError(
                f"{self._path}: the cassette exists and was not replaced. "
                "To record it again: harness record --overwrite"
            )


def _open_new(partial: Path, first_line: bytes) -> FileIO:
    """Start the partial file, for this process alone, keeping an abandoned one aside."""
    try:
        partial.parent.mkdir(parents=True, exist_ok=True)
        if partial.exists():
            _set_aside(partial)
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
    return file


def _write_all(file: FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _set_aside(partial: Path) -> None:
    with partial.open("rb") as abandoned:
        _lock(abandoned, partial)
    partial.replace(partial.with_name(partial.name + ".old"))


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
