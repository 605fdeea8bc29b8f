"""The server: one socket on loopback, until Ctrl-C."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from harness.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.view.app import View

# "localhost" may mean anything that a file on this machine says; here it means this.
_ADDRESSES = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}
_GRACE_SECONDS = 2


def require_loopback(host: str) -> str:
    """The address to listen on.

    Raises:
        EnvironmentFault: If it is not this machine's alone.
    """
    try:
        return _ADDRESSES[host.strip("[]").lower()]
    except KeyError:
        raise EnvironmentFault(
            f"--host {host}: harness view shows conversations to this machine alone, so it "
            f"listens on {', '.join(_ADDRESSES)} only. To look from another machine, forward a "
            "port: ssh -L 8000:127.0.0.1:PORT this-machine"
        ) from None


def serve(view: View, host: str, port: int, *, on_start: Callable[[str, str], None]) -> None:
    """Serve until interrupted.

    Args:
        view: What to serve.
        host: "127.0.0.1", "localhost" or "::1".
        port: 1 to 65535, or 0 for any that is free.
        on_start: Called with two addresses once the server listens: one for people, and one
            that opens the page a single time, for starting a browser.

    Raises:
        EnvironmentFault: If the host is not loopback, or the port cannot be had.
    """
    import uvicorn

    from harness.view.guard import Guard, Pass

    listener = _listen(require_loopback(host), port)
    address = _address(listener)
    key = Pass(cookie=f"harness-view-{listener.getsockname()[1]}")
    config = uvicorn.Config(
        Guard(view.application(), key),
        # Nothing is written of requests: the first one has the secret in its address.
        access_log=False,
        log_config=None,
        log_level="error",
        http="h11",
        ws="none",
        lifespan="off",
        loop="asyncio",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    with listener:
        try:
            on_start(f"{address}/?token={key.token}", f"{address}/?token={key.once[0]}")
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            return


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise EnvironmentFault(
                f"--port {port}: another program listens on port {port} of {host}. Give another "
                "number, or leave --port out to get one that is free."
            ) from None
        raise EnvironmentFault(
            f"harness view cannot listen on port {port} of {host}: {error.strerror}."
        ) from None


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
