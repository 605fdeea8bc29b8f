"""Entering vcrpy, the guard and the other process-wide patches, once."""

from __future__ import annotations

import importlib.metadata
import threading

from harness.errors import EnvironmentFault

# Older ones let openai 3, which uses httpx2, through to the network.
_OLDEST_VCRPY = (9, 4, 2)


class _Installation:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Whether it is done; and kept alive, as vcrpy takes its patches back when it goes.
        self._entered: object | None = None

    def ensure(self) -> None:
        if self._entered is not None:
            return
        with self._lock:
            if self._entered is None:
                self._entered = _install()


_INSTALLATION = _Installation()


def install() -> None:
    """Prepare this process for replaying and recording; later calls do nothing.

    Imports vcrpy and with it every HTTP library that is installed. Without an
    open session, requests and connections work as before, except that vcrpy
    hands a streamed response of urllib3 or http.client (so of requests, too) on
    only when all of it has arrived; those of httpx, httpx2 and aiohttp stream.

    Raises:
        EnvironmentFault: If vcrpy is missing or too old.
    """
    _INSTALLATION.ensure()


def sdk_version() -> str:
    """The openai client library and its version, e.g. "openai 3.52.0"; "" without one."""
    try:
        return f"openai {importlib.metadata.version('openai')}"
    except importlib.metadata.PackageNotFoundError:
        return ""


def _install() -> object:
    _require_vcrpy()
    from harness.cassettes import guard, routing, threads, tls

    entered = routing.enter()
    threads.install_threads()
    tls.install_tls()
    guard.install_guard()
    return entered


def _require_vcrpy() -> None:
    wanted = ".".join(map(str, _OLDEST_VCRPY))
    try:
        found = importlib.metadata.version("vcrpy")
    except importlib.metadata.PackageNotFoundError:
        raise EnvironmentFault(
            f"vcrpy is not installed; cassettes need it. Install it with: "
            f'pip install "vcrpy>={wanted}"'
        ) from None
    numbers = tuple(int(part) for part in found.split(".")[:3] if part.isdigit())
    if numbers < _OLDEST_VCRPY:
        raise EnvironmentFault(
            f"vcrpy {found} is installed, but cassettes need {wanted} or newer: older ones let "
            f'requests of openai 3 through to the network. Run: pip install "vcrpy>={wanted}"'
        )
