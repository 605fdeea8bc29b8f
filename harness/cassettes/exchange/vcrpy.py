"""Interactions as vcrpy 1 to 9 writes them, in YAML or JSON.

``request`` has body, headers, method and uri; ``response`` has body.string,
headers and status.code, or, from its early support of httpx, status_code and
content, which httpx had decoded.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.cassettes.exchange.foreign import ForeignInteraction, kind_of, response_time

if TYPE_CHECKING:
    from harness.cassettes.exchange.foreign import Headers, Place

NAME = "vcrpy"


def recognises(item: dict[Any, Any]) -> bool:
    """Whether an interaction has this form."""
    request = item.get("request")
    return isinstance(request, dict) and "uri" in request


def read(item: dict[Any, Any], place: Place) -> ForeignInteraction:
    """Read an interaction.

    Raises:
        CassetteError: If something in it is missing or of a wrong type.
    """
    request = place.mapping(item.get("request"), "request")
    response = place.mapping(item.get("response"), "response")
    headers = place.headers(response.get("headers"), "response.headers")
    if "status_code" in response:
        status, reason = place.status(response["status_code"]), ""
        body = place.body(response.get("content"), "response.content")
        headers = decoded(headers)
    else:
        status, reason = _status(response.get("status"), place)
        body = _body(response.get("body"), place)
    return ForeignInteraction(
        method=place.text(request.get("method"), "request.method"),
        url=place.text(request.get("uri"), "request.uri"),
        request_headers=place.headers(request.get("headers"), "request.headers"),
        request_body=_request_body(request.get("body"), place),
        status=status,
        reason=reason,
        response_headers=headers,
        response_body=body,
        recorded_at=response_time(headers),
    )


def decoded(headers: Headers) -> dict[str, list[str]]:
    """The headers of a response whose body was stored decompressed."""
    return {
        name: list(values) for name, values in headers.items() if name.lower() != "content-encoding"
    }


def _request_body(body: Any, place: Place) -> bytes:
    if isinstance(body, dict):
        # aiohttp hands vcrpy the value of json= as it is.
        return json_bytes(body, place, "request.body")
    return place.body(body, "request.body")


def json_bytes(value: Any, place: Place, name: str) -> bytes:
    """A value as compact JSON."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError):
        place.fail(f"{name} holds a value that JSON has no form for")


def _status(status: Any, place: Place) -> tuple[int, str]:
    if not isinstance(status, dict):
        return place.status(status), ""
    message = status.get("message")
    if isinstance(message, bytes):
        message = message.decode("latin-1")
    if message is not None and not isinstance(message, str):
        place.fail(f"response.status.message is {kind_of(message)}, not a text")
    return place.status(status.get("code")), message or ""


def _body(body: Any, place: Place) -> bytes:
    if isinstance(body, dict):
        if body and "string" not in body:
            place.fail('response.body has no "string"')
        body = body.get("string")
    return place.body(body, "response.body")
