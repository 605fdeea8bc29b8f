"""Whatever a file holds: a cassette that can be read to its last byte, or a clear refusal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cassettes import CassetteHeader, load_cassette, replaying
from harness.cassettes.cassette import Cassette, Interaction
from harness.cassettes.exchange import export_cassette
from harness.cassettes.exchange.exporting import body_of
from harness.cassettes.format import ResponseRecord
from harness.cassettes.leaks import find_leaks
from harness.cassettes.matching import request_of
from harness.cassettes.payload import payload_of
from harness.cassettes.redaction import Redactor
from harness.cassettes.writer import CassetteWriter
from harness.errors import CassetteError, CassetteMiss

EXAMPLES = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
HOST = "http://127.0.0.1:1"
LONG = "A sentence that is long enough to be quoted,\nwith a second line."
TWIN = "Another reply of some length, which the next request quotes."


def write_good(path: Path) -> None:
    """A cassette with everything that the format has."""
    header = CassetteHeader(
        recorded_at="2026-01-02T03:04:05+00:00",
        source="test",
        base_url=f"{HOST}/v1",
        ignored=("uuid", "$.user"),
        facets={"model": "m"},
    )
    writer = CassetteWriter(path, header)
    said = json.dumps({"choices": [{"message": {"content": LONG}}], "usage": {"total_tokens": 3}})
    twin = json.dumps({"text": TWIN, "old": LONG})
    events = "".join(f"data: {json.dumps({'delta': piece})}\r\n\r\n" for piece in ("a", "b\nc"))
    stream = f": hello\n{events}data: [DONE]\n\n".encode()
    plain = {"content-type": ["application/json"], "x-request-id": ["r1", "r2"]}
    sse = {"content-type": ["text/event-stream"]}
    exchanges: list[tuple[list[str], bytes, dict[str, Any]]] = [
        (["hello\nyou"], said.encode(), {"headers": plain}),
        (["hello\nyou", LONG, "more"], twin.encode(), {"headers": plain}),
        (["hello\nyou", LONG, TWIN], stream, {"headers": sse, "chunks": ((20, 0.1), (30, 0.2))}),
        (["[redacted]", "x"], b"\xff\x00\xfe", {}),
        (["text"], b"two\nlines, but no JSON", {"status": 500, "reason": "Sorry"}),
    ]
    for texts, content, more in exchanges:
        if "chunks" in more:
            rest = len(content) - sum(size for size, _ in more["chunks"])
            more["chunks"] = (*more["chunks"], (rest, 0.3))
        body = {"model": "m", "messages": [{"role": "user", "content": text} for text in texts]}
        writer.write(
            request_of("POST", f"{HOST}/v1/chat?a=1", json.dumps(body).encode()),
            ResponseRecord(**{"status": 200, "reason": "OK", **more}, body=payload_of(content)),
            latency_seconds=0.5,
            caller=("coder", "reply"),
            request_headers={"accept": ["x"]},
            cost_usd=0.25,
        )
    for body, before in ((b"no JSON", 0), (b"\xff\xfe", 0), (b"", 0), (b"", 8)):
        writer.write(
            request_of("GET", f"{HOST}/other", body),
            ResponseRecord(status=204),
            latency_seconds=0.0,
            before=before,
        )
    writer.finish()


MARKERS = [
    {"$lines": 2},
    {"$lines": 1},
    {"$lines": 0},
    {"$lines": -1},
    {"$lines": 2**62},
    {"$lines": True},
    {"$lines": "2"},
    {"$$lines": 1},
    {"$reply": []},
    {"$reply": [1]},
    {"$reply": [1, "choices", 0, "message", "content"]},
    {"$reply": [2, "text"]},
    {"$reply": [2, "old"]},
    {"$reply": [3, "x"]},
    {"$reply": [-1, "text"]},
    {"$reply": [2**70, "text"]},
    {"$reply": [True, "text"]},
    {"$reply": [1, "choices", -1, "message", "content"]},
    {"$reply": [1, "choices", 2**70]},
    {"$reply": [1, ["choices"]]},
    {"$reply": "1"},
]
ODD_NUMBERS = [0, 1, 2, 3, 7, 99, 200, 1000, 99999, -1, 2**31, 2**63, -(2**63), 2**70, 10**400]
ODD_TEXTS = ["", "\0", "\n", "\ud800", "\u2028", "[redacted]", "é", "data: {}", "x" * 30, "$lines"]
ODD = [0.5, -0.5, 1e308, -1e-320, float("nan"), float("inf"), True, False, None, [], {}, [[]]]
SCALARS = st.sampled_from([*ODD_NUMBERS, *ODD_TEXTS, *ODD, *MARKERS])
NAMES = st.sampled_from(
    [
        *("kind", "id", "number", "lines", "events", "json", "text", "base64", "style", "$lines"),
        *("$reply", "like", "keep", "add", "before", "chunks", "status", "headers", "replies"),
        *("fields", "body", "x"),
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
PIECES = [b"", b"\n", b"\r", b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b'"', b"{", b"]"]
PIECES += [b"\\ud800", b"NaN", b"1e999", b"-", b"9" * 25, b"\n\n", b"}\n{", b" ", b"[" * 3000]


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a value, with each of its keys."""
    found: list[tuple[Any, Any]] = []
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        found.append((value, key))
        if isinstance(value[key], dict | list):
            found += _places(value[key])
    return found


def change_value(draw: Any, lines: list[bytes]) -> None:
    """Change one value somewhere in a record."""
    at = draw(st.integers(0, len(lines) - 1))
    try:
        record = json.loads(lines[at])
    except (ValueError, RecursionError):
        return
    if not isinstance(record, dict | list) or not record:
        record = draw(VALUES)
    else:
        container, key = draw(st.sampled_from(_places(record)))
        how = draw(st.sampled_from(["replace", "replace", "replace", "remove", "add", "wrap"]))
        if how == "replace":
            container[key] = draw(VALUES)
        elif how == "remove":
            del container[key]
        elif how == "wrap":
            container[key] = [container[key]] if draw(st.booleans()) else {"x": container[key]}
        elif isinstance(container, dict):
            container[draw(NAMES)] = draw(VALUES)
        else:
            container.insert(key, draw(VALUES))
    lines[at] = json.dumps(record).encode() + b"\n"


def change_number(draw: Any, lines: list[bytes]) -> None:
    """Change one number a little, so that it refers to a neighbour."""
    at = draw(st.integers(0, len(lines) - 1))
    try:
        record = json.loads(lines[at])
    except (ValueError, RecursionError):
        return
    if isinstance(record, dict | list):
        numbers = [(one, key) for one, key in _places(record) if type(one[key]) is int]
        if numbers:
            container, key = draw(st.sampled_from(numbers))
            container[key] += draw(st.sampled_from([-2, -1, 1, 2]))
            lines[at] = json.dumps(record).encode() + b"\n"


def change_lines(draw: Any, lines: list[bytes]) -> None:
    """Delete, double or move lines."""
    at, to = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    how = draw(st.sampled_from(["delete", "double", "move", "swap", "new"]))
    if how == "delete" and len(lines) > 1:
        del lines[at]
    elif how == "double":
        lines.insert(to, lines[at])
    elif how == "move":
        lines.insert(to, lines.pop(at))
    elif how == "swap":
        lines[at], lines[to] = lines[to], lines[at]
    else:
        lines.insert(at, json.dumps(draw(VALUES)).encode() + b"\n")


def change_bytes(draw: Any, lines: list[bytes]) -> None:
    """Put other bytes in the place of some."""
    at = draw(st.integers(0, len(lines) - 1))
    start = draw(st.integers(0, len(lines[at])))
    end = start + draw(st.sampled_from([0, 0, 1, 5]))
    new = draw(st.sampled_from(PIECES) | st.binary(max_size=3))
    lines[at] = lines[at][:start] + new + lines[at][end:]


CHANGES = st.sampled_from([change_value, change_value, change_number, change_lines, change_bytes])


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("fuzz") / "good.jsonl"
    write_good(path)
    return path


def damaged(draw: Any, good: bytes) -> bytes:
    """A good file with one to three changes."""
    lines = good.splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 3))):
        draw(CHANGES)(draw, lines)
    data = b"".join(lines)
    how = draw(st.sampled_from(["", "", "", "", "crlf", "bom", "cut"]))
    if how == "crlf":
        return data.replace(b"\n", b"\r\n")
    if how == "bom":
        return b"\xef\xbb\xbf" + data
    return data[: draw(st.integers(0, len(data)))] if how == "cut" else data


def read_all(interaction: Interaction) -> None:
    """Everything that somebody may ask of an interaction."""
    request, payload = interaction.request, interaction.payload
    assert interaction.key == request.digest
    assert len(request.shape.kind) > 0
    assert type(interaction.is_masked) is bool
    assert isinstance(interaction.content, bytes)
    assert payload == interaction.payload
    assert not interaction.chunks or sum(size for size, _ in interaction.chunks) == len(
        interaction.content
    )
    assert all(size > 0 and seconds >= 0 for size, seconds in interaction.chunks)
    assert 100 <= interaction.status <= 999
    assert all(isinstance(value, list) for value in interaction.headers.values())
    assert interaction.latency_seconds >= 0
    assert (interaction.cost_usd or 0) >= 0


def replay(cassette: Cassette) -> None:
    """Ask everything through a real client; it is answered with what the file says."""
    with httpx.Client() as client:
        for interaction in cassette.interactions:
            request = interaction.request
            query = f"?{request.query}" if request.query else ""
            try:
                asked = client.build_request(
                    request.method, f"{HOST}{request.path}{query}", content=body_of(request)
                )
            except (httpx.InvalidURL, UnicodeEncodeError):
                continue  # Nobody can ask this.
            try:
                response = client.send(asked)
            except CassetteMiss:
                continue
            assert 100 <= response.status_code <= 999


def check(path: Path, data: bytes) -> bool:
    """Load a file of these bytes and use it in every way; whether it was accepted."""
    path.write_bytes(data)
    try:
        cassette = load_cassette(path)
        for interaction in cassette.interactions:
            read_all(interaction)
    except CassetteError as fault:
        assert str(fault).startswith(f"{path}:")
        return False
    with replaying(path):
        replay(cassette)
    find_leaks(path, Redactor.from_environment({}))
    if cassette.is_complete:
        export_cassette(path, path.with_suffix(".yaml"), overwrite=True)
    return True


@EXAMPLES
@given(data=st.data(), suffix=st.sampled_from(["", "", ".partial"]))
def test_a_damaged_cassette_is_read_whole_or_refused(good, data, suffix):
    check(good.with_name(f"bad.jsonl{suffix}"), damaged(data.draw, good.read_bytes()))


def test_the_good_cassette_is_accepted(good):
    assert check(good, good.read_bytes())
