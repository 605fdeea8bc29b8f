"""A stream that is not read to its end, or does not come to one, while it is recorded."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from contextlib import suppress

import pytest
from slow_stream import WAIT_SECONDS, chat_events, serving_slowly

from harness.cassettes import load_cassette, recording
from harness.errors import SampleInterrupt

TEXTS = ("One", " two", " three", " four")
LIBRARIES = ["httpx", "httpx2"]


def ask(client):
    messages = [{"role": "user", "content": "count"}]
    return client.chat.completions.create(model="scripted-1", messages=messages, stream=True)


def pieces_of(library, url):
    module = pytest.importorskip(library)
    with module.stream("POST", url, json={"a": 1}, timeout=WAIT_SECONDS) as response:
        return list(response.iter_raw())


def test_a_client_that_stops_reading_leaves_a_whole_recording(kit, path):
    events = chat_events(*TEXTS)
    with (
        serving_slowly(*events, delay_seconds=0.02) as slow,
        recording(path, kit.header(slow)) as session,
        kit.client(slow.base_url) as client,
        ask(client) as stream,
    ):
        first = next(iter(stream))

    assert first.choices[0].delta.content == TEXTS[0]
    assert session.is_sound
    assert load_cassette(path).interactions[0].content == b"".join(events)
    assert slow.completed == 1


def test_an_asynchronous_client_that_stops_reading_leaves_a_whole_recording(kit, path):
    openai = pytest.importorskip("openai")

    async def talk(base_url):
        async with (
            openai.AsyncOpenAI(api_key=kit.key, base_url=base_url) as client,
            await ask(client) as stream,
        ):
            async for chunk in stream:
                return chunk.choices[0].delta.content

    with (
        serving_slowly(*chat_events(*TEXTS), delay_seconds=0.02) as slow,
        recording(path, kit.header(slow)),
    ):
        first = asyncio.run(talk(slow.base_url))

    assert first == TEXTS[0]
    assert load_cassette(path).interactions[0].content == b"".join(slow.pieces)


def test_a_stream_that_is_dropped_unclosed_leaves_a_whole_recording(kit, path):
    httpx = pytest.importorskip("httpx")
    with (
        serving_slowly(*chat_events(*TEXTS), delay_seconds=0.02) as slow,
        httpx.Client() as client,
        recording(path, kit.header(slow)) as session,
    ):
        request = client.build_request("POST", slow.base_url, json={"a": 1})
        response = client.send(request, stream=True)
        first = next(response.iter_raw())
        del response
        gc.collect()

    assert first == slow.pieces[0]
    assert session.is_sound
    assert load_cassette(path).interactions[0].content == b"".join(slow.pieces)


def test_a_stream_that_is_left_open_leaves_a_whole_recording_and_can_be_read_on(kit, path):
    with (
        serving_slowly(*chat_events(*TEXTS), delay_seconds=0.02) as slow,
        kit.client(slow.base_url) as client,
    ):
        with recording(path, kit.header(slow)) as session:
            stream = iter(ask(client))
            texts = [next(stream).choices[0].delta.content]
        texts += [chunk.choices[0].delta.content for chunk in stream]

    assert texts == list(TEXTS)
    assert session.is_sound
    assert load_cassette(path).interactions[0].content == b"".join(slow.pieces)


def test_a_stream_that_another_thread_still_reads_is_not_taken_from_it(kit, path):
    httpx = pytest.importorskip("httpx")
    gates = [threading.Event() for _ in chat_events(*TEXTS)[1:]]
    began, read = threading.Event(), []

    def read_all():
        with (
            suppress(SampleInterrupt),
            httpx.stream("POST", slow.base_url, timeout=WAIT_SECONDS) as response,
        ):
            for piece in response.iter_raw():
                read.append(piece)
                began.set()

    with serving_slowly(*chat_events(*TEXTS), gates=gates) as slow:
        with recording(path, kit.header(slow)) as session:
            reader = threading.Thread(target=read_all)
            reader.start()
            assert began.wait(WAIT_SECONDS)
            time.sleep(0.05)  # until it waits for the second piece
        for gate in gates:
            gate.set()
        reader.join(WAIT_SECONDS)

    assert read == slow.pieces
    assert not session.is_sound
    assert not path.exists()


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_stream_that_breaks_is_not_recorded_as_an_answer(kit, path, library):
    module = pytest.importorskip(library)
    with (
        serving_slowly(*chat_events(*TEXTS), dies_after=2, delay_seconds=0.02) as slow,
        recording(path, kit.header(slow)) as session,
        pytest.raises(module.RemoteProtocolError),
    ):
        pieces_of(library, slow.base_url)

    assert (session.asked, session.served, session.is_sound) == (1, 0, False)
    assert not path.exists()


def test_an_asynchronous_stream_that_breaks_is_not_recorded_as_an_answer(kit, path):
    httpx = pytest.importorskip("httpx")

    async def pieces():
        async with (
            httpx.AsyncClient() as client,
            client.stream("POST", slow.base_url) as response,
        ):
            return [piece async for piece in response.aiter_raw()]

    with (
        serving_slowly(*chat_events(*TEXTS), dies_after=1) as slow,
        recording(path, kit.header(slow)) as session,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        asyncio.run(pieces())

    assert not session.is_sound
    assert not path.exists()


def test_a_stream_that_breaks_after_the_client_left_is_not_recorded_either(kit, path):
    httpx = pytest.importorskip("httpx")
    with (
        serving_slowly(*chat_events(*TEXTS), dies_after=2, delay_seconds=0.02) as slow,
        recording(path, kit.header(slow)) as session,
        httpx.stream("POST", slow.base_url) as response,
    ):
        next(response.iter_raw())

    assert not session.is_sound
    assert not path.exists()


def test_a_cancelled_task_leaves_no_answer(kit, path):
    httpx = pytest.importorskip("httpx")
    gates = [threading.Event() for _ in chat_events(*TEXTS)[1:]]

    async def read_one(started):
        async with (
            httpx.AsyncClient(timeout=WAIT_SECONDS) as client,
            client.stream("POST", slow.base_url) as response,
        ):
            async for _ in response.aiter_raw():
                started.set()

    async def cancel():
        started = asyncio.Event()
        task = asyncio.create_task(read_one(started))
        await asyncio.wait_for(started.wait(), WAIT_SECONDS)
        await asyncio.sleep(0.05)  # until it waits for the second piece
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with (
        serving_slowly(*chat_events(*TEXTS), gates=gates) as slow,
        recording(path, kit.header(slow)) as session,
    ):
        asyncio.run(cancel())

    assert not session.is_sound
    assert not path.exists()


def test_a_stream_read_after_its_recording_ended_is_not_written(kit, path):
    httpx = pytest.importorskip("httpx")
    with serving_slowly(*chat_events(*TEXTS), delay_seconds=0.02) as slow, httpx.Client() as client:
        request = client.build_request("POST", slow.base_url, json={"a": 1})
        with recording(path, kit.header(slow)) as session:
            response = client.send(request, stream=True)
        with pytest.raises(SampleInterrupt):
            response.read()

    assert not session.is_sound
    assert not path.exists()
