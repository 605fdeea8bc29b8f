"""Words of the scripted provider never pass for a model's, and a model's never for them."""

from __future__ import annotations

import json

import pytest

from harness.cassettes import load_cassette, recording


@pytest.mark.parametrize(
    ("fingerprint", "text", "source"),
    [
        pytest.param("scripted-estimate", "hello", "scripted provider", id="its own reply"),
        pytest.param("fp_44709d6fcb", "hello", "elsewhere.example", id="a model's reply"),
        pytest.param(
            "fp_44709d6fcb",
            '{"system_fingerprint": "scripted-estimate"}',
            "elsewhere.example",
            id="a model that quotes one",
        ),
    ],
)
def test_who_answered_is_told_by_the_replies(kit, provider, path, fingerprint, text, source):
    answer = kit.completion(text, system_fingerprint=fingerprint)
    provider.reply = lambda request, number: answer
    header = kit.header(provider, source="elsewhere.example")

    with recording(path, header) as session, kit.client(provider.base_url) as client:
        kit.ask(client, "one")

    assert json.loads(path.read_text().split("\n")[0])["source"] == source
    assert session.use("x").source == load_cassette(path).header.source == source
