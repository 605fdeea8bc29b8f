"""Calls are kept apart beside httplib2 and botocore, too, and aiohttp streams."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from http_askers import asker, counting, header, make_certificate
from isolation import (
    check_one_sample_for_all,
    check_recordings_beside_replays,
    check_samples_of_their_own,
)
from slow_stream import WAIT_SECONDS, chat_events, serving_slowly

from harness.cassettes import load_cassette, recording, replaying
from harness.errors import CassetteMiss

LIBRARIES = ["httplib2", "botocore", "requests", "urllib3", "urllib", "http.client"]
EVENTS = chat_events("One", " two", " three")


@pytest.fixture(autouse=True)
def _both_libraries() -> None:
    for name in ("httplib2", "botocore"):
        pytest.importorskip(name, reason=f"{name} is not installed here")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "check",
    [check_samples_of_their_own, check_one_sample_for_all, check_recordings_beside_replays],
)
def test_no_call_of_a_thread_is_lost_or_goes_live(tmp_path, library, check):
    with counting() as server:
        check(asker(library, server), server, tmp_path)


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_call_over_tls_is_lost_or_goes_live(certificate, tmp_path, library):
    with counting(certificate) as server:
        check_samples_of_their_own(asker(library, server), server, tmp_path)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_thread_of_no_sample_is_refused(tmp_path, library):
    path = tmp_path / "sample.jsonl"
    go, outcomes = threading.Event(), []

    def stray():
        go.wait(WAIT_SECONDS)
        try:
            outcomes.append(ask("one"))
        except BaseException as refusal:
            outcomes.append(refusal)

    with counting() as server:
        ask = asker(library, server)
        thread = threading.Thread(target=stray)
        thread.start()
        with recording(path, header(server.url)):
            ask("one")
        with replaying(path) as session:
            go.set()
            thread.join(WAIT_SECONDS)

    assert [type(outcome) for outcome in outcomes] == [CassetteMiss]
    assert (session.sockets_opened, len(session.misses), len(server.asked)) == (0, 1, 1)


async def pieces_of(url: str) -> list[bytes]:
    aiohttp = pytest.importorskip("aiohttp")
    async with aiohttp.ClientSession() as client, client.post(url, json={"a": 1}) as response:
        return [piece async for piece in response.content.iter_any()]


def test_aiohttp_replays_a_stream_in_its_pieces(tmp_path):
    path = tmp_path / "sample.jsonl"
    with serving_slowly(*EVENTS, delay_seconds=0.05) as slow:
        with recording(path, header(slow.base_url)):
            recorded = asyncio.run(pieces_of(slow.base_url))
        with replaying(path, pace=0.1):
            replayed = asyncio.run(pieces_of(slow.base_url))

    (interaction,) = load_cassette(path).interactions
    sizes, seconds = zip(*interaction.chunks, strict=True)
    assert b"".join(recorded) == b"".join(EVENTS)
    assert replayed == EVENTS
    assert list(sizes) == [len(event) for event in EVENTS]
    assert seconds[-1] - seconds[0] > 0.05
    assert len(slow.requests) == 1


@pytest.mark.parametrize("way", ["lines", "read", "chunks", "exactly", "json lines"])
def test_aiohttp_reads_replayed_pieces_in_any_way(tmp_path, way):
    aiohttp = pytest.importorskip("aiohttp")
    path = tmp_path / "sample.jsonl"
    whole = b"".join(EVENTS)

    async def read():
        async with aiohttp.ClientSession() as client, client.post(slow.base_url) as response:
            content = response.content
            if way == "lines":
                return b"".join([line async for line in content])
            if way == "read":
                return await response.read()
            if way == "chunks":
                return b"".join([chunk async for chunk, _ in content.iter_chunks()])
            if way == "exactly":
                return await content.readexactly(len(whole))
            return b"".join([await content.readuntil(b"\n\n") for _ in EVENTS])

    with serving_slowly(*EVENTS, delay_seconds=0.02) as slow:
        with recording(path, header(slow.base_url)):
            live = asyncio.run(read())
        with replaying(path):
            replayed = asyncio.run(read())

    assert live == replayed == whole


def test_a_broken_stream_is_no_answer_for_aiohttp(tmp_path):
    aiohttp = pytest.importorskip("aiohttp")
    path = tmp_path / "sample.jsonl"
    with (
        serving_slowly(*EVENTS, dies_after=2, delay_seconds=0.02) as slow,
        recording(path, header(slow.base_url)) as session,
        pytest.raises(aiohttp.ClientError),
    ):
        asyncio.run(pieces_of(slow.base_url))

    assert not session.is_sound
    assert not path.exists()
