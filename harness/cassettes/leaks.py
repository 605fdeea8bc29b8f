"""Secrets in cassettes that exist already: where they are, and rewriting without them."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cassettes.cassette import PARTIAL_SUFFIX
from harness.cassettes.encoder import Encoder
from harness.cassettes.format import ResponseRecord, encode_header
from harness.cassettes.payload import content_of
from harness.cassettes.places import differing, header_places, kind_of
from harness.cassettes.reader import load_cassette
from harness.cassettes.redaction import REQUEST_HEADERS, RESPONSE_HEADERS
from harness.cassettes.scope import Caller
from harness.cassettes.scrub import Scrubber
from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.cassettes.cassette import Cassette, Interaction
    from harness.cassettes.format import CassetteHeader
    from harness.cassettes.matching import Request
    from harness.cassettes.places import Place
    from harness.cassettes.redaction import Redactor

_FOREIGN = (".yaml", ".yml", ".json")
# Undecodable bodies keep it, so that a replay's client decodes them.
_STORED_RESPONSE_HEADERS = RESPONSE_HEADERS | {"content-encoding"}
# Looking for a line takes a pass through the file; whoever has more needs no more lines.
_MOST_LOCATED = 500


@dataclass(frozen=True)
class Leak:
    """A secret, or a header that is not kept, in a cassette.

    Attributes:
        line: Line of the file, from 1; the record's, where the secret is spread out.
        place: Where in the record, e.g. "interaction 3, response $.choices[0].text".
        kind: What it is, in words; never the secret itself.
    """

    line: int
    place: str
    kind: str


def find_leaks(path: Path, redactor: Redactor) -> list[Leak]:
    """Every secret in a cassette, and every header beyond those that are kept.

    Args:
        path: A cassette, finished or partial.
        redactor: Knows the secrets.

    Raises:
        CassetteError: If it is damaged, of another version or no cassette.
    """
    _refuse_foreign(path)
    # Parts that a rule calls the same are different texts here.
    cassette = load_cassette(path, ignored=())
    located = _Located(path)
    return [
        Leak(located.line(number, text), place, kind)
        for number, place, kind, text in _leaks(cassette, redactor)
    ]


def scrub_cassette(path: Path, redactor: Redactor) -> list[Leak]:
    """Rewrite a cassette without its secrets; untouched if it has none.

    Args:
        path: A cassette, finished or partial.
        redactor: Knows the secrets.

    Returns:
        What was removed, with the lines as they were.

    Raises:
        CassetteError: If it is damaged, being recorded, or cannot be written.
    """
    with _not_recording(path):
        found = find_leaks(path, redactor)
        if found:
            try:
                _rewrite(path, redactor)
            except OSError as fault:
                raise CassetteError(
                    f"{path}: it was left as it is, as it cannot be rewritten: "
                    f"{fault.strerror or fault}. Make room or mend the folder's permissions."
                ) from None
        return found


def _refuse_foreign(path: Path) -> None:
    if path.suffix.lower() in _FOREIGN:
        raise CassetteError(
            f"{path}: this is no cassette but, by its name, a recording of another tool. Import "
            f"it first, which removes its secrets, too: harness cassette import {path}"
        )


_Found = tuple[int, str, str, str]


def _leaks(cassette: Cassette, redactor: Redactor) -> Iterator[_Found]:
    """Number of the interaction, or 0; place; kind; and the text the place is found by."""
    scrubber = Scrubber(redactor)
    for name, text in _header_texts(cassette.header):
        if scrubber.text(text) != text:
            kind, needle = kind_of(redactor, text, name)
            yield 0, f"header $.{name}", kind, needle
    seen: set[tuple[str, bytes]] = set()
    for interaction in cassette.interactions:
        number = interaction.number
        for place, member, text in _places(interaction, scrubber, seen):
            where = f"interaction {number}, {place}"
            if member is None:
                yield number, where, "a header that is not kept", text
            else:
                yield number, where, *kind_of(redactor, text, member)


def _header_texts(header: CassetteHeader) -> Iterator[tuple[str, str]]:
    for name in header.__struct_fields__:
        value = getattr(header, name)
        if isinstance(value, str):
            yield name, value
    for name, value in header.facets.items():
        yield f"facets.{name}", value
    for path in header.artefacts or ():
        yield "artefacts", path


def _places(
    interaction: Interaction, scrubber: Scrubber, seen: set[tuple[str, bytes]]
) -> Iterator[Place]:
    agent, purpose = scrubber.caller(Caller(interaction.agent, interaction.purpose))
    yield from differing(interaction.agent, agent, "agent")
    yield from differing(interaction.purpose, purpose, "purpose")
    yield from _request_places(interaction.request, scrubber.request(interaction.request), seen)
    yield from header_places(interaction.request_headers, REQUEST_HEADERS, scrubber, "request")
    yield from header_places(interaction.headers, _STORED_RESPONSE_HEADERS, scrubber, "response")
    response = _response(interaction, scrubber)
    yield from differing(interaction.reason, response.reason, "reason")
    old, new = interaction.content, content_of(response.body)
    if old != new:
        yield from _body_places(old, new)


def _request_places(old: Request, new: Request, seen: set[tuple[str, bytes]]) -> Iterator[Place]:
    if old is new:
        return
    for name in ("method", "path", "query", "origin"):
        yield from differing(getattr(old, name), getattr(new, name), f"request {name}")
    root = "request $" if old.shape.kind == "json" else "request body"
    yield from differing(old.shape.fields, new.shape.fields, root)
    for (name, parts), (key, cleans) in zip(
        old.shape.lists.items(), new.shape.lists.items(), strict=True
    ):
        if name != key:
            yield f"{root} (a name)", "", name
        for number, (part, clean) in enumerate(zip(parts, cleans, strict=True)):
            # Stored once, however many requests repeat it.
            if part is not clean and (name, part.digest) not in seen:
                seen.add((name, part.digest))
                yield from differing(part.value, clean.value, f"{root}.{key}[{number}]")


def _body_places(old: bytes, new: bytes) -> Iterator[Place]:
    try:
        yield from differing(json.loads(old), json.loads(new), "response $")
    except (ValueError, RecursionError):
        one, other = (body.decode(errors="surrogateescape").split("\n") for body in (old, new))
        if len(one) != len(other):
            yield "response body", "", "\n".join(one)
            return
        for number, (line, clean) in enumerate(zip(one, other, strict=True), start=1):
            if line != clean:
                yield f"response body, line {number}", "", line


def _response(interaction: Interaction, scrubber: Scrubber) -> ResponseRecord:
    content = interaction.content
    headers = {name: list(values) for name, values in interaction.headers.items()}
    response = scrubber.response(
        interaction.status, interaction.reason, headers, content, interaction.chunks
    )
    if content_of(response.body) != content:
        return response
    return ResponseRecord(
        status=response.status,
        reason=response.reason,
        headers=response.headers,
        body=interaction.payload,
        chunks=interaction.chunks,
    )


class _Located:
    """Finds the lines of a file that hold certain texts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._from: dict[bytes, int] = {}
        self._asked = 0

    @cached_property
    def _data(self) -> bytes:
        return self._path.read_bytes()

    @cached_property
    def _records(self) -> list[int]:
        """Line of each interaction, from 1; the header's before them."""
        lines = enumerate(self._data.split(b"\n"), start=1)
        return [1, *(at for at, line in lines if line.startswith(b'{"kind":"interaction"'))]

    def line(self, number: int, text: str) -> int:
        """The line of a text: its next one each time; that of the interaction if it has none."""
        record = self._records[number] if number < len(self._records) else 1
        self._asked += 1
        if not text or not number or self._asked > _MOST_LOCATED:
            return record
        first = json.dumps(text.split("\n")[0], ensure_ascii=False)[1:-1]
        needle = first.encode(errors="surrogatepass")
        at = self._data.find(needle, self._from.get(needle, 0))
        if at < 0:
            return record
        self._from[needle] = at + len(needle)
        return self._data.count(b"\n", 0, at) + 1


def _rewrite(path: Path, redactor: Redactor) -> None:
    """Write a clean copy, make sure that it is one, and let it take the name."""
    cassette = load_cassette(path, ignored=())
    descriptor, name = tempfile.mkstemp(
        dir=path.parent, prefix=f".{path.name}.", suffix=PARTIAL_SUFFIX
    )
    copy = Path(name)
    try:
        with open(descriptor, "wb") as file:
            for piece in _clean_pieces(cassette, redactor):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if left := find_leaks(copy, redactor):
            raise CassetteError(
                f"{path}: it was left as it is: {left[0].place} would still look like "
                f"{left[0].kind}. Edit that line, or record the cassette again."
            )
        copy.chmod(path.stat().st_mode & 0o7777)
        copy.replace(path)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise


def _clean_pieces(cassette: Cassette, redactor: Redactor) -> Iterator[bytes]:
    scrubber = Scrubber(redactor)
    header = scrubber.header(cassette.header)
    yield encode_header(header)
    encoder = Encoder(header.base_url)
    for interaction in cassette.interactions:
        yield encoder.encode(
            scrubber.request(interaction.request),
            _response(interaction, scrubber),
            latency_seconds=interaction.latency_seconds,
            caller=scrubber.caller(Caller(interaction.agent, interaction.purpose)),
            request_headers=_kept(interaction.request_headers, scrubber),
            cost_usd=interaction.cost_usd,
            before=interaction.before,
        )
    if cassette.is_complete:
        yield encoder.end()


def _kept(headers: Mapping[str, list[str]], scrubber: Scrubber) -> dict[str, list[str]]:
    return {
        name: [scrubber.text(value) for value in values]
        for name, values in headers.items()
        if name in REQUEST_HEADERS
    }


@contextmanager
def _not_recording(path: Path) -> Iterator[None]:
    """Keep recorders of a cassette away; refuse if one is at work."""
    partial = path if PARTIAL_SUFFIX in path.name else path.with_name(path.name + PARTIAL_SUFFIX)
    try:
        import fcntl

        file = partial.open("rb")
    except (ImportError, OSError):  # Windows, or nobody has recorded
        yield
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CassetteError(
                f"{partial}: another process is recording this cassette. "
                "Wait until it has finished, or stop it."
            ) from None
        yield


def scrub_targets(paths: tuple[Path, ...]) -> list[Path]:
    """The cassettes that paths name: files, and in folders all that end like cassettes.

    Args:
        paths: Files and folders.

    Raises:
        CassetteError: If one does not exist.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(each for each in path.rglob("*") if _is_target(each))
        elif path.exists():
            found.append(path)
        else:
            raise CassetteError(f"{path}: there is no such file or folder.")
    return list(dict.fromkeys(found))


def _is_target(path: Path) -> bool:
    is_ours = path.suffix == ".jsonl" or ".jsonl" + PARTIAL_SUFFIX in path.name
    return (is_ours or path.suffix.lower() in (".yaml", ".yml")) and path.is_file()


def counted(leaks: list[Leak]) -> Mapping[str, int]:
    """How many of each kind."""
    kinds: dict[str, int] = {}
    for leak in leaks:
        kinds[leak.kind] = kinds.get(leak.kind, 0) + 1
    return kinds
