"""What a recording costs: every call priced, and none made once a sum could be exceeded.

What a call could cost is reckoned from its request. Where that sets no limit to the
answer, or refers to things it does not contain (an earlier response, a picture by its
URL), the call may cost more; it is charged whole, and no further one is made.

Several processes record at once, so what is spent stands in a file they lock.
"""

from __future__ import annotations

import os
import re
import struct
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.cassettes.costs import cost_of_response
from harness.cassettes.payload import content_of
from harness.errors import BudgetReached
from harness.pricing import provider_at, rates_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from harness.cassettes.format import ResponseRecord
    from harness.cassettes.matching import Request
    from harness.model.scenario import Price

# A call that does not limit its answer is reckoned with one this long, in tokens.
UNLIMITED_ANSWER = 4096
# English text has about four bytes per token, other text and JSON fewer.
_BYTES_PER_TOKEN = 3
_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
# Azure, Bedrock and Gemini.
_MODEL_IN_PATH = re.compile(r"/(?:deployments|model|models)/([^/:]+(?::\d+)?)")
_NUMBER = struct.Struct("<d")


@dataclass(frozen=True, kw_only=True)
class Charging:
    """Prices the calls of one recording.

    Attributes:
        prices: The user's own prices by model name; they win over list prices.
        at: ISO 8601 moment whose list prices apply; None for now.
        budget: What all recordings of a run may cost together; None for no limit.
        host: Host of the provider.
    """

    prices: Mapping[str, Price] = field(default_factory=dict)
    at: str | None = None
    budget: Budget | None = None
    host: str = ""

    def reserve(self, request: Request, size_bytes: int) -> float:
        """Set aside the most a request is likely to cost.

        Args:
            request: The request.
            size_bytes: Size of its body.

        Returns:
            US dollars set aside; 0 without a budget.

        Raises:
            BudgetReached: If the budget does not have it, or the model has no price.
        """
        if self.budget is None:
            return 0.0
        fields = request.shape.fields if isinstance(request.shape.fields, dict) else {}
        model, provider = self._model(request, fields)
        rates = rates_of(model, at=self.at, prices=self.prices, provider=provider)
        if rates is None or rates.prompt is None:
            raise BudgetReached(
                f"The model {model!r} has no known price, so --max-cost cannot be kept. Give it "
                "one under prices: in suite.yaml, or record without --max-cost."
            )
        answer = _longest_answer(fields) * (rates.completion or 0.0)
        amount = (size_bytes / _BYTES_PER_TOKEN * rates.prompt + answer) / 1e6 + rates.request
        self.budget.reserve(amount)
        return amount

    def _model(self, request: Request, fields: Mapping[str, Any]) -> tuple[str, str]:
        """The model a request asks for, in its body or its path, and whose prices apply."""
        named = fields.get("model")
        if isinstance(named, str) and named:
            return named, ""
        match = _MODEL_IN_PATH.search(request.path)
        return (match[1] if match else ""), provider_at(self.host) if match else ""

    def settle(
        self, request: Request, response: ResponseRecord, reserved_usd: float
    ) -> float | None:
        """Price a call, and charge that instead of what was set aside.

        Returns:
            US dollars; None without a price.
        """
        cost = cost_of_response(
            request,
            response.status,
            response.headers,
            content_of(response.body),
            host=self.host,
            at=self.at,
            prices=self.prices,
        )
        if self.budget is not None:
            # A failed call tells no usage and costs nothing; an answer without usage counts whole.
            spent = cost if cost is not None else reserved_usd * (response.status < 400)
            self.budget.charge(spent - reserved_usd)
        return cost


def _longest_answer(fields: Any) -> int:
    limits = [fields[name] for name in _LIMITS if isinstance(fields.get(name), int)]
    count = fields.get("n")
    return min(limits, default=UNLIMITED_ANSWER) * (count if isinstance(count, int) else 1)


class Budget:
    """A sum that several processes spend from.

    Args:
        path: File that holds what is spent and set aside, in US dollars.
        limit_usd: The sum, in US dollars.
    """

    def __init__(self, path: Path, limit_usd: float) -> None:
        self._path = path
        self.limit_usd = limit_usd

    @property
    def spent_usd(self) -> float:
        """What is spent or set aside so far."""
        with self._locked() as file:
            return _read(file)

    def reserve(self, amount_usd: float) -> None:
        """Set an amount aside.

        Raises:
            BudgetReached: If that would exceed the limit.
        """
        with self._locked() as file:
            spent = _read(file)
            if spent + amount_usd > self.limit_usd:
                raise BudgetReached(
                    f"--max-cost {self.limit_usd:g} is reached: {spent:.4f} USD are spent or set "
                    f"aside, and the next call could cost {amount_usd:.4f} USD."
                )
            _write(file, spent + amount_usd)

    def charge(self, amount_usd: float) -> None:
        """Add to what is spent; a negative amount gives back."""
        with self._locked() as file:
            _write(file, max(_read(file) + amount_usd, 0.0))

    @contextmanager
    def _locked(self) -> Iterator[int]:
        import fcntl

        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)


def _read(file: int) -> float:
    data = os.pread(file, _NUMBER.size, 0)
    return float(_NUMBER.unpack(data)[0]) if len(data) == _NUMBER.size else 0.0


def _write(file: int, value: float) -> None:
    # In place and in one call: whoever is killed here leaves the old number or the new one.
    os.pwrite(file, _NUMBER.pack(value), 0)
