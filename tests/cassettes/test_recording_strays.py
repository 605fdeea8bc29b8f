"""A recording is whole: a call that would be missing in it is refused, and it is not finished."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading

import pytest
import requests

from harness.cassettes import install, load_cassette, recording
from harness.errors import SampleInterrupt

WAIT_SECONDS = 20


def ask(url, text):
    body = {"model": "scripted-1", "messages": [{"role": "user", "content": text}]}
    return requests.post(f"{url}/chat/completions", json=body).json()


def outcome_of(work):
    try:
        return work()
    except BaseException as refusal:
        return refusal


@pytest.fixture
def worker():
    """A thread from before any session; runs what it is given, and returns what became of it."""
    install()
    orders, outcomes = queue.SimpleQueue(), queue.SimpleQueue()

    def work():
        while (order := orders.get()) is not None:
            outcomes.put(outcome_of(order))

    def run(order):
        orders.put(order)
        return outcomes.get(timeout=WAIT_SECONDS)

    thread = threading.Thread(target=work)
    thread.start()
    yield run
    orders.put(None)
    thread.join()


def test_a_call_of_a_thread_from_before_is_refused_while_anything_is_recorded(
    kit, provider, path, worker
):
    with recording(path, kit.header(provider)) as session:
        ask(provider.base_url, "one")
        refusal = worker(lambda: ask(provider.base_url, "two"))
        ask(provider.base_url, "three")

    assert type(refusal) is SampleInterrupt
    assert "belongs to no sample" in str(refusal)
    assert len(provider.requests) == 2
    assert (session.asked, session.served, len(session.misses)) == (3, 2, 1)
    assert not path.exists()
    assert len(load_cassette(path.with_name("sample.jsonl.partial")).interactions) == 2


@pytest.mark.parametrize("library", ["httpx", "aiohttp"])
def test_whatever_library_such_a_thread_uses(kit, provider, path, worker, library):
    module = pytest.importorskip(library)

    def call():
        if library == "httpx":
            return module.post(provider.base_url, json={})

        async def post():
            async with module.ClientSession() as client, client.post(provider.base_url, json={}):
                pass

        import asyncio

        return asyncio.run(post())

    with recording(path, kit.header(provider)) as session:
        refusal = worker(call)

    assert type(refusal) is SampleInterrupt
    assert (provider.requests, len(session.misses)) == ([], 1)


def test_after_the_recording_such_a_thread_may_call_again(kit, provider, path, worker):
    with recording(path, kit.header(provider)):
        ask(provider.base_url, "one")

    assert "choices" in worker(lambda: ask(provider.base_url, "two"))


def run_script(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


EARLY_CLASS = """
import sys
from http.client import HTTPConnection
from pathlib import Path
from harness.cassettes import CassetteHeader, recording
from harness.errors import SampleInterrupt

url, path = sys.argv[1], Path(sys.argv[2])
header = CassetteHeader(recorded_at="2026-01-02T03:04:05+00:00", source="x", base_url=url)
with recording(path, header) as session:
    connection = HTTPConnection(url.split("/")[2])
    try:
        connection.request("POST", "/v1/chat", b"{}")
    except SampleInterrupt as refusal:
        print(refusal)
print(session.asked, len(session.misses), path.exists())
"""


def test_a_connection_class_taken_before_everything_is_refused_too(provider, path):
    refusal, counts = run_script(EARLY_CLASS, provider.base_url, path)

    assert "POST http://127.0.0.1" in refusal
    assert "install()" in refusal
    assert counts == "1 1 False"
    assert provider.requests == []


FORKING = """
import os, sys
from pathlib import Path
import requests
from harness.cassettes import CassetteHeader, load_cassette, recording, replaying
from harness.errors import SampleInterrupt

mode, url, path = sys.argv[1], sys.argv[2], Path(sys.argv[3])
header = CassetteHeader(recorded_at="2026-01-02T03:04:05+00:00", source="x", base_url=url)

def ask(text):
    body = {"messages": [{"role": "user", "content": text}]}
    return requests.post(url + "/chat/completions", json=body).json()

def forked(work):
    child = os.fork()
    if not child:
        try:
            work()
        except SampleInterrupt as refusal:
            print("refused" if "forked" in str(refusal) else refusal, flush=True)
        finally:
            os._exit(0)
    os.waitpid(child, 0)

def record(work):
    with recording(path, header) as session:
        ask("one")
        forked(work)
        ask("three")
    return session

if mode == "recorded":
    session = record(lambda: ask("two"))
    print(session.asked, session.served, len(session.misses), path.exists())
    partial = load_cassette(path.with_name(path.name + ".partial"))
    print(len(partial.interactions))
elif mode == "leaving":
    with recording(path, header) as session:
        ask("one")
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            print(path.exists())
            ask("two")
    if not child:
        os._exit(0)
    print(len(load_cassette(path).interactions), session.misses)
else:
    record(lambda: None)
    with replaying(path) as session:
        forked(lambda: ask("one"))
        ask("one")
        ask("three")
    use = session.use("x")
    print(use.asked, use.served, len(use.misses), use.unplayed)
    with replaying(path) as session:
        ask("one")
    print(session.misses)
"""


def test_a_process_forked_from_a_recording_is_refused_and_the_recording_not_finished(
    provider, path
):
    printed = run_script(FORKING, "recorded", provider.base_url, path)

    assert printed == ["refused", "3 2 1 False", "2"]
    assert len(provider.requests) == 2


def test_a_forked_process_that_leaves_the_recording_does_not_finish_it(provider, path):
    printed = run_script(FORKING, "leaving", provider.base_url, path)

    assert printed == ["False", "2 ()"]


def test_what_a_process_forked_from_a_replay_asks_is_a_miss_of_the_replay(provider, path):
    printed = run_script(FORKING, "replayed", provider.base_url, path)

    assert printed == ["refused", "3 2 1 0", "()"]
    assert len(provider.requests) == 2
