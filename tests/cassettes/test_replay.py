"""Requests are answered by what they say, each interaction once."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.cassettes import calling, load_cassette, recording, replaying
from harness.errors import CassetteError, CassetteMiss


def test_a_replay_gives_the_recorded_replies_without_asking_the_provider(kit, provider, path):
    replies = kit.record(provider, path, ("one",), ("one", "two"))
    asked = len(provider.requests)

    with replaying(path) as session, kit.client(session.header.base_url) as client:
        again = [kit.ask(client, "one"), kit.ask(client, "one", "two")]

    assert again == replies == ["reply 1 to: one", "reply 2 to: two"]
    assert len(provider.requests) == asked
    assert (session.asked, session.served, session.unplayed) == (2, 2, 0)
    assert (session.misses, session.sockets_opened) == ((), 0)


def test_requests_are_matched_by_content_whatever_their_order(kit, provider, path):
    kit.record(provider, path, ("one",), ("two",))

    with replaying(path) as session, kit.client(session.header.base_url) as client:
        again = [kit.ask(client, "two"), kit.ask(client, "one")]

    assert again == ["reply 2 to: two", "reply 1 to: one"]


def test_identical_requests_get_their_answers_in_recorded_order(kit, provider, path):
    kit.record(provider, path, ("same",), ("same",), ("same",))

    with replaying(path) as session, kit.client(session.header.base_url) as client:
        again = [kit.ask(client, "same") for _ in range(3)]

    assert again == [f"reply {number} to: same" for number in (1, 2, 3)]


def test_a_cassette_never_answers_the_same_interaction_twice(kit, provider, path):
    kit.record(provider, path, ("once",))

    with replaying(path) as session, kit.client(session.header.base_url) as client:
        kit.ask(client, "once")
        with pytest.raises(CassetteMiss, match="already played"):
            kit.ask(client, "once")

    assert (session.asked, session.served, len(session.misses)) == (2, 1, 1)


def test_host_and_port_are_no_part_of_the_key_but_the_path_is(kit, provider, path):
    kit.record(provider, path, ("one",), ("one",))

    with replaying(path):
        elsewhere = kit.client("http://models.example:8080/v1")
        assert kit.ask(elsewhere, "one") == "reply 1 to: one"
        with pytest.raises(CassetteMiss, match="path"):
            kit.ask(kit.client("http://models.example/other"), "one")


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        pytest.param('{"a":1,"b":{"c":2,"d":3}}', '{"b":{"d":3,"c":2},"a":1}', id="key order"),
        pytest.param('{"a": 1,  "b":[1]}', '{"a":1,"b":[1]}', id="white space"),
        pytest.param('{"temperature":0}', '{"temperature":0.0}', id="whole floats"),
        pytest.param('{"a":"\\u00e4"}', '{"a":"ä"}', id="escapes"),
    ],
)
def test_json_is_compared_by_meaning(kit, provider, path, recorded, asked):
    import httpx

    url = provider.base_url
    with recording(path, kit.header(provider)):
        httpx.post(url, content=recorded.encode())

    with replaying(path) as session:
        response = httpx.post(url, content=asked.encode())

    assert response.status_code == 200
    assert session.served == 1


def test_the_query_is_part_of_the_key(kit, provider, path):
    import httpx

    with recording(path, kit.header(provider)):
        httpx.get(f"{provider.base_url}/models?b=2&a=1")

    with replaying(path):
        with pytest.raises(CassetteMiss, match="query"):
            httpx.get(f"{provider.base_url}/models?a=1&b=3")
        assert httpx.get(f"{provider.base_url}/models?a=1&b=2").status_code == 200


def test_async_samples_in_one_process_do_not_mix(kit, provider, tmp_path):
    import openai

    names = [f"sample {number}" for number in range(6)]

    async def converse(name: str) -> list[str]:
        client = openai.AsyncOpenAI(api_key=kit.key, base_url=provider.base_url)
        replies = []
        for _ in range(3):
            messages = [{"role": "user", "content": "the same for all"}]
            got = await client.chat.completions.create(
                model="scripted-1", messages=messages, user=name if name == "x" else "all"
            )
            replies.append(got.choices[0].message.content)
            await asyncio.sleep(0)
        await client.close()
        return replies

    async def record(name: str) -> list[str]:
        with recording(tmp_path / f"{name}.jsonl", kit.header(provider)):
            return await converse(name)

    async def replay(name: str) -> list[str]:
        with replaying(tmp_path / f"{name}.jsonl"):
            return await converse(name)

    async def everyone(action):
        return await asyncio.gather(*(action(name) for name in names))

    recorded = asyncio.run(everyone(record))
    asked = len(provider.requests)

    assert asyncio.run(everyone(replay)) == recorded
    assert len(provider.requests) == asked == 18
    assert len({reply for replies in recorded for reply in replies}) == 18


@pytest.mark.parametrize("library", ["urllib", "requests", "httpx", "openai"])
def test_threads_record_and_replay_their_own_sample(kit, provider, tmp_path, library):
    ask = _asker(library, kit, provider.base_url)

    def record(name: str) -> list[str]:
        with recording(tmp_path / f"{name}.jsonl", kit.header(provider)):
            return [ask(f"{turn}") for turn in range(5)]

    def replay(name: str) -> list[str]:
        with replaying(tmp_path / f"{name}.jsonl") as session:
            replies = [ask(f"{turn}") for turn in range(5)]
        assert (session.asked, session.served, session.sockets_opened) == (5, 5, 0)
        return replies

    names = [f"thread {number}" for number in range(8)]
    with ThreadPoolExecutor(len(names)) as pool:
        recorded = list(pool.map(record, names))
        asked = len(provider.requests)
        replayed = list(pool.map(replay, names))

    assert replayed == recorded
    assert asked == len(provider.requests) == 40
    assert [len(load_cassette(tmp_path / f"{name}.jsonl").interactions) for name in names] == [
        5
    ] * 8


def _asker(library, kit, base_url):
    url = f"{base_url}/chat/completions"

    def body(text: str) -> dict:
        return {"model": "scripted-1", "messages": [{"role": "user", "content": text}]}

    def by_urllib(text: str) -> str:
        import urllib.request

        request = urllib.request.Request(url, json.dumps(body(text)).encode())
        with urllib.request.urlopen(request) as response:
            return _content(json.load(response))

    def by_requests(text: str) -> str:
        import requests

        return _content(requests.post(url, json=body(text)).json())

    def by_httpx(text: str) -> str:
        import httpx

        return _content(httpx.post(url, json=body(text)).json())

    def by_openai(text: str) -> str:
        with kit.client(base_url) as client:
            return kit.ask(client, text)

    return {"urllib": by_urllib, "requests": by_requests, "httpx": by_httpx, "openai": by_openai}[
        library
    ]


def _content(reply: dict) -> str:
    return reply["choices"][0]["message"]["content"]


@pytest.mark.parametrize("start", ["thread", "executor", "run_in_executor"])
def test_work_handed_to_a_thread_belongs_to_the_sample(kit, provider, path, start):
    def work() -> str:
        with kit.client(provider.base_url) as client:
            return kit.ask(client, "from a thread")

    with recording(path, kit.header(provider)):
        recorded = _in_thread(start, work)
    asked = len(provider.requests)
    with replaying(path) as session:
        replayed = _in_thread(start, work)

    assert recorded == replayed == "reply 1 to: from a thread"
    assert len(provider.requests) == asked
    assert (session.asked, session.served) == (1, 1)


def _in_thread(start, work):
    if start == "executor":
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()
    if start == "run_in_executor":

        async def main():
            return await asyncio.get_running_loop().run_in_executor(None, work)

        return asyncio.run(main())
    results = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


def test_a_context_without_a_session_is_refused_while_a_replay_is_open(kit, provider, path):
    kit.record(provider, path, ("one",))
    asked = len(provider.requests)
    ready, go, outcome = threading.Event(), threading.Event(), []

    def stray() -> None:
        ready.set()
        go.wait(10)
        try:
            kit.ask(kit.client(provider.base_url), "one")
        except BaseException as miss:
            outcome.append(miss)

    thread = threading.Thread(target=stray)
    thread.start()
    ready.wait(10)
    with replaying(path) as session:
        go.set()
        thread.join()

    assert [type(miss) for miss in outcome] == [CassetteMiss]
    assert "belongs to no sample" in session.misses[0]
    assert len(provider.requests) == asked
    assert session.asked == session.served + len(session.misses)


def test_a_thread_that_outlives_its_replay_never_goes_live(kit, provider, path):
    kit.record(provider, path, ("one",))
    asked = len(provider.requests)
    go, outcome = threading.Event(), []

    def late() -> None:
        go.wait(10)
        try:
            kit.ask(kit.client(provider.base_url), "one")
        except BaseException as miss:
            outcome.append(miss)

    with replaying(path):
        thread = threading.Thread(target=late)
        thread.start()
    go.set()
    thread.join()

    assert [type(miss) for miss in outcome] == [CassetteMiss]
    assert "outlived its sample" in str(outcome[0])
    assert len(provider.requests) == asked


def test_without_a_session_requests_go_out_as_before(kit, provider, path):
    kit.record(provider, path, ("one",))

    assert kit.ask(kit.client(provider.base_url), "one") == "reply 2 to: one"
    assert len(load_cassette(path).interactions) == 1


def test_the_latency_of_a_replayed_call_is_the_recorded_one(kit, provider, path):
    import time

    def slow(request, number):
        time.sleep(0.06 * number)
        return kit.echo(request, number)

    provider.reply = slow
    with recording(path, kit.header(provider)) as session:
        kit.ask(kit.client(provider.base_url), "one")
        kit.ask(kit.client(provider.base_url), "two")
    recorded = [entry.latency_seconds for entry in load_cassette(path).interactions]

    with replaying(path) as session, kit.client(provider.base_url) as client:
        with calling("analyst", "reply"):
            kit.ask(client, "two")
            assert session.last_latency_seconds == recorded[1]
        kit.ask(client, "one")
        assert session.last_latency_seconds == recorded[0]
    assert 0.05 < recorded[0] < recorded[1]


def test_the_use_of_a_cassette_is_reported(kit, provider, path):
    kit.record(provider, path, ("one",), ("two",))

    with replaying(path) as session, kit.client(provider.base_url) as client:
        kit.ask(client, "one")
        with pytest.raises(CassetteMiss):
            kit.ask(client, "three")
    use = session.use("cassettes/sample.jsonl")

    assert (use.asked, use.served, use.unplayed, use.sockets_opened) == (2, 1, 1, 0)
    assert use.path == "cassettes/sample.jsonl"
    assert use.source == "scripted provider"
    assert len(use.misses) == 1


def test_a_cassette_of_another_sample_is_not_replayed(kit, provider, path):
    kit.record(provider, path, ("one",))

    with (
        pytest.raises(CassetteError) as caught,
        replaying(path, label="cassettes/2.jsonl", sample="suite/case/brief-t0.2/2"),
    ):
        pass

    assert str(caught.value) == (
        "cassettes/2.jsonl:1: this cassette was recorded for suite/case/brief-t0.2/1, not for "
        "suite/case/brief-t0.2/2; replaying it here would count one recording twice. Record this "
        "sample with: harness record suite -k case --config brief-t0.2 --epoch 2 --overwrite, "
        'or, if you renamed things, change "sample" in its first line.'
    )


@pytest.mark.parametrize(
    ("recorded_for", "sample"),
    [("s/c/plain/1", "s/c/plain/1"), ("", "s/c/plain/1"), ("s/c/plain/1", None)],
    ids=["its own", "nobody's", "any"],
)
def test_a_cassette_of_the_sample_or_of_nobody_is_replayed(
    kit, provider, path, recorded_for, sample
):
    with kit.client(provider.base_url) as client:
        with recording(path, kit.header(provider, sample=recorded_for)):
            kit.ask(client, "one")

        with replaying(path, sample=sample) as session:
            assert kit.ask(client, "one") == "reply 1 to: one"

    assert session.served == 1
