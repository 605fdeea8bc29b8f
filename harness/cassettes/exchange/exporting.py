"""Writing a cassette as a recording of stock vcrpy."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from harness.cassettes.exchange.addresses import origin_of, url_of
from harness.cassettes.exchange.targets import check_target, make_folder, written
from harness.cassettes.reader import load_cassette
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.matching import Request

_COMMAND = "harness cassette export --overwrite"
# YAML has several ways to write other texts, not all of which bring back every character.
_SIMPLE = re.compile(r"[ -~]*")
_JSON = "application/json"


@dataclass(frozen=True)
class Exported:
    """A cassette that was written as a recording of vcrpy.

    Attributes:
        source: The cassette.
        path: The recording.
        interactions: How many it has.
        masked: How many requests hold the placeholder of a secret, which vcrpy
            compares as it stands.
    """

    source: Path
    path: Path
    interactions: int
    masked: int


def export_cassette(source: Path, target: Path, *, overwrite: bool = False) -> Exported:
    """Write a cassette in vcrpy's YAML, so that stock vcrpy replays it byte for byte.

    Bodies are stored decompressed, JSON requests compact. Agents, purposes, costs
    and the times of streamed pieces have no place in that format.

    Args:
        source: The cassette.
        target: Where the recording goes.
        overwrite: Whether a file that is there may be replaced.

    Raises:
        CassetteError: If the cassette cannot be read, or the recording not be written.
    """
    check_target(source, target, overwrite=overwrite, command=_COMMAND)
    cassette = load_cassette(source)
    make_folder(target)
    with written(target), _replacing(target, overwrite=overwrite) as file:
        file.writelines(_documents(cassette))
    masked = sum(interaction.request.is_masked for interaction in cassette.interactions)
    return Exported(source, target, len(cassette.interactions), masked)


def _documents(cassette: Cassette) -> Iterator[str]:
    """The YAML, piece by piece."""
    import yaml

    dumper = _dumper(yaml)
    origin = origin_of(cassette.header.base_url)
    yield "interactions:\n" if cassette.interactions else "interactions: []\n"
    for interaction in cassette.interactions:
        entry = {"request": _request(interaction, origin), "response": _response(interaction)}
        yield yaml.dump([entry], Dumper=dumper, width=2**31 - 1)
    yield "version: 1\n"


def _dumper(yaml: Any) -> Any:  # PyYAML's classes have no useful types
    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        """Writes every text so that it comes back as it was, and no references."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        style = None if _SIMPLE.fullmatch(value) else '"'
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper


def _request(interaction: Interaction, origin: str) -> dict[str, Any]:
    request = interaction.request
    headers = {name: list(values) for name, values in interaction.request_headers.items()}
    body = body_of(request)
    if request.shape.kind == "json" and body:
        # A recording leaves it out where it says what every request says.
        headers.setdefault("content-type", [_JSON])
    return {
        # vcrpy keeps no body as "" for httpx, which the openai and anthropic clients use, but
        # as null for requests.
        "body": _readable(body),
        "headers": headers,
        "method": request.method,
        "uri": url_of(request.origin or origin, request.path, request.query),
    }


def body_of(request: Request) -> bytes:
    """The body of a request as bytes; JSON compact, its lists after the other fields."""
    shape = request.shape
    if shape.kind == "text":
        return str(shape.fields).encode()
    if shape.kind == "bytes":
        return str(shape.fields).encode("latin-1")
    if shape.fields is None and not shape.lists:
        return b""
    value = shape.fields
    if shape.lists:
        lists = {name: [part.value for part in parts] for name, parts in shape.lists.items()}
        value = {**(shape.fields or {}), **lists}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _response(interaction: Interaction) -> dict[str, Any]:
    return {
        "body": {"string": _readable(interaction.content)},
        "headers": {name: list(values) for name, values in interaction.headers.items()},
        "status": {"code": interaction.status, "message": interaction.reason},
    }


def _readable(content: bytes) -> str | bytes:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content


@contextmanager
def _replacing(target: Path, *, overwrite: bool) -> Iterator[IO[str]]:
    """A file that takes the name of the target only when all of it is written."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        with partial.open("x", encoding="utf-8", newline="\n") as file:
            yield file
        if not overwrite and target.exists():
            raise CassetteError(
                f"{target}: the file appeared meanwhile and was not replaced. "
                f"To replace it: {_COMMAND}"
            )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
