"""Reading a foreign file, interaction by interaction, whichever notation it is written in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from harness.cassettes.exchange import limits
from harness.cassettes.exchange.foreign import Place
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIXES = (".yaml", ".yml", ".json")
READABLE = (
    "Recordings that can be imported: vcrpy's (YAML or JSON), pydantic-ai's, and go-vcr's (YAML)"
)


def read_items(path: Path) -> Iterator[tuple[Place, Any]]:
    """The interactions of a recording, each with its place, as plain data.

    Only one of them is in memory at a time, beside the bytes of a JSON file.

    Raises:
        CassetteError: If the file cannot be read, is no recording, is damaged,
            asks for code to be run, or is beyond a limit.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            start = file.read(4096)
    except OSError as fault:
        raise CassetteError(unreadable(path, fault)) from None
    if size > limits.FILE_BYTES:
        Place(path, 1).fail(
            f"the file has {size / limits.MEGABYTE:.0f} MB; recordings of up to "
            f"{limits.FILE_BYTES // limits.MEGABYTE} MB are imported. Split it into smaller ones"
        )
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text and size <= len(start):
        Place(path, 1).fail("the file is empty")
    if text.startswith(b'{"kind":"header"'):
        Place(path, 1).fail("this is a cassette already; only other tools' are imported")
    if text[:1] in (b"{", b"[") and path.suffix not in (".yaml", ".yml"):
        from harness.cassettes.exchange.json_items import json_items

        return json_items(path)
    from harness.cassettes.exchange.yaml_items import yaml_items

    return yaml_items(path)


def unreadable(path: Path, fault: OSError) -> str:
    """The message for a file that cannot be opened."""
    if isinstance(fault, FileNotFoundError):
        return f"{path}: there is no such file."
    return f"{path}: the file cannot be read: {fault.strerror or fault}."


def check_version(place: Place, version: Any) -> None:
    """Refuse a recording of a version that is not known.

    Raises:
        CassetteError: If it is neither 1 (vcrpy, go-vcr 3) nor 2 (go-vcr 4).
    """
    if version not in (1, 2, "1", "2") or isinstance(version, bool):
        place.fail(f"the version is {str(version)[:40]!r}; 1 and 2 are known. {READABLE}")


def refuse_unknown(place: Place) -> NoReturn:
    """Refuse a file that is no recording.

    Raises:
        CassetteError: Always.
    """
    place.fail(f'this is no known recording: there is no list of "interactions". {READABLE}')
