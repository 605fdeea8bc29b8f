"""`harness view` on the command line: where it listens, how it ends, what it refuses."""

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from cli_project import environment

SUPPORT = Path(__file__).parents[1] / "view" / "support"
sys.path.insert(0, str(SUPPORT))
from view_server import served  # noqa: E402 - the path is made above


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.0.1", "127.0.0.2", "example.org", "", "::ffff:127.0.0.1"]
)
def test_no_other_machine_can_be_let_in(harness, host):
    done = harness("view", "--host", host)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"Error: --host {host}: harness view shows")
    assert "127.0.0.1, localhost, ::1 only" in done.stderr
    assert "ssh -L" in done.stderr


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("localhost", "http://127.0.0.1:"),
        ("::1", "http://[::1]:"),
        ("[::1]", "http://[::1]:"),
    ],
)
def test_loopback_is_listened_on_and_nothing_else(tmp_path, host, base):
    with served(tmp_path, "--host", host) as view:
        assert view.base.startswith(base)
        assert view.get("/").status_code == 200
        ours = [each for each in _listeners() if each.port == view.port]

    assert [each.ip for each in ours] == [base[7:-1].strip("[]")]


def _listeners():
    import psutil

    return [each.laddr for each in psutil.net_connections("tcp") if each.status == "LISTEN"]


def test_a_port_that_is_taken_is_told(harness):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = harness("view", "--port", port)

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"Error: --port {port}: another program listens on port {port}")


def test_a_port_that_is_asked_for_is_had_and_another_view_gets_another(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with served(tmp_path, "--port", str(port)) as one, served(tmp_path) as two:
        assert one.port == port
        assert two.port != port
        assert one.cookie.partition("=")[0] != two.cookie.partition("=")[0]


def test_ctrl_c_ends_it_well_although_a_browser_is_connected(tmp_path):
    with served(tmp_path) as view, socket.create_connection(("127.0.0.1", view.port)) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 403"

        code, _, err = view.stop()

    assert (code, err) == (0, "")


def test_a_signal_to_end_ends_it(tmp_path):
    with served(tmp_path) as view:
        view.process.send_signal(signal.SIGTERM)
        _, err = view.process.communicate(timeout=60)

    assert view.process.returncode == -signal.SIGTERM
    assert err == ""


@pytest.mark.parametrize("absent", [["uvicorn"], ["starlette"], ["starlette", "uvicorn"]])
def test_what_is_not_installed_is_named_with_the_command_that_installs_it(tmp_path, absent):
    code = f"import sys; sys.modules |= dict.fromkeys({absent}); sys.argv = ['harness', 'view']"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; from harness.cli import main; main()"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr == (
        f"Error: harness view needs {' and '.join(absent)}, not installed in this environment. "
        'Install what it needs with: pip install "conversation-harness[view]"\n'
    )


def test_the_address_a_browser_is_started_with_opens_the_page_once(tmp_path, monkeypatch):
    told = tmp_path / "told"
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > {told}.part && mv {told}.part {told}\n')
    script.chmod(0o755)
    monkeypatch.setattr("view_server.environment", lambda: environment(BROWSER=f"{script} %s"))

    with served(tmp_path, "--open") as view:
        until = time.monotonic() + 60
        while not told.exists():
            assert time.monotonic() < until
            time.sleep(0.02)
        address = told.read_text()
        answers = [httpx.get(each) for each in (address, address, view.address, view.address)]

    assert re.fullmatch(rf"{view.base}/\?token=\S{{43}}", address)
    assert address != view.address
    assert [answer.status_code for answer in answers] == [303, 403, 303, 303]


def test_no_browser_is_started_unasked(tmp_path, monkeypatch):
    script = tmp_path / "browser"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    script.chmod(0o755)
    monkeypatch.setattr("view_server.environment", lambda: environment(BROWSER=f"{script} %s"))

    with served(tmp_path) as view:
        view.get("/")
        view.stop()

    assert not (tmp_path / "started").exists()
