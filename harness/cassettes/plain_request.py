"""A request as vcrpy's stub for httpx makes one, without what routing never looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.cassettes.recording import Began
    from harness.cassettes.session import Sent


class PlainRequest:
    """Takes the place of ``vcr.request.Request``, which copies every header to look it up by case.

    That copy costs more than all of a replay's other work; httpx's own headers are
    looked up by case already.

    Args:
        method: HTTP method.
        uri: Absolute URL.
        body: Body as sent.
        headers: httpx's or httpx2's headers.
    """

    __slots__ = (
        "body_bytes",
        "harness_began",
        "harness_played",
        "harness_sent",
        "headers",
        "method",
        "uri",
    )

    harness_began: Began | None
    harness_played: Any
    harness_sent: Sent

    def __init__(self, method: str, uri: str, body: bytes, headers: Mapping[str, str]) -> None:
        self.method = method
        self.uri = uri
        self.body_bytes = body
        self.headers = headers

    def __str__(self) -> str:
        return f"<{self.method} {self.uri}>"
