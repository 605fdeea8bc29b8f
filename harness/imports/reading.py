"""Files to import: finding them, and reading JSON that may be damaged or hostile."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import ImportFault

if TYPE_CHECKING:
    from pathlib import Path

_VALUE = re.compile(r"\s*[\[{]")
_DIGITS = re.compile(r"(\d+)")


def find_files(source: Path) -> tuple[Path, ...]:
    """The file itself, or every .json and .jsonl file below a folder, 2.json before 10.json.

    Raises:
        ImportFault: If there is nothing to read.
    """
    if source.is_file():
        return (source,)
    if not source.is_dir():
        raise ImportFault(f"{source}: there is no such file or folder to import.")
    files = (path for path in source.rglob("*.json*") if path.suffix in (".json", ".jsonl"))
    found = sorted(files, key=lambda path: _natural(str(path)))
    if not found:
        raise ImportFault(f"{source}: the folder holds no .json or .jsonl file to import.")
    return tuple(found)


def _natural(text: str) -> list[tuple[int, str]]:
    """By what orders texts as people count: each number in them by its length, then its digits."""
    parts = _DIGITS.split(text)
    numbers = [digits.lstrip("0") for digits in parts[1::2]]
    key = [(0, parts[0])]
    for digits, words in zip(numbers, parts[2::2], strict=True):
        key += [(len(digits), digits), (0, words)]
    return key


def read_document(path: Path) -> tuple[str, Any]:
    """Text and decoded JSON of a file; of a file with several values, the list of them.

    Exporters append: each value stands on a line of its own, or is printed over several.

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
        values = _values(text, path)
        if len(values) > 1:
            return text, values
        raise ImportFault(f"{path}: the file is not JSON: {error}.") from None
    except RecursionError:
        raise ImportFault(f"{path}: the JSON is nested too deeply to be read.") from None


def _values(text: str, path: Path) -> list[Any]:
    """Values that stand one after the other; none if even the first is no object or list."""
    decoder, values, position = json.JSONDecoder(), list[Any](), 0
    while begin := _VALUE.match(text, position):
        try:
            _, position = decoder.raw_decode(text, begin.end() - 1)
            # Decoded again: numbers out of range, NaN and broken texts are no JSON here either.
            values.append(msgspec.json.decode(text[begin.end() - 1 : position]))
        except (ValueError, RecursionError) as error:
            return _broken(text, begin.end() - 1, values, path, error)
    if text[position:].strip() and values:
        return _broken(text, position, values, path, "no object or list")
    return values


def _broken(text: str, at: int, values: list[Any], path: Path, why: object) -> list[Any]:
    line = text.count("\n", 0, at) + 1
    if not values or line == 1:
        return []
    raise ImportFault(
        f"{path}:{line}: after {len(values)} JSON values, what begins here is none: {why}. If the "
        "exporter was stopped in the middle of it, remove the rest of the file."
    )
