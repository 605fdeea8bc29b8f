"""What the model calls of a sample cost in US dollars, hidden calls included."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from harness.model.score import Score, Unscored
from harness.model.transcript import ModelCall, Usage
from harness.pricing import Rates, price_table, priced_model, rates_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from harness.model.team import FinishedSample


@dataclass(frozen=True)
class _Priced:
    """One call with what it cost."""

    call: ModelCall
    usage: Usage
    model: str
    rates: Rates
    usd: float


@dataclass(frozen=True, kw_only=True)
class Cost:
    """US dollars of all model calls: replies, speaker selection and its retries, summaries.

    Definition: the sum over all calls that reported usage of tokens times rate. Each
    call is priced by the model that answered it, at the rates of the suite's own
    ``prices:`` or else the list prices of the day it was recorded. Cached tokens are
    part of the prompt and reasoning tokens part of the completion; each kind has its
    own rate. Calls that failed reported no usage and cost nothing here; the reason counts them.

    Unscored, never 0, when no call reported usage, when an answered call reported
    none (the sum would be too low), or when the price of any model is unknown.
    """

    name: ClassVar[str] = "cost"

    def score(self, sample: FinishedSample) -> Score | Unscored:
        """Add up the calls of the transcript."""
        calls = sample.transcript.model_calls
        counted = [call for call in calls if call.usage is not None]
        silent = [call for call in calls if call.usage is None and call.error is None]
        if not counted:
            return self._unscored(_no_usage(calls))
        if silent:
            return self._unscored(_partial_usage(calls, silent))
        priced = [_price(call, sample) for call in counted]
        unknown = {model for model in priced if isinstance(model, str)}
        if unknown:
            return self._unscored(_unknown_models(sorted(unknown), sample))
        known = [entry for entry in priced if isinstance(entry, _Priced)]
        return self._total(known, sample, failed=len(calls) - len(counted))

    def _unscored(self, reason: str) -> Unscored:
        return Unscored(scorer=self.name, reason=reason)

    def _total(self, priced: Sequence[_Priced], sample: FinishedSample, *, failed: int) -> Score:
        # fsum is exact, so the total does not depend on the order of the calls.
        value = math.fsum(entry.usd for entry in priced)
        return Score(
            scorer=self.name,
            value=value,
            unit="usd",
            reason=f"${value:.6g} = {_working(priced)} per million {_units(priced)}, over "
            f"{_calls(len(priced))}; {_sources(priced, sample)}{_failures(failed)}.",
            evidence=tuple(entry.call.index for entry in priced),
            details={
                "by_call": {str(entry.call.index): entry.usd for entry in priced},
                "by_model": _sums(priced, lambda entry: entry.model),
                "by_agent": _sums(priced, lambda entry: entry.call.agent),
                "by_purpose": _sums(priced, lambda entry: entry.call.purpose),
                "tokens": _tokens(entry.usage for entry in priced),
            },
        )


def _price(call: ModelCall, sample: FinishedSample) -> _Priced | str:
    """The call with its cost, or the name of the model whose price is unknown."""
    usage = _sound(call.usage or Usage(prompt_tokens=0, completion_tokens=0))
    model = priced_model(call, sample.prices)
    rates = rates_of(
        model,
        prompt_tokens=usage.prompt_tokens,
        at=sample.priced_at,
        prices=sample.prices,
    )
    usd = None if rates is None else rates.cost(usage)
    if rates is None or usd is None:
        return model
    return _Priced(call, usage, model, rates, usd)


def _sound(usage: Usage) -> Usage:
    """Usage whose parts fit their wholes, so that the working in the reason adds up."""
    cached = min(usage.cached_tokens, usage.prompt_tokens)
    written = min(usage.cache_write_tokens, usage.prompt_tokens - cached)
    return Usage(
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=cached,
        reasoning_tokens=min(usage.reasoning_tokens, usage.completion_tokens),
        cache_write_tokens=written,
        cache_write_1h_tokens=min(usage.cache_write_1h_tokens, written),
    )


def _sums(priced: Sequence[_Priced], key: Callable[[_Priced], str]) -> dict[str, float]:
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for entry in priced:
        groups[key(entry)].append(entry.usd)
    return {name: math.fsum(costs) for name, costs in groups.items()}


def _tokens(usages: Iterable[Usage]) -> dict[str, int]:
    totals = {"prompt": 0, "cached": 0, "completion": 0, "reasoning": 0}
    written = {"cache_write": 0, "cache_write_1h": 0}
    for usage in usages:
        totals["prompt"] += usage.prompt_tokens
        totals["cached"] += usage.cached_tokens
        totals["completion"] += usage.completion_tokens
        totals["reasoning"] += usage.reasoning_tokens
        written["cache_write"] += usage.cache_write_tokens
        written["cache_write_1h"] += usage.cache_write_1h_tokens
    # Few providers charge for writing to a cache: told only where it happened.
    return totals | {kind: count for kind, count in written.items() if count}


def _working(priced: Sequence[_Priced]) -> str:
    """Tokens times rate for every model, and for every rate of a model that has several."""
    groups: defaultdict[tuple[str, Rates], list[_Priced]] = defaultdict(list)
    for entry in priced:
        groups[entry.model, entry.rates].append(entry)
    return "; ".join(
        f"{model}: {_terms(rates, _tokens(entry.usage for entry in entries), len(entries))}"
        for (model, rates), entries in groups.items()
    )


def _terms(rates: Rates, tokens: dict[str, int], calls: int) -> str:
    cached, reasoning = tokens["cached"], tokens["reasoning"]
    written, written_1h = tokens.get("cache_write", 0), tokens.get("cache_write_1h", 0)
    terms = [
        f"{count:,} {kind} * ${rate:g}"
        for count, kind, rate in (
            (tokens["prompt"] - cached - written, "prompt", rates.prompt),
            (cached, "cached", rates.cached),
            (written - written_1h, "cache-written", rates.written),
            (written_1h, "cache-written for an hour", rates.written_1h),
            (tokens["completion"] - reasoning, "completion", rates.completion),
            (reasoning, "reasoning", rates.reasoning),
        )
        if count and rate is not None
    ]
    if rates.request:
        terms.append(f"{calls:,} requests * ${rates.request * 1e6:g}")
    return " + ".join(terms) or "no tokens * any price"


def _units(priced: Sequence[_Priced]) -> str:
    has_fee = any(entry.rates.request for entry in priced)
    return "tokens or requests" if has_fee else "tokens"


def _sources(priced: Sequence[_Priced], sample: FinishedSample) -> str:
    own = sorted({entry.model for entry in priced if entry.model in sample.prices})
    listed = any(entry.model not in sample.prices for entry in priced)
    day = f" of {sample.priced_at[:10]}" if sample.priced_at else ""
    sources = [f"the suite's own prices for {', '.join(own)}"] if own else []
    if listed:
        sources.append(f"list prices{day} from {price_table()}")
    return " and ".join(sources)


def _failures(failed: int) -> str:
    return f"; {_calls(failed)} that failed without usage left out" if failed else ""


def _calls(count: int) -> str:
    return f"{count:,} model call{'' if count == 1 else 's'}"


def _no_usage(calls: Sequence[ModelCall]) -> str:
    if not calls:
        return "no model call reported usage: the transcript holds none"
    return f"no model call reported usage: {_calls(len(calls))} made, none with token counts"


def _partial_usage(calls: Sequence[ModelCall], silent: Sequence[ModelCall]) -> str:
    events = ", ".join(str(call.index) for call in silent[:5])
    more = ", ..." if len(silent) > 5 else ""
    return (
        f"{len(silent)} of {_calls(len(calls))} were answered without token counts (events "
        f"{events}{more}), so a sum would be too low; when streaming, ask for them with "
        "stream_options: {include_usage: true}"
    )


def _unknown_models(models: Sequence[str], sample: FinishedSample) -> str:
    names = ", ".join(repr(model) for model in models)
    noun = "model" if len(models) == 1 else "models"
    return (
        f"the price of {noun} {names} is unknown to {price_table()}; give it in the suite.yaml of "
        f"{sample.scenario.suite}, in US dollars per million tokens, as "
        f"prices: {{{models[0]}: {{prompt: ..., completion: ...}}}}"
    )
