"""A recording goes over real HTTP and keeps what came, as it came."""

from __future__ import annotations

import asyncio
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from harness.cassettes import calling, load_cassette, recording, replaying
from harness.errors import CassetteError, CassetteMiss, SampleInterrupt


def test_a_recording_asks_the_provider_and_keeps_the_exact_bytes(kit, provider, path):
    body = b'{\n  "choices": [], "x": 1.50, "y": "\\u00e4\\n"\n}\n'
    provider.reply = lambda *_: kit.Answer(body)

    with recording(path, kit.header(provider)) as session:
        response = httpx.post(f"{provider.base_url}/chat", json={"a": 1})
    with replaying(path):
        replayed = httpx.post(f"{provider.base_url}/chat", json={"a": 1})

    assert response.content == replayed.content == body
    assert len(provider.requests) == 1
    assert (session.asked, session.served) == (1, 1)


def test_agent_purpose_and_latency_are_kept(kit, provider, path):
    with (
        recording(path, kit.header(provider)),
        kit.client(provider.base_url) as client,
        calling("analyst", "speaker_selection"),
    ):
        kit.ask(client, "one")

    (interaction,) = load_cassette(path).interactions
    assert (interaction.agent, interaction.purpose) == ("analyst", "speaker_selection")
    assert 0 < interaction.latency_seconds < 5


@pytest.mark.parametrize("library", ["httpx", "httpx2", "requests", "urllib3"])
def test_compressed_responses_are_stored_readable_and_replay(kit, provider, path, library):
    provider.reply = lambda *_: kit.compressed(kit.completion("readable words"))
    url = f"{provider.base_url}/chat"

    with recording(path, kit.header(provider)):
        live = _post(library, url)
    with replaying(path):
        replayed = _post(library, url)

    assert "readable words" in path.read_text()
    assert live == replayed == kit.completion("readable words").body


def _post(library: str, url: str) -> bytes:
    module = pytest.importorskip(library)
    if library == "urllib3":
        with module.PoolManager() as pool:
            return pool.request("POST", url, json={"a": 1}).data
    return module.post(url, json={"a": 1}).content


def test_zstd_and_unknown_encodings_replay(kit, provider, path):
    import zstandard

    body = kit.completion("packed").body
    encoded = {"zstd": zstandard.compress(body), "x-own": b"\x00\xffown"}
    provider.reply = lambda request, number: kit.Answer(
        encoded[request["as"]], headers={"content-encoding": request["as"]}
    )

    with recording(path, kit.header(provider)):
        for name in encoded:
            _raw(provider.base_url, name)
    with replaying(path):
        replayed = [_raw(provider.base_url, name) for name in encoded]

    assert replayed == [body, b"\x00\xffown"]
    assert "packed" in path.read_text()


def _raw(url: str, name: str) -> bytes:
    with httpx.stream("POST", url, json={"as": name}) as response:
        return b"".join(response.iter_raw())


def test_a_streamed_answer_replays_piece_by_piece_and_byte_for_byte(kit, provider, path):
    pieces = ["The ", "total ", "is 5.\n", "Done: ä"]
    provider.reply = lambda *_: kit.event_stream(*pieces)

    def converse(client) -> list[str]:
        messages = [{"role": "user", "content": "stream, please"}]
        with client.chat.completions.create(
            model="scripted-1", messages=messages, stream=True
        ) as stream:
            return [chunk.choices[0].delta.content for chunk in stream]

    with recording(path, kit.header(provider)), kit.client(provider.base_url) as client:
        recorded = converse(client)
    with replaying(path) as session, kit.client(provider.base_url) as client:
        replayed = converse(client)

    assert recorded == replayed == pieces
    assert session.served == 1
    assert load_cassette(path).interactions[0].content == kit.event_stream(*pieces).body


def test_error_statuses_are_recorded_and_replayed_as_they_were(kit, provider, path):
    limit = kit.Answer(
        b'{"error": {"message": "slow down"}}', 429, {"retry-after-ms": "5", "retry-after": "1"}
    )
    failure = kit.Answer(b'{"error": {"message": "broken"}}', 500)
    provider.reply = lambda request, number: {1: limit, 2: failure}.get(
        number, kit.completion("at last")
    )

    with recording(path, kit.header(provider)), kit.client(provider.base_url) as client:
        live = kit.ask(client, "one")
    with replaying(path) as session, kit.client(provider.base_url) as client:
        replayed = kit.ask(client, "one")

    assert live == replayed == "at last"
    assert [entry.status for entry in load_cassette(path).interactions] == [429, 500, 200]
    assert (session.asked, session.served, session.unplayed) == (3, 3, 0)


def test_an_error_that_ends_the_sample_replays_as_the_same_error(kit, provider, path):
    import openai

    provider.reply = lambda *_: kit.Answer(b'{"error": {"message": "no such model"}}', 404)

    for session in (recording(path, kit.header(provider)), replaying(path)):
        with (
            session,
            kit.client(provider.base_url) as client,
            pytest.raises(openai.NotFoundError, match="no such model"),
        ):
            kit.ask(client, "one")


def test_a_replay_does_not_wait_as_long_as_the_provider_once_asked(kit, provider, path):
    limit = kit.Answer(b"{}", 429, {"retry-after-ms": "300", "retry-after": "1"})
    failure = kit.Answer(b"{}", 500)
    provider.reply = lambda request, number: {1: limit, 2: failure}.get(
        number, kit.completion("now")
    )

    with recording(path, kit.header(provider)), kit.client(provider.base_url) as client:
        kit.ask(client, "one")
    began = time.monotonic()
    with replaying(path), kit.client(provider.base_url) as client:
        kit.ask(client, "one")

    assert time.monotonic() - began < 0.3


def test_a_recording_that_lost_its_provider_stays_partial(kit, provider, path):
    import openai

    with recording(path, kit.header(provider)) as session:
        with kit.client(provider.base_url) as client:
            kit.ask(client, "one")
        with (
            kit.client("http://127.0.0.1:9/v1", max_retries=1) as client,
            pytest.raises(openai.APIConnectionError),
        ):
            kit.ask(client, "two")

    assert not path.exists()
    assert (session.asked, session.served) == (3, 1)
    partial = load_cassette(path.with_name("sample.jsonl.partial"))
    assert not partial.is_complete
    assert len(partial.interactions) == 1


def test_a_connection_error_that_a_retry_mended_leaves_a_sound_cassette(kit, provider, path):
    url = f"{provider.base_url}/chat"

    with recording(path, kit.header(provider)):
        with pytest.raises(httpx.ConnectError):
            httpx.post("http://127.0.0.1:9/v1/chat", json={"a": 1})
        httpx.post(url, json={"a": 1})

    assert load_cassette(path).is_complete


def test_another_call_that_asks_the_same_does_not_settle_one_that_failed(kit, provider, path):
    def call(agent, url):
        with calling(agent, "reply"):
            return httpx.post(f"{url}/chat", json={"a": 1})

    with recording(path, kit.header(provider)) as session:
        with pytest.raises(httpx.ConnectError):
            call("first", "http://127.0.0.1:9/v1")
        call("second", provider.base_url)

    assert not session.is_sound
    assert not path.exists()


def test_a_retry_within_one_call_settles_it(kit, provider, path):
    with recording(path, kit.header(provider)) as session:
        for agent in ("first", "second"):
            with calling(agent, "reply"):
                with pytest.raises(httpx.ConnectError):
                    httpx.post("http://127.0.0.1:9/v1/chat", json={"a": 1})
                httpx.post(f"{provider.base_url}/chat", json={"a": 1})

    assert session.is_sound
    assert load_cassette(path).is_complete


def test_a_call_of_another_thread_is_no_retry(kit, provider, path):
    with recording(path, kit.header(provider)) as session:
        with pytest.raises(httpx.ConnectError):
            httpx.post("http://127.0.0.1:9/v1/chat", json={"a": 1})
        with ThreadPoolExecutor(1) as pool:
            pool.submit(httpx.post, f"{provider.base_url}/chat", json={"a": 1}).result()

    assert not session.is_sound


def test_each_interaction_is_in_the_file_as_soon_as_it_is_complete(kit, provider, path):
    partial = path.with_name(path.name + ".partial")

    with recording(path, kit.header(provider)), kit.client(provider.base_url) as client:
        counts = []
        for text in ("one", "two", "three"):
            kit.ask(client, text)
            counts.append(len(load_cassette(partial).interactions))
        assert not path.exists()

    assert counts == [1, 2, 3]
    assert not partial.exists()
    assert load_cassette(path).is_complete


def test_an_exception_in_the_sample_leaves_the_recording_partial(kit, provider, path):
    def sample() -> None:
        with recording(path, kit.header(provider)):
            httpx.post(provider.base_url, json={"a": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        sample()

    assert not path.exists()
    assert len(load_cassette(path.with_name(path.name + ".partial")).interactions) == 1


def test_a_killed_recording_leaves_a_readable_partial_file(kit, provider, path):
    script = f"""
        import os, httpx
        from pathlib import Path
        from harness.cassettes import CassetteHeader, recording
        header = CassetteHeader(recorded_at="now", source="test", base_url="x")
        with recording(Path({str(path)!r}), header):
            for number in range(3):
                httpx.post({provider.base_url!r}, json={{"number": number}})
            os.kill(os.getpid(), 9)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)

    assert done.returncode == -9
    assert not path.exists()
    partial = load_cassette(path.with_name(path.name + ".partial"))
    assert [entry.request.shape.fields["number"] for entry in partial.interactions] == [0, 1, 2]


def test_a_new_recording_sets_an_abandoned_partial_file_aside(kit, provider, path):
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(b"precious\n")

    kit.record(provider, path, ("one",))

    assert partial.with_name(partial.name + ".old").read_bytes() == b"precious\n"
    assert load_cassette(path).is_complete


def test_an_existing_cassette_is_not_overwritten_unless_asked(kit, provider, path):
    kit.record(provider, path, ("one",))
    before = path.read_bytes()

    with pytest.raises(CassetteError, match=r"sample\.jsonl: the cassette exists.*--overwrite"):
        kit.record(provider, path, ("two",))
    assert path.read_bytes() == before

    with recording(path, kit.header(provider), overwrite=True):
        pass
    assert load_cassette(path).interactions == ()


def test_two_recorders_of_one_cassette_do_not_mix(kit, provider, path):
    with (
        recording(path, kit.header(provider)),
        pytest.raises(CassetteError, match="another process is recording"),
    ):
        kit.record(provider, path, ("one",))

    assert load_cassette(path).interactions == ()


def test_a_folder_that_cannot_be_written_is_a_clear_error(kit, provider, tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(
        CassetteError, match=r"sample.jsonl.partial: the recording cannot be written: "
    ):
        kit.record(provider, tmp_path / "file" / "sample.jsonl", ("one",))


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file grow beyond a size; it stands for a disk that is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_noticed_before_anything_is_asked(kit, provider, path):
    with file_size_limit(20), pytest.raises(CassetteError, match="cannot be written: File too l"):
        kit.record(provider, path, ("one",))

    assert provider.requests == []


def test_a_disk_that_fills_up_stops_the_sample_after_one_request(kit, provider, path):
    provider.reply = lambda *_: kit.completion("x" * 100_000)

    with file_size_limit(50_000), pytest.raises(SampleInterrupt, match="could not be written"):
        kit.record(provider, path, ("one",))

    assert len(provider.requests) == 1
    assert not path.exists()
    assert load_cassette(path.with_name(path.name + ".partial")).interactions == ()


def test_a_disk_that_fills_up_at_the_end_keeps_all_that_was_recorded(kit, provider, path):
    kit.record(provider, path, ("one",))
    whole = path.stat().st_size
    path.unlink()
    partial = path.with_name(path.name + ".partial")

    # Room for the recording, but not for the cost in its first line.
    with file_size_limit(whole - 10), pytest.raises(CassetteError) as caught:
        kit.record(provider, path, ("one",))

    assert "the recording could not be finished: File too large" in str(caught.value)
    assert f"All of it is in {partial}" in str(caught.value)
    assert "harness record --update" in str(caught.value)
    assert [one.name for one in path.parent.iterdir()] == [partial.name]
    assert len(load_cassette(partial).interactions) == 1


def test_aiohttp_is_recorded_and_replayed_too(kit, provider, path):
    aiohttp = pytest.importorskip("aiohttp")
    url = f"{provider.base_url}/chat"

    async def ask(text: str) -> bytes:
        body = {"messages": [{"role": "user", "content": text}]}
        async with aiohttp.ClientSession() as client, client.post(url, json=body) as response:
            return await response.read()

    with recording(path, kit.header(provider)):
        recorded = asyncio.run(ask("one"))
    with replaying(path) as session:
        replayed = asyncio.run(ask("one"))
        with pytest.raises(CassetteMiss):
            asyncio.run(ask("two"))

    assert replayed == recorded
    assert (session.asked, session.served, session.sockets_opened) == (2, 1, 0)
