"""No socket during a replay: a guard that does not rely on any HTTP library.

Patched once per process, on ``socket.socket`` itself and on name resolution,
so that whatever sits above is covered: http.client, requests, httpx, asyncio,
in any thread. It acts only where a replay is concerned; elsewhere it costs a
look at a context variable.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import wraps
from typing import TYPE_CHECKING, Any

from harness.cassettes.scope import replays_concerned
from harness.errors import SocketBlocked

if TYPE_CHECKING:
    from collections.abc import Callable

_SENDERS = ("connect", "connect_ex", "sendto", "sendmsg")
_RESOLVERS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr")


def install_guard() -> None:
    """Patch sockets and name resolution; call it once."""
    for name in _SENDERS:
        if hasattr(socket.socket, name):
            setattr(socket.socket, name, _guarded_sender(getattr(socket.socket, name), name))
    for name in _RESOLVERS:
        setattr(socket, name, _guarded_resolver(getattr(socket, name), name))


def _guarded_sender(original: Callable[..., Any], name: str) -> Callable[..., Any]:
    @wraps(original)
    def guarded(self: socket.socket, *args: Any) -> Any:
        replays = replays_concerned()
        if replays and self.family != getattr(socket, "AF_UNIX", None):
            address = _address(name, args)
            if address is not None:
                # The callers that clean up do so for OSError only.
                self.close()
                _block(replays, f"socket.{name} to {address!r}")
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
        replays = replays_concerned()
        if replays and not _is_local(host):
            _block(replays, f"socket.{name} of {host!r}")
        return original(host, *args, **kwargs)

    return guarded


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


def _block(replays: tuple[Any, ...], attempt: str) -> None:
    for replay in replays:
        replay.count_socket()
    raise SocketBlocked(
        f"{replays[0].label}: {attempt} was refused, because a replay never uses the network. "
        "If the sample needs this connection, run it live: harness run --live"
    )
