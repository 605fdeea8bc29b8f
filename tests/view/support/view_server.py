"""`harness view` in a process of its own, asked by httpx and by bytes on a socket."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx

ADDRESS = re.compile(r"http://(\S+):(\d+)/\?token=(\S+)")


class View:
    """A running server, and what is needed to ask it."""

    def __init__(self, process, address):
        self.process = process
        self.address = address
        host, port, self.token = ADDRESS.fullmatch(address).groups()
        self.port = int(port)
        self.connects_to = host.strip("[]")
        self.base = f"http://{host}:{port}"
        answer = httpx.get(address)
        self.cookie = answer.headers["set-cookie"].partition(";")[0]

    def get(self, path, method="GET", **headers):
        """Ask as the browser does that has the cookie; other headers replace these."""
        given = {"Cookie": self.cookie, "Sec-Fetch-Site": "same-origin"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        given = {name: value for name, value in given.items() if value is not None}
        return httpx.request(method, f"{self.base}{path}", headers=given)

    def raw(self, target, *, host="localhost", line=None, headers=()):
        """Ask with this target as it is, which no client would leave so; status and the rest."""
        first = line or b"GET " + target + b" HTTP/1.1"
        lines = [first, f"Cookie: {self.cookie}".encode(), b"Connection: close", *headers]
        if host is not None:
            lines.append(f"Host: {host}".encode())
        with socket.create_connection((self.connects_to, self.port), timeout=20) as wire:
            wire.sendall(b"\r\n".join([*lines, b"", b""]))
            answer = b"".join(iter(lambda: wire.recv(65536), b""))
        return int(answer.split(b" ", 2)[1]), answer

    def stop(self):
        """Ctrl-C; exit code, and what was printed since the address."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


def environment():
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PYTHONWARNINGS": "error"}


@contextmanager
def served(folder, *arguments):
    """Start the server in a folder, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "view", *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    if not found:
        process.kill()
        raise AssertionError(line + process.communicate()[1])
    try:
        yield View(process, found[0])
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
