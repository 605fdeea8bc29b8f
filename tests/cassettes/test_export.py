"""Cassettes become recordings that stock vcrpy replays."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import stock_vcr
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.cassettes import CassetteHeader, load_cassette
from harness.cassettes.exchange import export_cassette, import_recording
from harness.cassettes.format import ResponseRecord
from harness.cassettes.matching import request_of
from harness.cassettes.payload import payload_of
from harness.cassettes.writer import CassetteWriter
from harness.errors import CassetteError

BASE = "https://api.openai.com/v1"
URL = f"{BASE}/chat/completions"
MATCH_ON = ("method", "uri", "body")
JSON = {"content-type": "application/json"}


def write(path: Path, *calls: tuple[str, str, bytes, bytes]) -> Path:
    """A cassette of calls: method, URL, request body, response body."""
    header = CassetteHeader(recorded_at="2026-01-02T03:04:05+00:00", source="x", base_url=BASE)
    writer = CassetteWriter(path, header, overwrite=True)
    for method, url, body, content in calls:
        response = ResponseRecord(
            status=200,
            reason="OK",
            headers={"content-type": ["application/octet-stream"]},
            body=payload_of(content),
        )
        writer.write(request_of(method, url, body), response, latency_seconds=0.5)
    writer.finish()
    return path


def replayed(path: Path, *calls: dict[str, Any]) -> list[bytes | str]:
    """What stock vcrpy answers from a recording: bodies, or what went wrong."""
    (answers,) = stock_vcr.replay([{"path": str(path), "match_on": MATCH_ON, "calls": calls}])
    return [
        base64.b64decode(answer["body"]) if "body" in answer else answer["error"]
        for answer in answers
    ]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"a": [1, 2.50, "\xc3\xa4"]}\n', id="JSON"),
        pytest.param(b'data: {"a":1}\r\n\r\ndata: [DONE]\r\n\r\n', id="events"),
        pytest.param(bytes(range(256)), id="every byte"),
        pytest.param("".join(map(chr, range(0x300))).encode(), id="many characters"),
        pytest.param("\ufeff \u2028\u2029\x85 \U0001f600 \n\n ".encode(), id="odd characters"),
        pytest.param(b"- yes: !!python/name:os.system\n  <<: *x", id="what looks like YAML"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"2026-01-02", id="what looks like a date"),
    ],
)
def test_stock_vcrpy_gives_back_the_exact_bytes(tmp_path, content):
    source = write(tmp_path / "a.jsonl", ("POST", URL, b'{"a": 1}', content))

    export_cassette(source, tmp_path / "a.yaml")

    call = stock_vcr.call("POST", URL, JSON, b'{"a": 1}')
    assert replayed(tmp_path / "a.yaml", call) == [content]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    contents=st.lists(st.one_of(st.binary(), st.text().map(str.encode)), min_size=1, max_size=4),
    body=st.one_of(st.binary(), st.text().map(str.encode)),
)
def test_whatever_the_bytes_are_vcrpy_reads_them_back(tmp_path_factory, contents, body):
    from vcr.serialize import deserialize
    from vcr.serializers import yamlserializer

    folder = tmp_path_factory.mktemp("export")
    source = write(folder / "a.jsonl", *[("POST", URL, body, content) for content in contents])

    export_cassette(source, folder / "a.yaml")

    requests, responses = deserialize((folder / "a.yaml").read_text(), yamlserializer)
    assert [response["body"]["string"] for response in responses] == contents
    kind = load_cassette(source).interactions[0].request.shape.kind
    if kind != "json":
        assert all(request.body == body for request in requests)


def test_identical_requests_are_answered_in_recorded_order(tmp_path):
    calls = [("POST", URL, b'{"a":1}', answer) for answer in (b"one", b"two", b"three")]

    export_cassette(write(tmp_path / "a.jsonl", *calls), tmp_path / "a.yaml")

    call = stock_vcr.call("POST", URL, JSON, b'{"a":1}')
    assert replayed(tmp_path / "a.yaml", call, call, call) == [b"one", b"two", b"three"]


@pytest.mark.parametrize(
    "url",
    [
        pytest.param(f"{BASE}/models", id="below the base URL"),
        pytest.param("https://api.openai.com/", id="above the base URL"),
        pytest.param("http://127.0.0.1:11434/api/chat", id="another host"),
        pytest.param(f"{BASE}/files?limit=2&after=a%20b&empty=", id="a query in another order"),
        pytest.param("https://b.example/model/a%3A0/invoke", id="an escaped colon"),
        pytest.param("https://b.example/model/arn%3Aa%2Fb/invoke", id="an escaped slash"),
        pytest.param("https://g.example/models/gemini:generateContent?alt=sse", id="a plain colon"),
        pytest.param("https://m.example/chat#stream", id="a fragment"),
        pytest.param("https://m.example/caf%C3%A9/%25", id="escaped characters"),
    ],
)
def test_a_url_survives_import_and_export(tmp_path, url):
    entry = {
        "request": {"method": "GET", "uri": url, "body": None, "headers": {}},
        "response": {
            "status": {"code": 200, "message": ""},
            "headers": {},
            "body": {"string": "x"},
        },
    }
    other = {**entry, "request": {**entry["request"], "uri": URL}}
    (tmp_path / "a.yaml").write_text(
        yaml.dump({"version": 1, "interactions": [other, other, entry]})
    )
    import_recording(tmp_path / "a.yaml", tmp_path / "b.jsonl")

    export_cassette(tmp_path / "b.jsonl", tmp_path / "c.yaml")

    call = stock_vcr.call("GET", url, {}, b"")
    assert replayed(tmp_path / "c.yaml", call) == [b"x"]
    assert url in (tmp_path / "c.yaml").read_text()


def test_a_password_in_a_url_is_neither_imported_nor_exported(tmp_path):
    entry = {
        "request": {
            "method": "GET",
            "uri": "https://me:hunter2hunter2@a.example/x%3Ay?key=AIzaSyA0123456789abcdefghijklmnop",
            "body": None,
            "headers": {},
        },
        "response": {
            "status": {"code": 200, "message": ""},
            "headers": {},
            "body": {"string": "x"},
        },
    }
    (tmp_path / "a.yaml").write_text(yaml.dump({"version": 1, "interactions": [entry]}))
    import_recording(tmp_path / "a.yaml", tmp_path / "b.jsonl")

    exported = export_cassette(tmp_path / "b.jsonl", tmp_path / "c.yaml")

    text = (tmp_path / "b.jsonl").read_text() + (tmp_path / "c.yaml").read_text()
    assert exported.masked == 1
    assert "hunter2" not in text
    assert "AIza" not in text


def test_json_requests_are_written_compact(tmp_path):
    body = b'{ "model": "m", "messages": [ {"role": "user", "content": "\\u00e4"} ] }'
    source = write(tmp_path / "a.jsonl", ("POST", URL, body, b"x"))

    export_cassette(source, tmp_path / "a.yaml")

    (entry,) = yaml.safe_load((tmp_path / "a.yaml").read_text())["interactions"]
    assert entry["request"] == {
        "body": '{"model":"m","messages":[{"role":"user","content":"\u00e4"}]}',
        "headers": {"content-type": ["application/json"]},
        "method": "POST",
        "uri": URL,
    }


def test_an_export_replaces_nothing_unless_told(tmp_path):
    source = write(tmp_path / "a.jsonl", ("POST", URL, b"", b"x"))
    target = tmp_path / "a.yaml"
    target.write_text("precious")

    with pytest.raises(CassetteError, match="exists and was not replaced"):
        export_cassette(source, target)
    assert target.read_text() == "precious"

    export_cassette(source, target, overwrite=True)
    assert target.read_text().startswith("interactions:")


def test_a_damaged_cassette_exports_nothing(tmp_path):
    source = write(tmp_path / "a.jsonl", ("POST", URL, b"", b"x"))
    source.write_bytes(source.read_bytes()[:-20])

    with pytest.raises(CassetteError, match=r"a\.jsonl:\d+: "):
        export_cassette(source, tmp_path / "out" / "a.yaml")

    assert not (tmp_path / "out").exists()
