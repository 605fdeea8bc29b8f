"""No socket during a replay: a guard that does not rely on any HTTP library.

Patched once per process, on ``socket.socket`` itself and on name resolution,
so that whatever sits above is covered: http.client, requests, httpx, asyncio,
in any thread. Beneath that an audit hook sees what goes around the patches,
such as ``_socket.socket``; it comes second because the interpreter resolves a
name passed to connect before it tells the hook. Both act only where a replay
or an offline block is concerned; elsewhere they cost a look at a variable.

What was connected before cannot be sent to either. A connection that somebody
else opened to this process can: a server is no client. And so can one to this
machine where no session is current: a debugger's thread is nobody's sample.

Not covered, as the guard lives in this interpreter: subprocesses, so neither
the code that agents run in a sandbox (isolating that is the sandbox's
business); and native code with its own sockets (ctypes, gRPC, uvloop).
"""

from __future__ import annotations

import importlib
import ipaddress
import os
import socket
import sys
import threading
from functools import wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from harness.cassettes.scope import CURRENT, watchers_concerned
from harness.errors import SocketBlocked

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.cassettes.scope import Watcher

_SENDERS = ("connect", "connect_ex", "sendto", "sendmsg")
# To the peer of a socket that is connected already.
_WRITERS = ("send", "sendall", "sendmsg")
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
    _guard_writers()
    for name in _RESOLVERS:
        setattr(socket, name, _guarded_resolver(getattr(socket, name), name))
    socket.getnameinfo = _guarded_reverse(socket.getnameinfo)
    sys.addaudithook(_audit_hook())


def _guard_writers() -> None:
    if os.name != "posix":
        return  # Pairs of sockets, as event loops use them, are connections there.
    accepted: WeakSet[socket.socket] = WeakSet()
    socket.socket.accept = _noting_accept(socket.socket.accept, accepted)  # type: ignore[method-assign]
    for name in _WRITERS:
        original = getattr(socket.socket, name)
        setattr(socket.socket, name, _guarded_writer(original, name, accepted))
    try:
        ssl = importlib.import_module("ssl")
    except ImportError:  # This interpreter has no TLS.
        return
    # It encrypts, and sends, without the methods above.
    for name in ("send", "write"):
        original = getattr(ssl.SSLSocket, name)
        setattr(ssl.SSLSocket, name, _guarded_writer(original, name, accepted))
    ssl.SSLSocket.accept = _noting_accept(ssl.SSLSocket.accept, accepted)


def _noting_accept(original: Callable[..., Any], accepted: WeakSet[socket.socket]) -> Any:
    @wraps(original)
    def accept(self: socket.socket) -> Any:
        connection, address = original(self)
        accepted.add(connection)
        return connection, address

    return accept


def _guarded_writer(
    original: Callable[..., Any], name: str, accepted: WeakSet[socket.socket]
) -> Callable[..., Any]:
    @wraps(original)
    def guarded(self: socket.socket, *args: Any) -> Any:
        watchers = watchers_concerned()
        if watchers and self not in accepted:
            _refuse_writing(watchers, self, name)
        return original(self, *args)

    return guarded


def _refuse_writing(watchers: tuple[Watcher, ...], sender: socket.socket, name: str) -> None:
    if sender.family not in (socket.AF_INET, socket.AF_INET6):
        return
    try:
        peer = sender.getpeername()
    except OSError:
        return  # Not connected: there is nobody to send to.
    if CURRENT.get() is not None or not _is_this_machine(peer[0]):
        _block(watchers, f"socket.{name} to {peer!r}")


def _guarded_reverse(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def getnameinfo(address: Any, flags: int) -> Any:
        watchers = watchers_concerned()
        if watchers and not flags & socket.NI_NUMERICHOST and not _is_this_machine(address[0]):
            _block(watchers, f"socket.getnameinfo of {address[0]!r}")
        return original(address, flags)

    return getnameinfo


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
    is_reverse = name == "gethostbyaddr" and _is_local(host) and host not in ("", "localhost")
    if not (_is_this_machine(host) if is_reverse else _is_local(host)):
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


def _is_this_machine(host: Any) -> bool:
    """Whether an address is a loopback address."""
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return str(host) == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or (mapped is not None and mapped.is_loopback)


def _block(watchers: tuple[Watcher, ...], attempt: str) -> None:
    refusal = f"{watchers[0].label}: {attempt} was refused, {watchers[0].advice}"
    for watcher in watchers:
        watcher.count_socket(refusal)
    raise SocketBlocked(refusal)
