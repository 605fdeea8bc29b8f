"""What a model call costs, in US dollars: the user's own prices first, then a maintained library.

List prices come from genai-prices' bundled table, as of a given moment, and
never from the network, even if somebody in this process switched on the
library's own updating. A model neither table knows has no price: None, never 0.

The arithmetic is ours because a cost limit prices every call as it happens:
looking a model up once and multiplying takes about a microsecond, asking the
library each time about fifty. A test holds both to the same results for every
model of the library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

    from harness.model.scenario import Price
    from harness.model.transcript import ModelCall, Usage

_DATE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4})")
_TOKEN_PRICES = (
    "input_mtok",
    "cache_read_mtok",
    "cache_write_mtok",
    "cache_write_1h_mtok",
    "output_mtok",
    "output_reasoning_mtok",
)
_NO_PRICES: Mapping[str, Price] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars per million tokens of each kind, and per request.

    Attributes:
        prompt: Input tokens that were not cached; None if the model has no such price.
        cached: Input tokens read from the provider's cache.
        written: Input tokens written to the provider's cache.
        written_1h: Input tokens written to the provider's cache for an hour.
        completion: Output tokens, reasoning aside; None if the model has no such price.
        reasoning: Output tokens spent on hidden reasoning.
        request: Dollars for the request itself, which a few providers charge.
    """

    prompt: float | None
    cached: float | None
    written: float | None
    written_1h: float | None
    completion: float | None
    reasoning: float | None
    request: float = 0.0

    def cost(self, usage: Usage) -> float | None:
        """The cost of one call in US dollars.

        Parts beyond their whole, such as more cached tokens than the prompt has, which
        a sound provider never reports, are left out.

        Returns:
            None if the usage has tokens of a kind without a price.
        """
        cached = min(usage.cached_tokens, usage.prompt_tokens)
        written = min(usage.cache_write_tokens, usage.prompt_tokens - cached)
        written_1h = min(usage.cache_write_1h_tokens, written)
        reasoning = min(usage.reasoning_tokens, usage.completion_tokens)
        total = 0.0
        for tokens, rate in (
            (usage.prompt_tokens - cached - written, self.prompt),
            (cached, self.cached),
            (written - written_1h, self.written),
            (written_1h, self.written_1h),
            (usage.completion_tokens - reasoning, self.completion),
            (reasoning, self.reasoning),
        ):
            if tokens:
                if rate is None:
                    return None
                total += tokens * rate
        return total / 1e6 + self.request


def cost_of(
    model: str,
    usage: Usage,
    *,
    at: str | None = None,
    prices: Mapping[str, Price] = _NO_PRICES,
    provider: str = "",
) -> float | None:
    """The cost of one call in US dollars.

    Args:
        model: Name as the provider gave it; dated and provider-prefixed names
            ("gpt-4o-mini-2024-07-18", "openai/gpt-4o") are resolved by the library.
        usage: Tokens of the call.
        at: ISO 8601 moment whose list prices apply; None for now.
        prices: The user's own prices by exact model name; they win.
        provider: See `rates_of`.

    Returns:
        US dollars; None if the model, or a kind of token it used, has no known price.

    Raises:
        HarnessError: If `at` is not an ISO 8601 time.
    """
    rates = rates_of(
        model, prompt_tokens=usage.prompt_tokens, at=at, prices=prices, provider=provider
    )
    return None if rates is None else rates.cost(usage)


def cost_of_call(
    call: ModelCall,
    *,
    at: str | None = None,
    prices: Mapping[str, Price] = _NO_PRICES,
) -> float | None:
    """The cost of a recorded model call in US dollars; see `priced_model` and `cost_of`.

    Returns:
        None if the call reported no usage or has no known price.
    """
    if call.usage is None:
        return None
    return cost_of(priced_model(call, prices), call.usage, at=at, prices=prices)


def priced_model(call: ModelCall, prices: Mapping[str, Price] = _NO_PRICES) -> str:
    """The model name a call is priced by; see `priced_name`."""
    return priced_name(call.model_requested, call.model_answered, prices)


def priced_name(asked: str, answered: str | None, prices: Mapping[str, Price] = _NO_PRICES) -> str:
    """The model name a call is priced by: the one that answered, else the one asked for.

    A provider asked for "gpt-4o" answers as "gpt-4o-2024-08-06": a price the user
    gave for the name asked for holds for its dated form too.
    """
    if not answered:
        return asked
    if answered in prices or asked not in prices or not answered.startswith(asked):
        return answered
    return asked if _DATE.fullmatch(answered.removeprefix(asked)) else answered


def rates_of(
    model: str,
    *,
    prompt_tokens: int = 0,
    at: str | None = None,
    prices: Mapping[str, Price] = _NO_PRICES,
    provider: str = "",
) -> Rates | None:
    """The rates that apply to a call.

    Args:
        model: Name as the provider gave it.
        prompt_tokens: Size of the prompt, cached tokens included; some models
            charge more per token for long prompts.
        at: ISO 8601 moment whose list prices apply; None for now.
        prices: The user's own prices by exact model name; they win.
        provider: Whose list prices apply, by genai-prices' id; "" to tell by the
            model's name. A provider without a list has no prices.

    Returns:
        None if the model has no known price.
    """
    own = prices.get(model)
    if own is not None:
        cached = own.prompt if own.cached is None else own.cached
        return Rates(own.prompt, cached, own.prompt, own.prompt, own.completion, own.completion)
    # Some list prices depend on the time of day, so "now" is looked up by the minute.
    moment = at or datetime.now(UTC).isoformat(timespec="minutes")
    for start, rates in _schedule(model, moment, provider):
        if prompt_tokens > start:
            return rates
    return None


@lru_cache(maxsize=4096)
def _schedule(model: str, moment: str, provider: str) -> tuple[tuple[int, Rates], ...]:
    """(prompt size above which they hold, rates), largest size first; empty if unknown."""
    price = _list_price(model, _instant(moment), provider)
    if price is None or (price.input_mtok is None and price.output_mtok is None):
        return ()
    starts = {-1}
    for key in _TOKEN_PRICES:
        rate = getattr(price, key)
        starts.update(tier.start for tier in getattr(rate, "tiers", ()))
    return tuple((start, _rates_above(price, start)) for start in sorted(starts, reverse=True))


def _rates_above(price: ModelPrice, start: int) -> Rates:
    prompt, cached, written, written_1h, completion, reasoning = (
        _dollars(getattr(price, key), start) for key in _TOKEN_PRICES
    )
    written = prompt if written is None else written
    return Rates(
        prompt,
        prompt if cached is None else cached,
        written,
        written if written_1h is None else written_1h,
        completion,
        completion if reasoning is None else reasoning,
        (_dollars(price.requests_kcount, start) or 0.0) / 1000,
    )


def _dollars(rate: Decimal | TieredPrices | None, start: int) -> float | None:
    """The rate for prompts just longer than start tokens."""
    if rate is None:
        return None
    # A plain Decimal has no tiers; Any because the two have nothing in common.
    tiered: Any = rate
    for tier in reversed(getattr(tiered, "tiers", ())):
        if start >= tier.start:
            return float(tier.price)
    return float(getattr(tiered, "base", tiered))


def _list_price(model: str, instant: datetime, provider: str) -> ModelPrice | None:
    info = _model_info(model, provider)
    return None if info is None else info.get_prices(instant)


@lru_cache(maxsize=1024)
def _model_info(model: str, provider: str) -> ModelInfo | None:
    """The library's entry: the provider's, if known.

    Else by the name's prefix as a provider's name, then by the name as it is.
    """
    for owner in (provider,) if provider else ("litellm", None):
        try:
            return _snapshot().find_provider_model(model, None, owner, None)[1]
        except LookupError:
            continue
    return None


@lru_cache(maxsize=1024)
def provider_at(host: str) -> str:
    """The provider whose list prices apply at a host ("api.groq.com"); "" if not known."""
    url = f"https://{host.lower()}"
    for provider in _snapshot().providers if host else ():
        found = re.match(provider.api_pattern, url)
        # Most of the library's patterns leave the end open: evil.example is nobody's.
        if found and (found.end() == len(url) or found[0].endswith(".")):
            return provider.id
    return ""


@cache
def _snapshot() -> DataSnapshot:
    """The bundled table. Not the library's current one, which may be updated from the network."""
    from genai_prices.data import providers
    from genai_prices.data_snapshot import DataSnapshot

    return DataSnapshot(providers=providers, from_auto_update=False)


def _instant(moment: str) -> datetime:
    try:
        instant = datetime.fromisoformat(moment)
    except ValueError:
        raise HarnessError(
            f"Prices were asked for as of {moment!r}, which is not an ISO 8601 time such as "
            "2026-11-20T09:30:00+00:00."
        ) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


@cache
def price_table() -> str:
    """Name and version of the library the list prices come from, for reasons and headers."""
    from importlib.metadata import version

    return f"genai-prices {version('genai-prices')}"
