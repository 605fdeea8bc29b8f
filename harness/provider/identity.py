"""Is this address our own scripted provider? Asked of this machine only."""

from __future__ import annotations

import ipaddress
import json
import socket
from http.client import HTTPException, HTTPResponse
from urllib.parse import urlsplit

OWNER = "scripted provider"

_MOST_BYTES = 1_000_000
# The name is not looked up: an answer from elsewhere would send the question elsewhere.
_LOCALHOST = ("127.0.0.1", "::1")


def identify(base_url: str, timeout: float) -> bool:
    """Whether a scripted provider answers at an address.

    Only loopback addresses are asked, directly and never through a proxy; for
    any other nothing is sent.

    Args:
        base_url: Address of the API, as given to clients.
        timeout: Seconds to wait for each step of the exchange.

    Returns:
        True if ``GET base_url/models`` lists nothing but models of a scripted provider.
    """
    try:
        parts = urlsplit(base_url)
        port = parts.port or 80
    except ValueError:
        return False
    if parts.scheme != "http":  # It speaks no TLS.
        return False
    path = f"{parts.path.rstrip('/')}/models"
    return any(
        _is_scripted(host, port, path, timeout) for host in _loopback_hosts(parts.hostname or "")
    )


def _loopback_hosts(host: str) -> tuple[str, ...]:
    if host == "localhost":
        return _LOCALHOST
    try:
        return (host,) if ipaddress.ip_address(host).is_loopback else ()
    except ValueError:
        return ()


def _is_scripted(host: str, port: int, path: str, timeout: float) -> bool:
    try:
        question = _question(host, port, path)
        # Not by an HTTP client: those are recorded and replayed.
        with socket.create_connection((host, port), timeout) as connection:
            connection.sendall(question)
            with HTTPResponse(connection, method="GET") as response:
                response.begin()
                body = response.read(_MOST_BYTES)
        return response.status == 200 and _lists_scripted_models(json.loads(body))
    except (OSError, HTTPException, ValueError, RecursionError):
        return False


def _question(host: str, port: int, path: str) -> bytes:
    if any(character <= " " or character == "\x7f" for character in path):
        raise ValueError(f"{path!r} is no path")
    shown = f"[{host}]" if ":" in host else host
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {shown}:{port}",
        "Accept: application/json",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


def _lists_scripted_models(body: object) -> bool:
    models = body.get("data") if isinstance(body, dict) else None
    if not isinstance(models, list) or not models:
        return False
    return all(isinstance(model, dict) and model.get("owned_by") == OWNER for model in models)
