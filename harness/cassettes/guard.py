"""No socket during a replay: a guard that does not rely on any HTTP library.

Patched once per process, on ``socket.socket`` itself and on name resolution,
so that whatever sits above is covered: http.client, requests, httpx, asyncio,
in any thread. Beneath that an audit hook sees what goes around the patches,
such as ``_socket.socket``; it comes second because the interpreter resolves a
name passed to connect before it tells the hook. Both act only where a replay
or an offline block is concerned; elsewhere they cost a look at a variable.

Not covered, as the guard lives in this interpreter: subprocesses, so neither
the code that agents run in a sandbox (isolating that is the sandbox's
business); and native code with its own sockets (ctypes, gRPC, uvloop).
"""

from __future__ import annotations

import ipaddress
import socket
import sys
import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

from harness.cassettes.scope import watchers_concerned
from harness.errors import SocketBlocked

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.cassettes.scope import Watcher

_SENDERS = ("connect", "connect_ex", "sendto", "sendmsg")
_RESOLVERS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr")


class _Guard:
    """Whether it is installed: patches and audit hooks stay for good."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._installed = False

    def ensure(self) -> None:
        if self._installed:
            return
        with self._lock:
            if not self._installed:
                _install()
                self._installed = True


_GUARD = _Guard()


def install_guard() -> None:
    """Patch sockets and name resolution; later calls do nothing."""
    _GUARD.ensure()


def _install() -> None:
    for name in _SENDERS:
        if hasattr(socket.socket, name):
            setattr(socket.socket, name, _guarded_sender(getattr(socket.socket, name), name))
    for name in _RESOLVERS:
        setattr(socket, name, _guarded_resolver(getattr(socket, name), name))
    sys.addaudithook(_audit_hook())


def _guarded_sender(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(original)
    def guarded(self: socket.socket, *args: Any) -> Any:
        watchers = watchers_concerned()
        if watchers:
            _refuse_sending(watchers, self, name, _address(name, args))
        return original(self, *args)

    return guarded


def _address(name: str, args: tuple[Any, ...]) -> Any:
    """Where a socket call goes; None when it goes to a peer connected before."""
    if name == "sendmsg":
        return args[3] if len(args) > 3 else None
    return args[-1] if args else None


def _guarded_resolver(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(original)
    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        watchers = watchers_concerned()
        if watchers:
            _refuse_resolving(watchers, name, host)
        return original(host, *args, **kwargs)

    return guarded


def _audit_hook() -> Callable[[str, tuple[Any, ...]], None]:
    senders = {f"socket.{name}" for name in _SENDERS}
    resolvers = {f"socket.{name}" for name in _RESOLVERS}

    # Every audited event of the process comes here, the last ones when this module is gone
    # already: hence local names, and the cheapest test first.
    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in senders:
            if watchers := watchers_concerned():
                _refuse_sending(watchers, args[0], event[7:], args[1])
        elif event in resolvers and (watchers := watchers_concerned()):
            _refuse_resolving(watchers, event[7:], args[0])

    return hook


def _refuse_sending(
    watchers: tuple[Watcher, ...], sender: socket.socket, name: str, address: Any
) -> None:
    if address is None or sender.family == getattr(socket, "AF_UNIX", None):
        return
    # The callers that clean up do so for OSError only.
    sender.close()
    _block(watchers, f"socket.{name} to {address!r}")


def _refuse_resolving(watchers: tuple[Watcher, ...], name: str, host: Any) -> None:
    if not _is_local(host):
        _block(watchers, f"socket.{name} of {host!r}")


def _is_local(host: Any) -> bool:
    """Whether resolving needs no network: nothing to resolve, or this machine.

    Connecting to what comes out is still blocked.
    """
    if isinstance(host, bytes | bytearray):
        host = host.decode("latin-1")
    if not host or host == "localhost":
        return True
    try:
        ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return True


def _block(watchers: tuple[Watcher, ...], attempt: str) -> None:
    refusal = (
        f"{watchers[0].label}: {attempt} was refused, because a replay never uses the network. "
        "If the sample needs this connection, run it live: harness run --live"
    )
    for watcher in watchers:
        watcher.count_socket(refusal)
    raise SocketBlocked(refusal)
