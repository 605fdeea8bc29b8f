"""What redaction does to real recordings of other projects: nothing that is no secret."""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cassettes.bodies import clean_body
from harness.cassettes.matching import request_of
from harness.cassettes.redaction import Redactor
from harness.cassettes.scrub import Scrubber

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data" / "cassettes"
pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"{RECORDINGS} is not there")

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{64,}={0,2}")


def _bytes(body: Any) -> bytes:
    body = body.get("string") if isinstance(body, dict) else body
    body = body.encode() if isinstance(body, str) else body or b""
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


@cache
def recorded() -> list[tuple[str, Any, bytes, bytes, str]]:
    """Where, the request, its body, the response body and its content type."""
    found = []
    for path in sorted(RECORDINGS.rglob("*.yaml")):
        document = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)  # plain tags only
        for number, one in enumerate(document["interactions"]):
            headers = {name.lower(): value for name, value in one["response"]["headers"].items()}
            found.append(
                (
                    f"{path.name}[{number}]",
                    one["request"],
                    _bytes(one["request"].get("body")),
                    _bytes(one["response"]["body"]),
                    "".join(map(str, headers.get("content-type", []))),
                )
            )
    return found


def test_there_is_base64_with_the_beginnings_of_keys_in_it():
    payloads = [
        found
        for _, _, request, response, _ in recorded()
        for found in _BASE64.findall(request) + _BASE64.findall(response)
    ]

    assert len(payloads) > 100
    assert sum(payload.count(b"sk-") for payload in payloads) >= 5
    assert sum(payload.count(b"eyJ") for payload in payloads) >= 50


def test_no_response_changes():
    redactor = Redactor()

    changed = [
        place
        for place, _, _, response, content_type in recorded()
        if clean_body(response, content_type, redactor) != response
    ]

    assert changed == []


def test_no_request_changes():
    scrubber = Scrubber(Redactor())

    changed = []
    for place, request, body, _, _ in recorded():
        asked = request_of(request["method"], request["uri"], body)
        if scrubber.request(asked) is not asked:
            changed.append(place)

    assert changed == []


def test_a_key_planted_beside_base64_goes_and_the_base64_stays():
    key = "sk-proj-4f9A8b7C6d5E4f3A2b1C0d9E8f7A6b5C"
    redactor = Redactor()
    planted = 0

    for place, _, _, response, content_type in recorded():
        if not _BASE64.search(response) or not response.startswith(b"{"):
            continue
        value = {**json.loads(response), "note": f"use {key}"}
        dirty = json.dumps(value).encode()
        clean = clean_body(dirty, content_type, redactor)
        planted += 1
        assert key.encode() not in clean, place
        assert _BASE64.findall(clean) == _BASE64.findall(dirty), place

    assert planted > 10
