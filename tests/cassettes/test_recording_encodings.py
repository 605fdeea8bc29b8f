"""A compressed answer is recorded whole, however many frames it comes in."""

from __future__ import annotations

import httpx
import pytest
import requests
import zstandard

from harness.cassettes import load_cassette, recording, replaying

FIRST, SECOND = b'{"first": "half",', b' "second": "half"}'


def post(provider):
    return httpx.post(f"{provider.base_url}/chat", json={"a": 1})


def test_all_frames_of_a_zstd_answer_are_recorded(kit, provider, path):
    body = zstandard.compress(FIRST) + zstandard.compress(SECOND)
    provider.reply = lambda *_: kit.Answer(
        body, headers={"content-type": "application/json", "content-encoding": "zstd"}
    )

    with recording(path, kit.header(provider)):
        live = post(provider).content
    with replaying(path):
        again = post(provider).content

    assert live == again == FIRST + SECOND
    assert load_cassette(path).interactions[0].content == FIRST + SECOND


@pytest.mark.parametrize("spoil", [lambda body: body[:-3], lambda body: body + b"rest"])
def test_a_zstd_answer_that_is_not_whole_is_kept_as_it_came(kit, provider, path, spoil):
    body = spoil(zstandard.compress(FIRST) + zstandard.compress(SECOND))
    provider.reply = lambda *_: kit.Answer(body, headers={"content-encoding": "zstd"})

    with (
        recording(path, kit.header(provider)),
        requests.post(f"{provider.base_url}/chat", json={"a": 1}, stream=True) as response,
    ):
        assert response.raw.read(decode_content=False) == body

    assert load_cassette(path).interactions[0].content == body
