"""Recordings of other tools become cassettes, whole."""

from __future__ import annotations

import base64
import gzip
import importlib.util
import json
import os
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cassettes import load_cassette
from harness.cassettes.exchange import import_recording
from harness.cassettes.exchange.govcr import seconds
from harness.cassettes.replaying import ReplaySession
from harness.cassettes.session import Sent
from harness.errors import CassetteError

URL = "https://api.openai.com/v1/chat/completions"
REQUEST = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hi \xc3\xa4"}]}'
ANSWER = json.dumps(
    {
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"message": {"role": "assistant", "content": "Hello.\nYou."}}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
    },
    indent=2,
).encode()
JSON = {"Content-Type": ["application/json"]}


def interaction(**changes: Any) -> dict[str, Any]:
    """One in vcrpy's form; a change names what it changes: request_body, response_headers."""
    request = {"body": REQUEST.decode(), "headers": dict(JSON), "method": "POST", "uri": URL}
    response = {
        "body": {"string": ANSWER.decode()},
        "headers": dict(JSON),
        "status": {"code": 200, "message": "OK"},
    }
    item = {"request": request, "response": response}
    for name, value in changes.items():
        side, _, key = name.partition("_")
        item[side][key] = value
    return item


def write(path: Path, *items: dict[str, Any], **top: Any) -> Path:
    document = {"interactions": list(items), "version": 1, **top}
    if path.suffix == ".json":
        path.write_text(json.dumps(document, indent=4))
    else:
        path.write_text(yaml.dump(document))
    return path


@pytest.fixture
def imported(tmp_path):
    """Write a recording, import it, and return the cassette."""

    def function(*items: dict[str, Any], name: str = "old.yaml", **top: Any) -> Any:
        source = write(tmp_path / name, *items, **top)
        import_recording(source, tmp_path / "new.jsonl")
        return load_cassette(tmp_path / "new.jsonl")

    return function


def only(cassette: Any) -> Any:
    (found,) = cassette.interactions
    return found


@pytest.mark.parametrize("name", ["old.yaml", "old.yml", "old.json"])
def test_vcrpys_yaml_and_json_are_read(imported, name):
    found = only(imported(interaction(), name=name))

    assert (found.request.method, found.request.path) == ("POST", "/v1/chat/completions")
    assert (found.status, found.reason, found.content) == (200, "OK", ANSWER)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"string": ANSWER}, ANSWER, id="binary"),
        pytest.param({"string": "t\u00e4xt\r\n\u2028"}, "t\u00e4xt\r\n\u2028".encode(), id="text"),
        pytest.param({"string": b"\x00\xff\xfe"}, b"\x00\xff\xfe", id="bytes"),
        pytest.param({"string": ["one ", b"two"]}, b"one two", id="a list of pieces"),
        pytest.param({"string": ""}, b"", id="empty"),
        pytest.param({"string": None}, b"", id="null"),
        pytest.param({}, b"", id="an empty mapping"),
        pytest.param(None, b"", id="no body"),
        pytest.param("plain", b"plain", id="a text without a mapping"),
    ],
)
def test_response_bodies_are_read_in_every_form(imported, body, expected):
    assert only(imported(interaction(response_body=body))).content == expected


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(REQUEST.decode(), id="text"),
        pytest.param(REQUEST, id="binary"),
        pytest.param([REQUEST[:9], REQUEST[9:]], id="a list of pieces"),
        pytest.param(json.loads(REQUEST), id="a mapping, as aiohttp hands it over"),
    ],
)
def test_request_bodies_are_read_in_every_form(imported, body):
    cassette = imported(interaction(request_body=body))

    answer = ReplaySession(cassette).answer(Sent("POST", URL, {}, REQUEST))
    assert answer.content == ANSWER


def test_bodies_that_vcrpy_wrote_as_python_objects_are_read_as_data(tmp_path):
    source = write(tmp_path / "old.yaml", interaction(request_body="BUFFER"))
    encoded = base64.b64encode(REQUEST).decode()
    buffer = f"!!python/object/new:_io.BytesIO\n      state: !!python/tuple [!!binary {encoded}]"
    source.write_text(source.read_text().replace("BUFFER", buffer))

    import_recording(source, tmp_path / "new.jsonl")

    session = ReplaySession(load_cassette(tmp_path / "new.jsonl"))
    assert session.answer(Sent("POST", URL, {}, REQUEST)).content == ANSWER


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Content-Type": "text/plain", "Retry-After": 3}, id="one value each"),
        pytest.param({"Content-Type": ["text/plain"], "Retry-After": ["3"]}, id="lists"),
        pytest.param({"content-type": [b"text/plain"], b"retry-after": b"3"}, id="bytes"),
        pytest.param([["content-type", "text/plain"], ["retry-after", "3"]], id="pairs"),
    ],
)
def test_headers_are_read_in_every_form(imported, headers):
    found = only(imported(interaction(response_headers=headers)))

    assert found.headers == {"content-type": ["text/plain"], "retry-after": ["3"]}


def test_early_httpx_recordings_are_read(imported):
    response = {
        "status_code": 201,
        "http_version": "HTTP/1.1",
        "headers": {**JSON, "content-encoding": ["gzip"]},
        "content": ANSWER.decode(),
    }

    found = only(imported({"request": interaction()["request"], "response": response}))

    assert (found.status, found.content) == (201, ANSWER)
    assert "content-encoding" not in found.headers


def test_pydantic_ais_parsed_bodies_become_json_again(imported):
    item = interaction()
    item["request"].pop("body")
    item["request"]["parsed_body"] = json.loads(REQUEST)
    item["response"].pop("body")
    item["response"]["parsed_body"] = json.loads(ANSWER)
    item["response"]["headers"]["content-encoding"] = ["br"]

    found = only(imported(item))

    assert json.loads(found.content) == json.loads(ANSWER)
    assert found.cost_usd == pytest.approx((1000 * 0.15 + 100 * 0.6) / 1e6)


def test_go_vcrs_recordings_are_read(tmp_path):
    source = tmp_path / "go.yaml"
    source.write_text(
        f"""---
version: 2
interactions:
    - id: 0
      request:
        proto: HTTP/1.1
        host: api.openai.com
        form: {{}}
        body: '{REQUEST.decode()}'
        headers: {{Content-Type: [application/json]}}
        url: {URL}
        method: POST
      response:
        proto: HTTP/2.0
        content_length: -1
        body: |+
            data: {{"choices":[]}}

            data: [DONE]

        headers:
            Content-Type: [text/event-stream]
            Date: ["Fri, 14 Nov 2025 09:30:00 GMT"]
        status: 200 OK
        code: 200
        duration: 1.25s
"""
    )

    result = import_recording(source, tmp_path / "new.jsonl")

    cassette = load_cassette(result.path)
    found = only(cassette)
    assert result.format == "go-vcr"
    assert (found.status, found.reason, found.latency_seconds) == (200, "OK", 1.25)
    assert found.content == b'data: {"choices":[]}\n\ndata: [DONE]\n\n'
    assert cassette.header.recorded_at == "2025-11-14T09:30:00+00:00"
    session = ReplaySession(cassette)
    assert session.answer(Sent("POST", URL, {}, REQUEST)).content == found.content


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ("532.5ms", 0.5325),
        ("1m2.5s", 62.5),
        ("18\u00b5s", 18e-6),
        (1_500_000_000, 1.5),
        ("soon", 0.0),
        ("-3s", 0.0),
        (float("nan"), 0.0),
        (None, 0.0),
    ],
)
def test_gos_durations_become_seconds(duration, expected):
    assert seconds(duration) == pytest.approx(expected)


def _zstd(body: bytes) -> bytes:
    import zstandard

    return zstandard.compress(body)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        pytest.param("gzip", gzip.compress(ANSWER), id="gzip"),
        pytest.param("gzip", gzip.compress(ANSWER[:9]) + gzip.compress(ANSWER[9:]), id="members"),
        pytest.param("deflate", zlib.compress(ANSWER), id="deflate"),
        pytest.param("deflate", zlib.compress(ANSWER)[2:-4], id="raw deflate"),
        pytest.param("zstd", _zstd(ANSWER), id="zstd"),
        pytest.param("gzip, zstd", _zstd(gzip.compress(ANSWER)), id="two"),
        pytest.param("identity", ANSWER, id="identity"),
        pytest.param("gzip", ANSWER, id="decoded already"),
        pytest.param("br", ANSWER, id="decoded already by what is not installed"),
    ],
)
def test_compressed_bodies_are_stored_decompressed(imported, encoding, packed):
    headers = {**JSON, "Content-Encoding": [encoding]}

    found = only(imported(interaction(response_headers=headers, response_body={"string": packed})))

    assert found.content == ANSWER
    assert "content-encoding" not in found.headers


def test_what_an_unknown_encoding_hides_stays_as_it_is(imported):
    headers = {"content-encoding": ["x-own"]}
    item = interaction(response_headers=headers, response_body={"string": b"\x00\xff"})

    found = only(imported(item))

    assert (found.content, found.headers) == (b"\x00\xff", headers)


def test_brotli_is_decoded_or_asked_for(tmp_path):
    headers = {"content-encoding": ["br"]}
    # "hello", as brotli writes it.
    packed = b"\x0b\x02\x80hello\x03"
    source = write(
        tmp_path / "old.yaml",
        interaction(),
        interaction(response_headers=headers, response_body={"string": packed}),
    )

    if importlib.util.find_spec("brotli"):
        import_recording(source, tmp_path / "new.jsonl")
        assert load_cassette(tmp_path / "new.jsonl").interactions[1].content == b"hello"
    else:
        with pytest.raises(CassetteError, match=r"old\.yaml:\d+: .*pip install brotli"):
            import_recording(source, tmp_path / "new.jsonl")
        assert not (tmp_path / "new.jsonl").exists()


def test_the_header_says_where_when_and_how_much(imported, tmp_path):
    date = {**JSON, "Date": ["Tue, 24 Sep 2024 21:38:46 GMT"]}
    elsewhere = "https://telemetry.example:4319/v1/traces"

    cassette = imported(
        interaction(response_headers=date),
        interaction(request_uri=elsewhere, response_body=None),
        interaction(),
    )

    header = cassette.header
    assert (header.source, header.base_url) == ("api.openai.com", "https://api.openai.com/v1")
    assert header.recorded_at == "2024-09-24T21:38:46+00:00"
    assert header.imported_from == "old.yaml"
    assert header.cost_usd is None
    assert [found.cost_usd for found in cassette.interactions] == [
        pytest.approx(0.00021),
        None,
        pytest.approx(0.00021),
    ]
    origins = [found.request.origin or "https://api.openai.com" for found in cassette.interactions]
    assert origins[1] == "https://telemetry.example:4319"


def test_without_a_date_the_files_own_time_stands_in(tmp_path):
    source = write(tmp_path / "old.yaml", interaction())
    os.utime(source, (1_700_000_000, 1_700_000_000))

    result = import_recording(source, tmp_path / "new.jsonl")

    assert not result.is_time_from_file
    assert load_cassette(result.path).header.recorded_at == "2023-11-14T22:13:20+00:00"


def test_secrets_are_replaced_and_counted(tmp_path):
    key = "sk-proj-0123456789abcdef0123456789abcdef"
    source = write(
        tmp_path / "old.yaml",
        interaction(
            request_headers={**JSON, "Authorization": ["Bearer opaque-credential-of-mine"]},
            response_body={"string": '{"text": "the key is opaque-credential-of-mine"}'},
        ),
        interaction(request_body=f'{{"messages": [{{"role": "user", "content": "{key}"}}]}}'),
        interaction(),
    )

    result = import_recording(source, tmp_path / "new.jsonl")

    text = result.path.read_text()
    assert result.redacted == 2
    assert key not in text
    assert "opaque-credential-of-mine" not in text


def test_identical_requests_keep_their_answers_in_order(imported):
    cassette = imported(*[interaction(response_body={"string": text}) for text in "abc"])

    session = ReplaySession(cassette)
    answers = [session.answer(Sent("POST", URL, {}, REQUEST)).content for _ in range(3)]
    assert answers == [b"a", b"b", b"c"]


def test_references_are_followed(tmp_path):
    item = interaction()
    source = write(tmp_path / "old.yaml", item, dict(item))
    assert "*id001" in source.read_text()

    result = import_recording(source, tmp_path / "new.jsonl")

    first, second = load_cassette(result.path).interactions
    assert first.request.digest == second.request.digest
    assert first.content == second.content == ANSWER


def test_an_import_replaces_nothing_unless_told(tmp_path):
    source = write(tmp_path / "old.yaml", interaction())
    target = tmp_path / "new.jsonl"
    target.write_text("precious")

    with pytest.raises(CassetteError, match="exists and was not replaced"):
        import_recording(source, target)
    assert target.read_text() == "precious"

    import_recording(source, target, overwrite=True)
    assert len(load_cassette(target).interactions) == 1
