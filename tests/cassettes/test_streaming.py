"""A stream streams, while it is recorded and when it is replayed."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import pairwise, zip_longest

import pytest
from slow_stream import WAIT_SECONDS, chat_events, message_events, serving_slowly

from harness.cassettes import calling, load_cassette, recording, replaying

TEXTS = ("One", " two", " three", " four")
LIBRARIES = ["httpx", "httpx2"]


def ask(client, **options):
    messages = [{"role": "user", "content": "count"}]
    return client.chat.completions.create(
        model="scripted-1", messages=messages, stream=True, **options
    )


def texts_of(stream):
    return [chunk.choices[0].delta.content for chunk in stream]


def record_chat(kit, slow, path):
    with (
        recording(path, kit.header(slow)),
        kit.client(slow.base_url) as client,
        ask(client) as stream,
    ):
        return texts_of(stream)


def pieces_of(library, url, **options):
    """The raw pieces that a client sees of a stream."""
    module = pytest.importorskip(library)
    with module.stream("POST", url, json={"a": 1}, timeout=WAIT_SECONDS, **options) as response:
        return list(response.iter_raw())


def test_the_pieces_of_a_stream_are_kept_with_the_times_they_came_at(kit, path):
    gates = [threading.Event() for _ in chat_events(*TEXTS)[1:]]
    texts = []
    with (
        serving_slowly(*chat_events(*TEXTS), gates=gates) as slow,
        recording(path, kit.header(slow)),
        kit.client(slow.base_url) as client,
        ask(client) as stream,
    ):
        for chunk, gate in zip(stream, gates, strict=False):
            texts.append(chunk.choices[0].delta.content)
            # However late a busy machine delivers a piece: the next one leaves after it came.
            time.sleep(0.03)
            gate.set()

    (interaction,) = load_cassette(path).interactions
    sizes, seconds = zip(*interaction.chunks, strict=True)
    assert texts == list(TEXTS)
    assert list(sizes) == [len(piece) for piece in slow.pieces]
    assert sum(sizes) == len(interaction.content)
    assert all(later - earlier > 0.02 for earlier, later in pairwise(seconds))
    assert seconds[-1] <= interaction.latency_seconds + 0.001


def test_a_client_gets_each_piece_while_it_is_recorded(kit, path):
    events = chat_events(*TEXTS)
    gates = [threading.Event() for _ in events[1:]]
    with (
        serving_slowly(*events, gates=gates) as slow,
        recording(path, kit.header(slow)),
        kit.client(slow.base_url, timeout=WAIT_SECONDS) as client,
        ask(client) as stream,
    ):
        # The server sends a piece only after the client had the one before.
        texts = []
        for chunk, gate in zip(stream, gates, strict=False):
            texts.append(chunk.choices[0].delta.content)
            gate.set()

    assert texts == list(TEXTS)
    assert len(load_cassette(path).interactions) == 1


def test_an_asynchronous_client_gets_each_piece_while_it_is_recorded(kit, path):
    openai = pytest.importorskip("openai")
    events = chat_events(*TEXTS)
    gates = [threading.Event() for _ in events[1:]]

    async def talk(base_url):
        texts = []
        async with openai.AsyncOpenAI(
            api_key=kit.key, base_url=base_url, timeout=WAIT_SECONDS
        ) as client:
            stream = await ask(client)
            async for chunk in stream:
                texts.append(chunk.choices[0].delta.content)
                gates[len(texts) - 1].set()
        return texts

    with serving_slowly(*events, gates=gates) as slow:
        with recording(path, kit.header(slow)):
            recorded = asyncio.run(talk(slow.base_url))
        with replaying(path):
            replayed = asyncio.run(talk(slow.base_url))

    assert recorded == replayed == list(TEXTS)
    assert len(slow.requests) == 1


def test_a_replay_waits_only_if_a_pace_is_asked_for(kit, path, monkeypatch):
    with serving_slowly(*chat_events(*TEXTS), delay_seconds=0.1) as slow:
        record_chat(kit, slow, path)
    recorded = [seconds for _, seconds in load_cassette(path).interactions[0].chunks]

    took, slept, counts = {}, {}, set()
    sleep = time.sleep
    for pace in (0.0, 0.5, 1.0):
        slept[pace] = 0

        def counted(seconds, pace=pace):
            slept[pace] += 1
            sleep(seconds)

        monkeypatch.setattr(time, "sleep", counted)
        with replaying(path, pace=pace), kit.client(slow.base_url) as client:
            began = time.perf_counter()
            with ask(client) as stream:
                counts.add(len(texts_of(stream)))
            took[pace] = time.perf_counter() - began

    # How long it took without is a matter of the machine: it waited for nothing.
    assert slept[0.0] == 0
    assert took[0.5] >= 0.5 * (recorded[-1] - recorded[0])
    assert took[1.0] >= recorded[-1] - recorded[0]
    assert counts == {len(TEXTS)}


def test_anthropic_streams_while_recorded_and_when_replayed(kit, path):
    anthropic = pytest.importorskip("anthropic", reason="the anthropic client is not installed")
    messages = [{"role": "user", "content": "count"}]
    events = message_events(*TEXTS)
    gates = [threading.Event() for _ in events[1:]]
    # Of the texts but the first, each of which comes only after the client had the one before.
    closed = gates[2 : 1 + len(TEXTS)]
    for gate in set(gates) - set(closed):
        gate.set()

    def talk(base_url):
        with anthropic.Anthropic(
            api_key=kit.key, base_url=base_url, timeout=WAIT_SECONDS
        ) as client:
            began = time.perf_counter()
            with client.messages.stream(
                model="claude-x", max_tokens=9, messages=messages
            ) as stream:
                texts = []
                for text, gate in zip_longest(stream.text_stream, closed):
                    texts.append(text)
                    if gate is not None:
                        time.sleep(0.05)
                        gate.set()
            return texts, time.perf_counter() - began

    with serving_slowly(*events, gates=gates) as slow:
        with recording(path, kit.header(slow)):
            recorded, _ = talk(slow.base_url)
        (interaction,) = load_cassette(path).interactions
        closed.clear()
        with replaying(path, pace=1.0):
            replayed, took = talk(slow.base_url)

    assert recorded == replayed == list(TEXTS)
    assert len(interaction.chunks) == len(slow.pieces)
    assert took >= interaction.chunks[-1][1] - interaction.chunks[0][1] >= 0.15


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_replay_gives_as_many_pieces_as_were_recorded(kit, path, library):
    with serving_slowly(*chat_events(*TEXTS), delay_seconds=0.02) as slow:
        with recording(path, kit.header(slow)):
            recorded = pieces_of(library, slow.base_url)
        with replaying(path):
            replayed = pieces_of(library, slow.base_url)

    assert recorded == replayed == slow.pieces
    assert len(slow.requests) == 1


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_asynchronous_replay_gives_as_many_pieces_as_were_recorded(kit, path, library):
    module = pytest.importorskip(library)

    async def pieces():
        async with (
            module.AsyncClient(timeout=WAIT_SECONDS) as client,
            client.stream("POST", slow.base_url, json={"a": 1}) as response,
        ):
            return [piece async for piece in response.aiter_raw()]

    with serving_slowly(*chat_events(*TEXTS), delay_seconds=0.02) as slow:
        with recording(path, kit.header(slow)):
            recorded = asyncio.run(pieces())
        with replaying(path, pace=0.1):
            replayed = asyncio.run(pieces())

    assert recorded == replayed == slow.pieces


def test_what_is_no_event_stream_comes_whole_and_has_no_pieces(kit, path):
    headers = {"content-type": "application/json"}
    with serving_slowly(b'{"a":', b"1}", headers=headers, delay_seconds=0.02) as slow:
        with recording(path, kit.header(slow)):
            recorded = pieces_of("httpx", slow.base_url)
        with replaying(path):
            replayed = pieces_of("httpx", slow.base_url)

    assert recorded == replayed == [b'{"a":1}']
    assert load_cassette(path).interactions[0].chunks == ()


@pytest.mark.parametrize("library", ["requests", "urllib3"])
def test_other_clients_get_the_same_bytes_from_a_stream(kit, path, library):
    module = pytest.importorskip(library)

    def post():
        if library == "urllib3":
            with module.PoolManager() as pool:
                return pool.request("POST", slow.base_url, json={"a": 1}).data
        with module.post(slow.base_url, json={"a": 1}, stream=True, timeout=30) as response:
            return b"".join(response.iter_content(16))

    with serving_slowly(*chat_events(*TEXTS)) as slow:
        with recording(path, kit.header(slow)):
            pieces_of("httpx", slow.base_url)
            recorded = post()
        with replaying(path):
            replayed = [post(), post()]

    assert recorded == replayed[0] == replayed[1] == b"".join(slow.pieces)


def test_who_asked_is_kept_though_somebody_else_reads_the_stream(kit, path):
    httpx = pytest.importorskip("httpx")
    with (
        serving_slowly(*chat_events(*TEXTS)) as slow,
        httpx.Client() as client,
        recording(path, kit.header(slow)),
    ):
        with calling("analyst", "reply"):
            request = client.build_request("POST", slow.base_url, json={"a": 1})
            response = client.send(request, stream=True)
        reader = threading.Thread(target=response.read)
        reader.start()
        reader.join(WAIT_SECONDS)

    (interaction,) = load_cassette(path).interactions
    assert (interaction.agent, interaction.purpose) == ("analyst", "reply")


def test_without_a_session_a_stream_streams(kit, path):
    kit_events = chat_events(*TEXTS)
    gates = [threading.Event() for _ in kit_events[1:]]
    with serving_slowly(*kit_events) as slow:
        record_chat(kit, slow, path)

    with (
        serving_slowly(*kit_events, gates=gates) as slow,
        kit.client(slow.base_url, timeout=WAIT_SECONDS) as client,
        ask(client) as stream,
    ):
        texts = []
        for chunk, gate in zip(stream, gates, strict=False):
            texts.append(chunk.choices[0].delta.content)
            gate.set()

    assert texts == list(TEXTS)


def test_a_body_made_longer_by_hand_is_replayed_whole(kit, path):
    with serving_slowly(*chat_events(*TEXTS), delay_seconds=0.02) as slow:
        record_chat(kit, slow, path)
    longer = " three, and a good deal more than was recorded"
    path.write_text(path.read_text().replace(" three", longer))

    with replaying(path), kit.client(slow.base_url) as client, ask(client) as stream:
        texts = texts_of(stream)

    assert texts == ["One", " two", longer, " four"]
