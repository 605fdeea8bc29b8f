"""An offline block keeps the whole process off the network, without any cassette."""

from __future__ import annotations

import _socket
import asyncio
import socket
import subprocess
import sys
import threading
import time

import pytest

from harness.cassettes import offline, recording, replaying
from harness.errors import SocketBlocked


@pytest.fixture
def listener():
    """A listening socket that says whether anybody connected."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def connect(address):
    socket.create_connection(address, timeout=5).close()


def connect_beneath(address):
    opened = _socket.socket()
    try:
        opened.connect(address)
    finally:
        opened.close()


def send_beneath(address):
    opened = _socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.sendto(b"hello", address)
    finally:
        opened.close()


def resolve_beneath(address):
    _socket.getaddrinfo("api.openai.com", address[1])


def open_stream(address):
    async def opening():
        _, writer = await asyncio.open_connection(*address)
        writer.close()

    asyncio.run(opening())


def request(address):
    import httpx

    httpx.get(f"http://{address[0]}:{address[1]}/", timeout=5)


WAYS = [connect, connect_beneath, send_beneath, resolve_beneath, open_stream, request]
named = pytest.mark.parametrize("attempt", WAYS, ids=lambda way: way.__name__)


@named
def test_a_connection_is_refused_and_counted(listener, attempt):
    with offline() as attempts, pytest.raises(SocketBlocked):
        attempt(listener.getsockname())

    assert attempts.sockets_opened == 1
    with pytest.raises(BlockingIOError):
        listener.accept()


@named
def test_a_thread_that_was_there_before_is_refused_too(listener, attempt):
    go, outcome = threading.Event(), []

    def work():
        go.wait(10)
        try:
            attempt(listener.getsockname())
        except BaseException as blocked:
            outcome.append(type(blocked))

    thread = threading.Thread(target=work)
    thread.start()
    with offline() as attempts:
        go.set()
        thread.join()

    assert outcome == [SocketBlocked]
    assert attempts.sockets_opened == 1


def test_what_somebody_swallowed_is_still_known(listener):
    with offline(label="talk/greet/plain/1") as attempts:
        for _ in range(2):
            try:
                connect(listener.getsockname())
            except BaseException:
                continue

    assert attempts.sockets_opened == 2
    assert attempts.first_refusal.startswith("talk/greet/plain/1: socket.connect to ('127.0.0.1',")


def test_nothing_attempted_is_nothing_counted(tmp_path):
    with offline() as attempts, socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        with socket.socket(socket.AF_UNIX) as opened:
            opened.connect(str(tmp_path / "s"))

    assert (attempts.sockets_opened, attempts.first_refusal) == (0, "")


def test_afterwards_connections_work_again(listener):
    with offline():
        pass

    connect(listener.getsockname())

    listener.accept()[0].close()


def test_blocks_may_nest_and_the_outer_one_goes_on(listener):
    with offline() as outer:
        with offline() as inner:
            pass
        with pytest.raises(SocketBlocked):
            connect(listener.getsockname())

    assert (outer.sockets_opened, inner.sockets_opened) == (1, 0)


def test_a_replay_inside_answers_and_both_count_what_it_refuses(kit, provider, path, listener):
    kit.record(provider, path, ("one",))

    with offline() as attempts:
        with replaying(path, label="x.jsonl") as session:
            reply = kit.ask(kit.client(provider.base_url), "one")
            with pytest.raises(SocketBlocked, match=r"^x\.jsonl: "):
                connect(listener.getsockname())
        with pytest.raises(SocketBlocked, match=r"^offline: "):
            connect(listener.getsockname())

    assert reply == "reply 1 to: one"
    assert session.sockets_opened == 1
    assert attempts.sockets_opened == 2


def test_a_client_without_a_session_is_refused_by_the_guard(kit, provider):
    with offline() as attempts, pytest.raises(SocketBlocked):
        kit.ask(kit.client(provider.base_url), "one")

    assert attempts.sockets_opened == 1
    assert provider.requests == []


def test_a_recording_goes_through(kit, provider, path):
    with offline() as attempts, recording(path, kit.header(provider)):
        reply = kit.ask(kit.client(provider.base_url), "live")

    assert reply == "reply 1 to: live"
    assert attempts.sockets_opened == 0


def test_a_process_that_only_goes_offline_never_imports_vcrpy():
    code = (
        "import sys, socket\n"
        "from harness.cassettes import offline\n"
        "with offline() as attempts:\n"
        "    try: socket.create_connection(('127.0.0.1', 9))\n"
        "    except BaseException as error: print(type(error).__name__)\n"
        "print(attempts.sockets_opened, 'vcr' in sys.modules)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["SocketBlocked", "1", "False"]
    assert done.stderr == ""


def test_going_offline_costs_next_to_nothing():
    with offline():
        pass
    started = time.thread_time()

    for _ in range(1000):
        with offline():
            pass

    # Microseconds each; the bound only catches a block that installs something anew.
    assert time.thread_time() - started < 0.5
