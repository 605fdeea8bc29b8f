"""The cassette file: one JSON value per line, written for review and for appending.

::

    {"kind":"header","schema_version":1,...}
    {"kind":"part","id":1,"value":{"content":{"$lines":2},"role":"system"}}
    "first line of that text"
    "second line"
    {"kind":"interaction","number":1,"request":{...,"lists":{"messages":{"add":[1,2]}}},...}
    {"kind":"end","interactions":1}

A text of several lines stands as ``{"$lines": n}`` and follows on n lines of
its own, so that a changed reply shows as changed lines. The items of a
request's lists (messages, tools) are parts, stored once and referred to by
number; a list that continues an earlier interaction's list names that
interaction and only adds to it, so a growing conversation costs linear space.
The ``end`` line distinguishes a finished file from one cut off between lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA_VERSION = 1
LINES = "$lines"


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything stored: immutable, keyword-only, unknown fields refused."""


class CassetteHeader(_Record, frozen=True, kw_only=True, tag_field="kind", tag="header"):
    """First line of a cassette.

    Attributes:
        schema_version: Version of the file format.
        recorded_at: ISO 8601 UTC time of the recording.
        source: "scripted provider", or the provider's host.
        base_url: Where requests went; a replay uses the same.
        sample: Key of the sample it was recorded for.
        config_digest: Digest of the config at recording time.
        scenario_digest: Digest of the scenario at recording time.
        engine_version: Framework and version, e.g. "autogen 0.14.1".
        sdk_version: Client library and version, e.g. "openai 3.52.0".
    """

    schema_version: int = SCHEMA_VERSION
    recorded_at: str
    source: str
    base_url: str
    sample: str = ""
    config_digest: str = ""
    scenario_digest: str = ""
    engine_version: str = ""
    sdk_version: str = ""


class PartRecord(_Record, frozen=True, kw_only=True, tag_field="kind", tag="part"):
    """An item of a request's list, stored once."""

    id: int
    value: Any


class ListRecord(_Record, frozen=True, kw_only=True, omit_defaults=True):
    """A request's list: the first `keep` items of interaction `like`'s, then `add`."""

    like: int = 0
    keep: int = 0
    add: tuple[int, ...] = ()


class RequestRecord(_Record, frozen=True, kw_only=True, omit_defaults=True):
    """A request: what of it matching looks at, and the few headers that are kept."""

    method: str
    path: str
    query: str = ""
    kind: Literal["json", "text", "bytes"] = "json"
    fields: Any = None
    lists: dict[str, ListRecord] = {}
    headers: dict[str, list[str]] = {}


class Payload(_Record, frozen=True, kw_only=True, omit_defaults=True):
    """Exact bytes in the most readable of three forms; see `harness.cassettes.payload`."""

    json: Any = msgspec.UNSET
    style: str = ""
    text: Any = msgspec.UNSET
    base64: str = ""


class ResponseRecord(_Record, frozen=True, kw_only=True, omit_defaults=True):
    """A response; the body is decoded, so no content-encoding or length is kept."""

    status: int
    reason: str = ""
    headers: dict[str, list[str]] = {}
    body: Payload = Payload()


class InteractionRecord(
    _Record, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="interaction"
):
    """One request and its response."""

    number: int
    agent: str = ""
    purpose: str = ""
    request: RequestRecord
    response: ResponseRecord
    latency_seconds: float


class EndRecord(_Record, frozen=True, kw_only=True, tag_field="kind", tag="end"):
    """Last line of a finished cassette."""

    interactions: int


AnyRecord = CassetteHeader | PartRecord | InteractionRecord | EndRecord


def encode_record(record: AnyRecord) -> bytes:
    """Encode a record as one line of JSON plus the lines of its texts."""
    texts: list[str] = []
    value = _fold(msgspec.to_builtins(record), texts)
    encoded = [msgspec.json.encode(value)]
    encoded += [msgspec.json.encode(line) for line in texts]
    return b"\n".join(encoded) + b"\n"


def _fold(value: Any, texts: list[str]) -> Any:
    """Replace every text of several lines by a marker, collecting its lines."""
    if isinstance(value, str):
        if "\n" not in value:
            return value
        lines = value.split("\n")
        texts.extend(lines)
        return {LINES: len(lines)}
    if isinstance(value, dict):
        return {_escaped(key): _fold(item, texts) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_fold(item, texts) for item in value]
    return value


def unfold(value: Any, texts: Iterator[str]) -> Any:
    """Put the texts of several lines back; the inverse of what `encode_record` does.

    Raises:
        StopIteration: If a text has fewer lines than its marker says.
    """
    if isinstance(value, dict):
        count = value.get(LINES)
        if isinstance(count, int) and len(value) == 1:
            return "\n".join([next(texts) for _ in range(count)])
        return {_unescaped(key): unfold(item, texts) for key, item in value.items()}
    if isinstance(value, list):
        return [unfold(item, texts) for item in value]
    return value


def _escaped(key: str) -> str:
    """Keep a user's own key "$lines" apart from the marker, by one more dollar."""
    return f"${key}" if key.endswith(LINES) and key.strip("$") == "lines" else key


def _unescaped(key: str) -> str:
    return key[1:] if key.endswith(f"${LINES}") and key.strip("$") == "lines" else key
