"""A replay never opens a socket; shown by trying, with nothing but the guard in the way."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import subprocess
import sys
import threading

import pytest

from harness.cassettes import install, recording, replaying
from harness.errors import SocketBlocked


@pytest.fixture
def recorded(kit, provider, path):
    kit.record(provider, path, ("one",))
    return path


@pytest.fixture
def listener():
    """A listening socket that says whether anybody connected."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def connect(address):
    with socket.socket() as opened:
        opened.connect(address)


def connect_ex(address):
    with socket.socket() as opened:
        opened.connect_ex(address)


def create_connection(address):
    socket.create_connection(address, timeout=5).close()


def send_datagram(address):
    with socket.socket(type=socket.SOCK_DGRAM) as opened:
        opened.sendto(b"hello", address)


def send_message(address):
    with socket.socket(type=socket.SOCK_DGRAM) as opened:
        opened.sendmsg([b"hello"], [], 0, address)


def open_stream(address):
    asyncio.run(_open_stream(address))


async def _open_stream(address):
    _, writer = await asyncio.open_connection(*address)
    writer.close()


def sock_connect(address):
    asyncio.run(_sock_connect(address))


async def _sock_connect(address):
    with socket.socket() as opened:
        opened.setblocking(False)
        await asyncio.get_running_loop().sock_connect(opened, address)


def open_http_core(address):
    import httpcore

    with httpcore.ConnectionPool() as pool:
        pool.request("GET", f"http://{address[0]}:{address[1]}/")


def open_ipv6(address):
    with socket.socket(socket.AF_INET6) as opened:
        opened.connect(("::1", address[1]))


WAYS = [
    connect,
    connect_ex,
    create_connection,
    send_datagram,
    send_message,
    open_stream,
    sock_connect,
    open_http_core,
    open_ipv6,
]


@pytest.mark.parametrize("attempt", WAYS, ids=lambda way: way.__name__)
def test_every_way_to_connect_is_blocked(recorded, listener, attempt):
    with replaying(recorded) as session, pytest.raises(SocketBlocked):
        attempt(listener.getsockname())

    assert session.sockets_opened == 1
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize("attempt", WAYS, ids=lambda way: way.__name__)
def test_a_worker_thread_cannot_connect_either(recorded, listener, attempt):
    outcome = []

    def work():
        try:
            attempt(listener.getsockname())
        except BaseException as blocked:
            outcome.append(type(blocked))

    with replaying(recorded) as session:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert outcome == [SocketBlocked]
    assert session.sockets_opened == 1
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_thread_that_was_there_before_cannot_connect(recorded, listener):
    go, outcome = threading.Event(), []

    def work():
        go.wait(10)
        try:
            connect(listener.getsockname())
        except BaseException as blocked:
            outcome.append(type(blocked))

    thread = threading.Thread(target=work)
    thread.start()
    with replaying(recorded) as session:
        go.set()
        thread.join()

    assert outcome == [SocketBlocked]
    assert session.sockets_opened == 1


@pytest.mark.parametrize(
    "resolve",
    [
        pytest.param(lambda: socket.getaddrinfo("api.openai.com", 443), id="getaddrinfo"),
        pytest.param(lambda: socket.gethostbyname("api.openai.com"), id="gethostbyname"),
        pytest.param(lambda: socket.create_connection(("api.openai.com", 443)), id="connection"),
        pytest.param(
            lambda: asyncio.run(_open_stream(("api.openai.com", 443))), id="open_connection"
        ),
    ],
)
def test_names_are_not_resolved(recorded, resolve):
    with (
        replaying(recorded) as session,
        pytest.raises(SocketBlocked, match=r"api\.openai\.com"),
    ):
        resolve()

    assert session.sockets_opened == 1


@pytest.mark.parametrize(
    "resolve",
    [
        pytest.param(lambda: socket.getnameinfo(("192.0.2.1", 443), 0), id="getnameinfo"),
        pytest.param(lambda: socket.gethostbyaddr("192.0.2.1"), id="gethostbyaddr"),
    ],
)
def test_addresses_are_not_looked_up(recorded, resolve):
    with replaying(recorded) as session, pytest.raises(SocketBlocked, match=r"192\.0\.2\.1"):
        resolve()

    assert session.sockets_opened == 1


def test_an_address_is_still_written_in_numbers(recorded):
    with replaying(recorded) as session:
        written = socket.getnameinfo(
            ("192.0.2.1", 443), socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
        )

    assert written == ("192.0.2.1", "443")
    assert session.sockets_opened == 0


async def _loop_send(connected):
    connected.setblocking(False)
    await asyncio.get_running_loop().sock_sendall(connected, b"hello")


@pytest.mark.parametrize(
    "send",
    [
        pytest.param(lambda connected: connected.send(b"hello"), id="send"),
        pytest.param(lambda connected: connected.sendall(b"hello"), id="sendall"),
        pytest.param(lambda connected: connected.sendmsg([b"hello"]), id="sendmsg"),
        pytest.param(lambda connected: asyncio.run(_loop_send(connected)), id="event loop"),
    ],
)
def test_what_was_connected_before_is_not_sent_to(recorded, send):
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as connected,
    ):
        peer = server.accept()[0]
        with peer:
            with replaying(recorded) as session, pytest.raises(SocketBlocked, match="to"):
                send(connected)
            connected.setblocking(True)
            connected.sendall(b"after")
            assert peer.recv(10) == b"after"

    assert session.sockets_opened == 1


def test_a_client_that_was_connected_before_is_refused(recorded, provider):
    install()
    # The real class, as who took it before vcrpy came has it.
    connection = http.client.HTTPConnection._baseclass("127.0.0.1", provider.port)
    connection.request("POST", "/v1/chat", b"{}")
    connection.getresponse().read()

    with replaying(recorded) as session, pytest.raises(SocketBlocked):
        connection.request("POST", "/v1/chat", b"{}")
    connection.close()

    assert session.sockets_opened == 1
    assert len(provider.requests) == 2


def test_a_server_in_the_process_still_answers(recorded):
    with replaying(recorded), socket.create_server(("127.0.0.1", 0)) as server:
        script = (
            "import socket, sys; peer = socket.create_connection(('127.0.0.1', int(sys.argv[1])));"
            "print(peer.recv(10).decode()); peer.close()"
        )
        command = [sys.executable, "-c", script, str(server.getsockname()[1])]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
            peer, _ = server.accept()
            with peer:
                peer.sendall(b"served")
            printed, _ = client.communicate(timeout=30)

    assert printed == "served\n"


def test_a_debuggers_thread_may_talk_to_this_machine(recorded):
    go, outcome = threading.Event(), []
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as connected,
    ):

        def work():
            go.wait(10)
            outcome.append(connected.send(b"hello"))

        thread = threading.Thread(target=work)
        thread.start()
        with replaying(recorded) as session:
            go.set()
            thread.join()
        server.accept()[0].close()

    assert (outcome, session.sockets_opened) == ([5], 0)


def test_a_blocked_connection_says_what_and_where(recorded, listener):
    host, port = listener.getsockname()

    with (
        replaying(recorded, label="cassettes/x.jsonl"),
        pytest.raises(SocketBlocked) as caught,
    ):
        connect((host, port))

    text = str(caught.value)
    assert text.startswith("cassettes/x.jsonl: socket.connect to ('127.0.0.1', ")
    assert f"{port}" in text
    assert "harness run --live" in text


def test_unix_sockets_and_socket_pairs_stay_usable(recorded, tmp_path):
    with replaying(recorded) as session, socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        with socket.socket(socket.AF_UNIX) as opened:
            opened.connect(str(tmp_path / "s"))
        one, other = socket.socketpair()
        with one, other:
            one.sendall(b"through")
            assert other.recv(16) == b"through"

    assert session.sockets_opened == 0


def test_after_the_replay_connections_work_again(recorded, listener):
    with replaying(recorded):
        pass

    connect(listener.getsockname())

    listener.accept()[0].close()


def test_a_recording_may_connect_while_a_replay_runs_beside_it(kit, provider, recorded, tmp_path):
    replies = []

    def record() -> None:
        with recording(tmp_path / "other.jsonl", kit.header(provider)):
            replies.append(kit.ask(kit.client(provider.base_url), "live"))

    thread = threading.Thread(target=record)
    with contextlib.ExitStack() as stack:
        session = stack.enter_context(_replaying_in_thread(recorded))
        thread.start()
        thread.join()

    assert replies == ["reply 2 to: live"]
    assert session.sockets_opened == 0


@contextlib.contextmanager
def _replaying_in_thread(path):
    """Keep a replay open in another context than this one."""
    opened, close, sessions = threading.Event(), threading.Event(), []

    def hold() -> None:
        with replaying(path) as session:
            sessions.append(session)
            opened.set()
            close.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    opened.wait(10)
    try:
        yield sessions[0]
    finally:
        close.set()
        holder.join()
