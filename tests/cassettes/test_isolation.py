"""Samples that run at once in one process never mix, whichever thread asks."""

from __future__ import annotations

import _thread
import asyncio
import gc
import itertools
import queue
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.dummy import Pool

import pytest
from http_askers import asker, counting, header, make_certificate
from isolation import (
    check_one_sample_for_all,
    check_recordings_beside_replays,
    check_samples_of_their_own,
)

from harness.cassettes import install, load_cassette, recording, replaying
from harness.errors import CassetteMiss, SocketBlocked

LIBRARIES = ["urllib", "http.client", "requests", "requests.Session", "urllib3"]
WAIT_SECONDS = 30


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server():
    with counting() as server:
        yield server


def recorded(ask, server, path, *texts):
    with recording(path, header(server.url)):
        return [ask(text) for text in texts]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "check",
    [check_samples_of_their_own, check_one_sample_for_all, check_recordings_beside_replays],
)
def test_no_call_of_a_thread_is_lost_or_goes_live(server, tmp_path, library, check):
    check(asker(library, server), server, tmp_path)


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_call_over_tls_is_lost_or_goes_live(certificate, tmp_path, library):
    with counting(certificate) as server:
        check_samples_of_their_own(asker(library, server), server, tmp_path)


def test_a_tls_connection_from_before_is_not_sent_to(certificate, server, tmp_path):
    import socket
    import ssl

    path = tmp_path / "sample.jsonl"
    recorded(asker("urllib", server), server, path, "one")
    with counting(certificate) as tls_server:
        address = tls_server.url.split("/")[2].split(":")
        context = ssl.create_default_context(cafile=certificate)
        with (
            socket.create_connection((address[0], int(address[1]))) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
            replaying(path) as session,
        ):
            for send in (secure.send, secure.sendall, secure.write):
                with pytest.raises(SocketBlocked):
                    send(b"POST / HTTP/1.1\r\n")

    assert session.sockets_opened == 3
    assert tls_server.asked == []


HANDED_OVER = ["executor", "executor from before", "initializer", "run_in_executor", "to_thread"]
HANDED_OVER += ["pool", "pool from before", "thread", "timer"]


@pytest.mark.parametrize("way", HANDED_OVER)
def test_work_handed_to_a_thread_is_the_samples_work(server, tmp_path, way):
    path = tmp_path / "sample.jsonl"
    ask = asker("requests", server)
    texts = ["one", "two", "three"]
    replies = recorded(ask, server, path, *texts)

    with ThreadPoolExecutor(2) as early, Pool(2) as early_pool:
        # Workers start when they have something to do; these start here, in no session.
        list(early.map(len, texts))
        early_pool.map(len, texts)
        with replaying(path) as session:
            replayed = _hand_over(way, ask, texts, early, early_pool)

    assert replayed == replies
    assert (session.asked, session.served, session.sockets_opened) == (3, 3, 0)
    assert len(server.asked) == 3


def _hand_over(way, ask, texts, early, early_pool):
    if way == "executor":
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(ask, texts))
    if way == "executor from before":
        return list(early.map(ask, texts))
    if way == "initializer":
        return _by_initializer(ask, texts)
    if way in ("run_in_executor", "to_thread"):
        return asyncio.run(_by_loop(way, ask, texts))
    if way == "pool":
        with Pool(2) as pool:
            return pool.map_async(ask, texts).get(WAIT_SECONDS)
    if way == "pool from before":
        first = early_pool.apply_async(ask, texts[:1]).get(WAIT_SECONDS)
        second = early_pool.imap(ask, texts[1:2]).next(WAIT_SECONDS)
        third = early_pool.starmap_async(ask, [(texts[2],)]).get(WAIT_SECONDS)
        return [first, second, *third]
    results = {}
    for text in texts:
        work = lambda text=text: results.update({text: ask(text)})  # noqa: E731
        thread = threading.Timer(0, work) if way == "timer" else threading.Thread(target=work)
        thread.start()
        thread.join(WAIT_SECONDS)
    return [results[text] for text in texts]


def _by_initializer(ask, texts):
    results = []
    for text in texts:
        with ThreadPoolExecutor(1, initializer=lambda text=text: results.append(ask(text))) as pool:
            pool.submit(int).result()
    return results


async def _by_loop(way, ask, texts):
    loop = asyncio.get_running_loop()
    if way == "to_thread":
        return await asyncio.gather(*(asyncio.to_thread(ask, text) for text in texts))
    return await asyncio.gather(*(loop.run_in_executor(None, ask, text) for text in texts))


def _outcome_of(ask):
    try:
        return ask("one")
    except BaseException as refusal:
        return refusal


def _by_raw_thread(ask):
    outcomes = queue.SimpleQueue()
    _thread.start_new_thread(lambda: outcomes.put(_outcome_of(ask)), ())
    return outcomes.get(timeout=WAIT_SECONDS)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_raw_thread_is_refused_while_anything_is_replayed(server, tmp_path, library):
    path = tmp_path / "sample.jsonl"
    ask = asker(library, server)
    recorded(ask, server, path, "one")

    with replaying(path) as session:
        refusal = _by_raw_thread(ask)

    assert type(refusal) is CassetteMiss
    assert "belongs to no sample" in str(refusal)
    assert session.asked == session.served + len(session.misses) == 1
    assert session.sockets_opened == 0
    assert len(server.asked) == 1


def test_a_raw_thread_of_an_own_protocol_opens_no_socket_either(server, tmp_path):
    import socket

    path = tmp_path / "sample.jsonl"
    recorded(asker("urllib", server), server, path, "one")
    place = ("localhost", int(server.url.rpartition(":")[2].partition("/")[0]))

    with replaying(path) as session:
        refusal = _by_raw_thread(lambda _: socket.create_connection(place, timeout=5))

    assert type(refusal) is SocketBlocked
    assert session.sockets_opened > 0


def test_a_thread_that_was_there_before_is_refused_while_anything_is_replayed(server, tmp_path):
    path = tmp_path / "sample.jsonl"
    ask = asker("requests", server)
    orders, outcomes = queue.SimpleQueue(), queue.SimpleQueue()
    worker = threading.Thread(target=lambda: outcomes.put(_outcome_of(orders.get())))
    worker.start()
    recorded(ask, server, path, "one")

    with replaying(path) as session:
        orders.put(ask)
        refusal = outcomes.get(timeout=WAIT_SECONDS)
        assert ask("one") == "re: one"
    worker.join(WAIT_SECONDS)

    assert type(refusal) is CassetteMiss
    assert (session.asked, session.served, len(session.misses)) == (2, 1, 1)
    assert len(server.asked) == 1


def test_a_task_that_was_there_before_is_refused_while_anything_is_replayed(server, tmp_path):
    httpx = pytest.importorskip("httpx")
    path = tmp_path / "sample.jsonl"

    async def ask():
        async with httpx.AsyncClient() as client:
            answer = await client.post(server.url, json={"text": "one"})
            return answer.json()["reply"]

    async def background(go):
        await go.wait()
        try:
            return await ask()
        except BaseException as refusal:
            return refusal

    async def main():
        go = asyncio.Event()
        task = asyncio.create_task(background(go))
        await asyncio.sleep(0)
        with recording(path, header(server.url)):
            await ask()
        with replaying(path) as session:
            go.set()
            return await asyncio.wait_for(task, WAIT_SECONDS), await ask(), session

    refusal, reply, session = asyncio.run(main())
    assert type(refusal) is CassetteMiss
    assert reply == "re: one"
    assert (session.asked, session.served) == (2, 1)
    assert len(server.asked) == 1


def test_a_worker_of_an_outer_sample_serves_the_inner_one(server, tmp_path):
    ask = asker("requests", server)
    outer, inner = tmp_path / "outer.jsonl", tmp_path / "inner.jsonl"
    recorded(ask, server, outer, "one")
    recorded(ask, server, inner, "one", "two")

    with replaying(outer) as outer_session, Pool(1) as pool:
        assert pool.map_async(ask, ["one"]).get(WAIT_SECONDS) == ["re: one"]
        with replaying(inner) as inner_session:
            replies = pool.map_async(ask, ["one", "two"]).get(WAIT_SECONDS)

    assert replies == ["re: one", "re: two"]
    assert (outer_session.asked, outer_session.served) == (1, 1)
    assert (inner_session.asked, inner_session.served) == (2, 2)


def test_a_miss_in_a_pool_of_threads_reaches_who_waits_for_the_result(server, tmp_path):
    path = tmp_path / "sample.jsonl"
    ask = asker("requests", server)
    recorded(ask, server, path, "one")

    with replaying(path) as session, Pool(1) as pool:
        with pytest.raises(RuntimeError, match="no recorded answer") as caught:
            pool.map_async(ask, ["never recorded"]).get(WAIT_SECONDS)
        reply = pool.apply_async(ask, ["one"]).get(WAIT_SECONDS)

    assert type(caught.value.__cause__) is CassetteMiss
    assert reply == "re: one"
    assert (session.asked, session.served, len(session.misses)) == (2, 1, 1)


def test_identical_requests_in_flight_at_once_replay_in_the_order_they_were_asked(tmp_path):
    httpx = pytest.importorskip("httpx")
    first_came, second_is_answered = threading.Event(), threading.Event()

    async def talk(url):
        async with httpx.AsyncClient(timeout=WAIT_SECONDS) as client:

            async def ask():
                return (await client.post(url, json={"text": "same"})).text

            first = asyncio.create_task(ask())
            await asyncio.sleep(0)
            await asyncio.to_thread(first_came.wait, WAIT_SECONDS)
            second = await ask()
            second_is_answered.set()
            return [await first, second]

    path = tmp_path / "sample.jsonl"
    with numbering(first_came, second_is_answered) as url:
        with recording(path, header(url)):
            live = asyncio.run(talk(url))
        with replaying(path):
            again = asyncio.run(talk(url))

    assert live == again == ["1", "2"]


@contextmanager
def numbering(first_came, second_is_answered):
    """A server that numbers its answers and gives the first one last."""
    numbers = itertools.count(1)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            number = next(numbers)
            if number == 1:
                first_came.set()
                second_is_answered.wait(WAIT_SECONDS)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(str(number).encode())

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_pool_of_connections_is_not_kept_alive(server, tmp_path):
    urllib3 = pytest.importorskip("urllib3")
    install()

    def use():
        with urllib3.PoolManager() as manager:
            manager.request("POST", server.url, json={"text": "one"}, timeout=WAIT_SECONDS)
            return weakref.ref(manager.connection_from_url(server.url))

    with recording(tmp_path / "sample.jsonl", header(server.url)):
        reference = use()
    gc.collect()

    assert reference() is None
    assert len(load_cassette(tmp_path / "sample.jsonl").interactions) == 1
