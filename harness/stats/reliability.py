"""Reliability over epochs: the chance that one of k passes, and that all k do."""

from __future__ import annotations

from math import comb
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.stats.proportions import Count


def pass_at_k(successes: int, epochs: int, k: int) -> float:
    """Estimate the probability that at least one of k independent epochs succeeds.

    Unbiased: 1 - C(epochs - successes, k) / C(epochs, k).

    Args:
        successes: Passed epochs, 0 <= successes <= epochs.
        epochs: Epochs run, >= 1.
        k: Epochs drawn without replacement, 1 <= k <= epochs.

    Returns:
        Probability in [0, 1].

    Raises:
        ValueError: If k is outside 1..epochs or successes outside 0..epochs.

    Source: Chen et al. (2021), arXiv:2107.03374.
    """
    _check(successes, epochs, k)
    return 1 - comb(epochs - successes, k) / comb(epochs, k)


def pass_hat_k(successes: int, epochs: int, k: int) -> float:
    """Estimate the probability that k independent epochs all succeed.

    Unbiased: C(successes, k) / C(epochs, k).

    Args:
        successes: Passed epochs, 0 <= successes <= epochs.
        epochs: Epochs run, >= 1.
        k: Epochs drawn without replacement, 1 <= k <= epochs.

    Returns:
        Probability in [0, 1].

    Raises:
        ValueError: If k is outside 1..epochs or successes outside 0..epochs.

    Source: tau-bench, arXiv:2406.12045.
    """
    _check(successes, epochs, k)
    return comb(successes, k) / comb(epochs, k)


def mean_pass_at_k(scenarios: Sequence[Count], k: int) -> float:
    """Mean of `pass_at_k` over scenarios; ValueError as there, or without any scenario."""
    return _mean(pass_at_k, scenarios, k)


def mean_pass_hat_k(scenarios: Sequence[Count], k: int) -> float:
    """Mean of `pass_hat_k` over scenarios; ValueError as there, or without any scenario."""
    return _mean(pass_hat_k, scenarios, k)


def _mean(estimate: Callable[[int, int, int], float], scenarios: Sequence[Count], k: int) -> float:
    if not scenarios:
        raise ValueError("the mean over scenarios needs at least one scenario")
    return fmean(estimate(count.successes, count.n, k) for count in scenarios)


def _check(successes: int, epochs: int, k: int) -> None:
    if not 1 <= k <= epochs:
        raise ValueError(f"k={k} of epochs={epochs}: need 1 <= k <= epochs")
    if not 0 <= successes <= epochs:
        raise ValueError(f"successes={successes} of epochs={epochs}: need 0 <= successes <= epochs")
