"""Frames on a socket: a JSON object, then raw bytes, perhaps with file descriptors."""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any

_HEAD = struct.Struct("!II")
_MOST_DESCRIPTORS = 4
# What a keeper may send: its numbers, and two capped outputs.
_MOST_BYTES = 256 * 1024 * 1024

Frame = tuple[dict[str, Any], bytes, tuple[int, ...]]  # Values are what JSON can hold.


class Closed(Exception):
    """The other side has closed the connection, or sent what is no frame."""


def send(
    connection: socket.socket,
    fields: dict[str, Any],
    payload: bytes = b"",
    descriptors: tuple[int, ...] = (),
) -> None:
    """Send one frame.

    Raises:
        Closed: If the other side is gone.
    """
    text = json.dumps(fields).encode()
    head = _HEAD.pack(len(text), len(payload))
    try:
        # Descriptors travel with the first byte.
        socket.send_fds(connection, [head[:1]], list(descriptors))
        connection.sendall(head[1:] + text + payload)
    except (BrokenPipeError, ConnectionResetError):
        raise Closed from None


def receive(connection: socket.socket) -> Frame:
    """Receive one frame; the descriptors in it are the caller's to close.

    Raises:
        Closed: At the end of the connection, and if what comes is no frame.
        TimeoutError: If the connection has a time limit and it passes.
    """
    descriptors: list[int] = []
    try:
        first, descriptors, _, _ = socket.recv_fds(connection, 1, _MOST_DESCRIPTORS)
        if not first:
            raise Closed
        text_size, payload_size = _HEAD.unpack(first + _exactly(connection, _HEAD.size - 1))
        if text_size + payload_size > _MOST_BYTES:
            raise Closed
        fields = json.loads(_exactly(connection, text_size))
        return fields, _exactly(connection, payload_size), tuple(descriptors)
    except BaseException as error:
        for descriptor in descriptors:
            os.close(descriptor)
        if isinstance(error, ConnectionResetError | ValueError):
            raise Closed from None
        raise


def _exactly(connection: socket.socket, size: int) -> bytes:
    # In pieces of bounded size: recv would reserve all of it at once.
    received = bytearray()
    while len(received) < size:
        piece = connection.recv(min(size - len(received), 1 << 20))
        if not piece:
            raise Closed
        received += piece
    return bytes(received)
