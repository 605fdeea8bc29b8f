"""Interactions as go-vcr 3 and 4 write them.

``request`` has body, headers, method and url; ``response`` has body, headers,
status ("200 OK"), code and duration ("1.25s").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from harness.cassettes.exchange.foreign import ForeignInteraction, response_time

if TYPE_CHECKING:
    from harness.cassettes.exchange.foreign import Place

NAME = "go-vcr"

# Seconds per unit of Go's durations; the longer names come first.
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_STEP = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)(ns|us|µs|μs|ms|s|m|h)")


def recognises(item: dict[Any, Any]) -> bool:
    """Whether an interaction has this form."""
    request = item.get("request")
    return isinstance(request, dict) and "url" in request


def read(item: dict[Any, Any], place: Place) -> ForeignInteraction:
    """Read an interaction.

    Raises:
        CassetteError: If something in it is missing or of a wrong type.
    """
    request = place.mapping(item.get("request"), "request")
    response = place.mapping(item.get("response"), "response")
    headers = place.headers(response.get("headers"), "response.headers")
    status = place.status(response.get("code"))
    return ForeignInteraction(
        method=place.text(request.get("method"), "request.method"),
        url=place.text(request.get("url"), "request.url"),
        request_headers=place.headers(request.get("headers"), "request.headers"),
        request_body=place.body(request.get("body"), "request.body"),
        status=status,
        reason=str(response.get("status") or "").removeprefix(str(status)).strip(),
        response_headers=headers,
        response_body=place.body(response.get("body"), "response.body"),
        recorded_at=response_time(headers),
        latency_seconds=seconds(response.get("duration")),
    )


def seconds(duration: Any) -> float:
    """A duration of Go, as text or in nanoseconds, in seconds; 0.0 if it is none."""
    if isinstance(duration, int | float):
        return duration / 1e9 if 0 <= duration < 1e18 else 0.0
    if not isinstance(duration, str) or not re.fullmatch(f"(?:{_STEP.pattern})+", duration):
        return 0.0
    return sum(float(number) * _UNITS[unit] for number, unit in _STEP.findall(duration))
