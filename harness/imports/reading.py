"""Files to import: finding them, and reading JSON that may be damaged or hostile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import ImportFault

if TYPE_CHECKING:
    from pathlib import Path

_DIGITS = re.compile(r"(\d+)")


def find_files(source: Path) -> tuple[Path, ...]:
    """The file itself, or every .json file below a folder, 2.json before 10.json.

    Raises:
        ImportFault: If there is nothing to read.
    """
    if source.is_file():
        return (source,)
    if not source.is_dir():
        raise ImportFault(f"{source}: there is no such file or folder to import.")
    found = sorted(source.rglob("*.json"), key=lambda path: _DIGITS.split(str(path)))
    if not found:
        raise ImportFault(f"{source}: the folder holds no .json file to import.")
    return tuple(found)


def read_document(path: Path) -> tuple[str, Any]:
    """Text and decoded JSON of a file.

    Raises:
        ImportFault: If it cannot be read, or is not JSON in UTF-8.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ImportFault(f"{path}: the file cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ImportFault(
            f"{path}: the file is not UTF-8 text (byte {error.start}), so it is no JSON to import."
        ) from None
    try:
        return text, msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise ImportFault(f"{path}: the file is not JSON: {error}.") from None
    except RecursionError:
        raise ImportFault(f"{path}: the JSON is nested too deeply to be read.") from None
