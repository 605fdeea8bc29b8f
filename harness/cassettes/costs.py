"""What a recorded call cost at list prices, whichever provider answered it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.cassettes.usage import usage_of
from harness.pricing import cost_of, priced_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from harness.cassettes.matching import Request
    from harness.cassettes.usage import CallUsage
    from harness.model.scenario import Price

_NO_PRICES: Mapping[str, Price] = MappingProxyType({})


def usage_of_response(
    request: Request,
    status: int,
    headers: Mapping[str, str | Sequence[str]],
    content: bytes,
    *,
    host: str = "",
) -> CallUsage | None:
    """The usage of a recorded interaction; see `usage.usage_of`.

    Args:
        request: The request, taken apart; its origin tells apart the providers that
            share a wire format.
        status: HTTP status of the response.
        headers: Headers of the response: one value or several by name, in any case.
        content: Body of the response, content-encoding undone.
        host: Host the request went to, where the request does not say so itself: that
            of a cassette's base URL, for its interactions.

    Returns:
        None if the response is an error, or tells no usage.
    """
    if not 200 <= status < 300:
        return None
    return usage_of(
        request.path,
        request.shape.fields,
        _content_type(headers),
        content,
        host=_host(request.origin) or host,
        headers=headers,
    )


def cost_of_response(  # noqa: PLR0913, of which three by keyword only
    request: Request,
    status: int,
    headers: Mapping[str, str | Sequence[str]],
    content: bytes,
    *,
    host: str = "",
    at: str | None = None,
    prices: Mapping[str, Price] = _NO_PRICES,
) -> float | None:
    """The cost of a recorded interaction in US dollars.

    Args:
        request: See `usage_of_response`, as for the next four.
        status: HTTP status of the response.
        headers: Headers of the response.
        content: Body of the response.
        host: Host the request went to.
        at: ISO 8601 moment whose list prices apply; None for now.
        prices: The user's own prices by exact model name; they win.

    Returns:
        None if there is no usage or no price; never 0 for what is not known.

    Raises:
        HarnessError: If `at` is not an ISO 8601 time.
    """
    call = usage_of_response(request, status, headers, content, host=host)
    return None if call is None else cost_of_usage(call, at=at, prices=prices)


def cost_of_usage(
    call: CallUsage,
    *,
    at: str | None = None,
    prices: Mapping[str, Price] = _NO_PRICES,
) -> float | None:
    """The cost of a call's tokens in US dollars.

    Fees that a response does not count in its usage, such as those for guardrails
    or for some hosted tools, are not in it. A prompt that a Bedrock guardrail blocked
    costs what its tokens would have.

    Args:
        call: Tokens of the call.
        at: ISO 8601 moment whose list prices apply; None for now.
        prices: The user's own prices by exact model name; they win.

    Returns:
        None if the model, or something its usage mentions, has no known price.

    Raises:
        HarnessError: If `at` is not an ISO 8601 time.
    """
    model = priced_name(call.asked, call.model, prices)
    if call.unpriced and model not in prices:
        return None
    cost = cost_of(model, call.usage, at=at, prices=prices, provider=call.provider)
    if cost is None and call.provider != "azure":
        # OpenAI answers for davinci-002 as "davinci:2023-07-21-v2", which is on no list.
        # An Azure deployment, however, may be called after one model and be another.
        cost = cost_of(call.asked, call.usage, at=at, prices=prices, provider=call.provider)
    return cost


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _content_type(headers: Mapping[str, str | Sequence[str]]) -> str:
    for name, value in headers.items():
        if name.lower() == "content-type":
            return value if isinstance(value, str) else "".join(value[:1])
    return ""
