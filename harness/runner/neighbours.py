"""How to record a sample from where its like came from: asked of the cassettes around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from harness.cassettes import CassetteHeader, load_cassette
from harness.errors import CassetteError
from harness.model.sample import SCRIPTED_SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOT_ISOLATED = "NOT ISOLATED"


def is_isolating(label: str) -> bool:
    """Whether a sandbox with this label keeps code that a live model wrote to itself."""
    return _NOT_ISOLATED not in label


def recording_flags(path: Path, *, has_script: bool, base_url: str, label: str) -> tuple[str, ...]:
    """What ``harness record`` needs for one sample, beside what selects it.

    Args:
        path: Of the sample's cassette, which need not exist. It decides, then those of
            other epochs, configs and scenarios of the suite, the nearest first.
        has_script: Whether the scripted provider could answer, where no cassette decides.
        base_url: Where a recording goes without being told.
        label: Of the sandbox.
    """
    header = next(_headers(path), None)
    if header is None:
        return ("--scripted",) if has_script else _live((), label)
    return flags_from(header, base_url=base_url, label=label)


def flags_from(header: CassetteHeader, *, base_url: str, label: str) -> tuple[str, ...]:
    """What ``harness record`` needs to ask again who answered for a cassette.

    Args:
        header: The cassette's.
        base_url: Where a recording goes without being told.
        label: Of the sandbox.
    """
    if header.source.startswith(SCRIPTED_SOURCE):
        return ("--scripted",)
    is_usual = header.base_url.rstrip("/") in ("", base_url.rstrip("/"))
    return _live(() if is_usual else ("--base-url", header.base_url), label)


def _live(flags: tuple[str, ...], label: str) -> tuple[str, ...]:
    return flags if is_isolating(label) else (*flags, "--allow-unsafe")


def _headers(path: Path) -> Iterator[CassetteHeader]:
    """The headers that can be read, of a cassette and its neighbours, the nearest first."""
    seen = {path}
    if header := _header(path):
        yield header
    # Beside it other epochs; a folder up the other configs; two up the other scenarios.
    for folder, pattern in zip(path.parents, ("*", "*/*", "*/*/*"), strict=False):
        for other in sorted(folder.glob(f"{pattern}.jsonl")):
            if other not in seen and (header := _header(other)):
                yield header
            seen.add(other)


def _header(path: Path) -> CassetteHeader | None:
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.readline(), type=CassetteHeader)
    except OSError:
        return None
    except (msgspec.MsgspecError, UnicodeError):
        return _older_header(path)


def _older_header(path: Path) -> CassetteHeader | None:
    try:
        return load_cassette(path).header
    except CassetteError:
        return None
