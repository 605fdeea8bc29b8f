"""A real PostgreSQL server of the tests' own, or the one that HARNESS_TEST_POSTGRES names."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, make_url

VARIABLE = "HARNESS_TEST_POSTGRES"
PASSWORD = "correct-horse-7f3a"
_SECONDS = 60


@contextmanager
def postgres_server() -> Iterator[URL]:
    """The address of a server on which databases may be made; skips, saying so, without one."""
    if given := os.environ.get(VARIABLE):
        yield make_url(given)
        return
    binaries = _binaries()
    if binaries is None:
        pytest.skip(f"no PostgreSQL server: {VARIABLE} is not set and there is no initdb here")
    with _started(binaries) as url:
        yield url


@contextmanager
def database_on(server: URL) -> Iterator[URL]:
    """A new empty database, removed afterwards."""
    name = f"harness_test_{secrets.token_hex(6)}"
    plain = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield server.set(database=name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    versions = sorted(installed, key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None


def _account() -> str | None:
    """Who runs the server; it refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def _started(binaries: Path) -> Iterator[URL]:
    # Not in pytest's folder, which only its own user may enter.
    folder = Path(tempfile.mkdtemp(prefix="harness-postgres-"))
    account = _account()
    port = _free_port()
    try:
        (folder / "password").write_text(PASSWORD)
        if account:
            for path in (folder, folder / "password"):
                shutil.chown(path, account)
        _make_cluster(binaries, folder, account)
        options = ["-D", str(folder / "data"), "-k", str(folder), "-p", str(port)]
        settings = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        with open(folder / "log", "wb") as log:
            server = subprocess.Popen(
                [binaries / "postgres", *options, *settings],
                user=account,
                cwd=folder,
                stdout=log,
                stderr=log,
            )
        url = URL.create("postgresql+psycopg", "tester", PASSWORD, "127.0.0.1", port, "postgres")
        try:
            _wait(server, url, folder / "log")
            yield url
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(_SECONDS)
    finally:
        shutil.rmtree(folder)


def _make_cluster(binaries: Path, folder: Path, account: str | None) -> None:
    options = ["-D", str(folder / "data"), "-U", "tester", "--pwfile", str(folder / "password")]
    subprocess.run(
        [binaries / "initdb", *options, "--auth=scram-sha-256", "--no-sync", "-E", "UTF8"],
        user=account,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: subprocess.Popen[bytes], url: URL, log: Path) -> None:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    end = time.monotonic() + _SECONDS
    while True:
        assert server.poll() is None, log.read_text()
        try:
            psycopg.connect(plain).close()
        except psycopg.OperationalError:
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        else:
            return
