"""The cassette file: one JSON value per line, written for review and for appending.

::

    {"kind":"header","schema_version":2,...}
    {"kind":"part","id":1,"value":{"content":{"$lines":2},"role":"system"},"lines":2}
    "first line of that text"
    "second line"
    {"kind":"envelope","id":1,"method":"POST","path":"/v1/chat/completions","fields":{...}}
    {"kind":"headers","id":1,"values":{"content-type":["application/json"]}}
    {"kind":"interaction","number":1,"envelope":1,"lists":{"messages":{"add":[1]}},...}
    {"kind":"part","id":2,"value":{"content":{"$reply":[1,"choices",0,"message","content"]},...
    {"kind":"end","interactions":1}

Everything is stored once. The items of a request's lists (messages, tools) are
parts, the rest of it is an envelope, and response headers are sets: each has a
number that interactions refer to. A list that continues an earlier
interaction's list names that interaction and only adds to it, so a growing
conversation costs linear space. A text that a model said before stands as
``{"$reply": [interaction, *path in its response]}``.

A text of several lines, or one that somebody said, stands as ``{"$lines": n}`` and
follows on n lines of its own, so that a changed reply shows as changed lines; ``lines``
in the record counts all that belong to it. The events of a stream follow in the same way,
``[value]`` being ``data: `` and that value as JSON; a second item is what ends the line
before its newline. The ``end`` line distinguishes a finished file from one cut off between lines.

Version 1 had neither envelopes, header sets nor replies; see
`harness.cassettes.version1`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

SCHEMA_VERSION = 2

Kind = Literal["json", "text", "bytes"]
# What was removed where a placeholder stands: some text, a text without blanks, or nothing,
# when the placeholder itself was asked.
Removed = Literal["text", "word", "nothing"]
# Checked where a file is read.
Size = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Status = Annotated[int, msgspec.Meta(ge=100, le=999)]
Chunks = tuple[tuple[Size, Seconds], ...]


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
        conversation_digest: Digest of what of the scenario shapes the conversation:
            task, team, fixtures and limits, but not checks and scorers.
        engine_version: Framework and version, e.g. "autogen 0.14.1".
        sdk_version: Client library and version, e.g. "openai 3.52.0".
        facets: What of the config shapes requests, by name, e.g. ``{"temperature": "0.2"}``.
        ignored: Rules for what matching overlooks; see `harness.cassettes.ignoring`.
        updated_at: ISO 8601 UTC time when a part of it was last recorded anew; "" if never.
        imported_from: File it was imported from; "" if it was recorded here.
        cost_usd: US dollars of all calls, as priced when recorded; None if one has no price.
        artefacts: Digest by path of each file that the agents' code left; None if nobody
            noted them.
    """

    schema_version: int = SCHEMA_VERSION
    recorded_at: str
    source: str
    base_url: str
    sample: str = ""
    config_digest: str = ""
    scenario_digest: str = ""
    conversation_digest: str = ""
    engine_version: str = ""
    sdk_version: str = ""
    facets: dict[str, str] = {}
    ignored: tuple[str, ...] = ()
    updated_at: str = ""
    imported_from: str = ""
    cost_usd: float | None = None
    artefacts: dict[str, str] | None = None


class PartRecord(
    _Record, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="part"
):
    """An item of a request's list, stored once.

    Attributes:
        id: Its number, from 1.
        value: The item, folded.
        removed: What the placeholder in it stands for, if it has one.
        replies: Interactions whose response the value quotes.
        lines: How many lines of text follow.
    """

    id: int
    value: msgspec.Raw
    removed: Removed = "text"
    replies: tuple[int, ...] = ()
    lines: int = 0


class EnvelopeRecord(
    _Record, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="envelope"
):
    """What of a request is not in its lists, stored once.

    Attributes:
        id: Its number, from 1.
        method: HTTP method.
        path: Path of the URL.
        query: Query of the URL, sorted.
        origin: Scheme, host and port, where they are not those of the header's base URL.
        body: What the body is: JSON, other text, or bytes (one character each).
        fields: The body without its lists, folded.
        headers: Request headers that were kept.
        removed: What the placeholder in path, query or fields stands for, if they have one.
        replies: Interactions whose response the fields quote.
        lines: How many lines of text follow.
    """

    id: int
    method: str
    path: str
    query: str = ""
    origin: str = ""
    body: Kind = "json"
    fields: msgspec.Raw = msgspec.Raw(b"null")
    headers: dict[str, list[str]] = {}
    removed: Removed = "text"
    replies: tuple[int, ...] = ()
    lines: int = 0


class HeadersRecord(_Record, frozen=True, kw_only=True, tag_field="kind", tag="headers"):
    """A set of response headers, stored once."""

    id: int
    values: dict[str, list[str]]


class ListRecord(_Record, frozen=True, kw_only=True, omit_defaults=True):
    """A request's list: the first `keep` items of interaction `like`'s, then `add`."""

    like: int = 0
    keep: int = 0
    add: tuple[int, ...] = ()


class Payload(_Record, frozen=True, kw_only=True, omit_defaults=True):
    """Exact bytes in the most readable of four forms; see `harness.cassettes.payload`.

    Attributes:
        json: The value, if the body is JSON written in a known style.
        style: How `json`, or the JSON of `events`, is written.
        text: The body as text; a marker in a file.
        events: The lines of an event stream, ``[value]`` for ``data:`` with JSON; in a
            file their number, as they follow.
        base64: The body, if it is none of these.
    """

    json: Any = msgspec.UNSET
    style: str = ""
    text: Any = msgspec.UNSET
    events: Any = msgspec.UNSET
    base64: str = ""


class ResponseRecord(_Record, frozen=True, kw_only=True, omit_defaults=True):
    """A response; the body is decoded, so no content-encoding or length is kept.

    Attributes:
        status: HTTP status code.
        reason: HTTP reason phrase.
        headers: Headers that were kept, names in lower case.
        body: The body.
        chunks: Size in bytes, and seconds since the request, of each piece of a
            streamed body; the sizes add up to the body's, unless that was edited since:
            then the pieces are fitted to it when they are read.
    """

    status: Status
    reason: str = ""
    headers: dict[str, list[str]] = {}
    body: Payload = Payload()
    chunks: Chunks = ()


class InteractionRecord(
    _Record, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="interaction"
):
    """One request and its response, by reference.

    Attributes:
        number: Position in the cassette, from 1.
        agent: Who made the call; "" if nobody said.
        purpose: Why it was made; "" if nobody said.
        envelope: Number of the request's envelope.
        lists: The request's lists.
        status: HTTP status code.
        reason: HTTP reason phrase.
        headers: Number of the response's headers; 0 for none.
        body: Response body, its texts folded.
        chunks: See `ResponseRecord`.
        latency_seconds: Time from sending the request to having read the response.
        cost_usd: US dollars, as priced when recorded; None without a price.
        before: The interaction with the same request that was asked after this one,
            but answered before; 0 if there is none.
        replies: Earlier interactions whose response the body quotes.
        lines: How many lines of text follow.
    """

    number: int
    agent: str = ""
    purpose: str = ""
    envelope: int
    lists: dict[str, ListRecord] = {}
    status: Status
    reason: str = ""
    headers: int = 0
    body: Payload = Payload()
    chunks: Chunks = ()
    latency_seconds: float
    cost_usd: float | None = None
    before: int = 0
    replies: tuple[int, ...] = ()
    lines: int = 0


class EndRecord(_Record, frozen=True, kw_only=True, tag_field="kind", tag="end"):
    """Last line of a finished cassette."""

    interactions: int


AnyRecord = (
    CassetteHeader | PartRecord | EnvelopeRecord | HeadersRecord | InteractionRecord | EndRecord
)
# A line is a record, a line of text, or an event of a stream.
AnyLine = AnyRecord | str | list[msgspec.Raw]


def encode_header(header: CassetteHeader) -> bytes:
    """Encode a header as the first line of a cassette."""
    return msgspec.json.encode(header) + b"\n"
