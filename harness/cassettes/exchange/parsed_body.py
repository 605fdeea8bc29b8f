"""Interactions as pydantic-ai's tests write them: vcrpy's, with JSON bodies as values.

A request or response holds ``parsed_body`` in place of ``body``. The bytes are
made anew, so they are the same JSON, though not always written the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from harness.cassettes.exchange import vcrpy
from harness.cassettes.exchange.foreign import first_value

if TYPE_CHECKING:
    from harness.cassettes.exchange.foreign import ForeignInteraction, Place

NAME = "pydantic-ai"
_KEY = "parsed_body"
_FORM = "application/x-www-form-urlencoded"


def recognises(item: dict[Any, Any]) -> bool:
    """Whether an interaction has this form."""
    return vcrpy.recognises(item) and any(
        isinstance(item.get(side), dict) and _KEY in item[side] for side in ("request", "response")
    )


def read(item: dict[Any, Any], place: Place) -> ForeignInteraction:
    """Read an interaction.

    Raises:
        CassetteError: If something in it is missing or of a wrong type.
    """
    request = place.mapping(item.get("request"), "request")
    response = place.mapping(item.get("response"), "response")
    if request.get(_KEY) is not None:
        request = {**request, "body": _rebuilt(request, place, "request")}
    if response.get(_KEY) is not None:
        headers = place.headers(response.get("headers"), "response.headers")
        body = {"string": _rebuilt(response, place, "response")}
        response = {**response, "headers": vcrpy.decoded(headers), "body": body}
    return vcrpy.read({"request": request, "response": response}, place)


def _rebuilt(side: dict[Any, Any], place: Place, name: str) -> bytes:
    if side.get("body") is not None:
        place.fail(f"{name} has both a body and a parsed_body")
    value = side[_KEY]
    content_type = first_value(
        place.headers(side.get("headers"), f"{name}.headers"), "content-type"
    )
    if content_type.startswith(_FORM) and isinstance(value, dict):
        return urlencode(value, doseq=True, errors="surrogatepass").encode()
    return vcrpy.json_bytes(value, place, f"{name}.parsed_body")
