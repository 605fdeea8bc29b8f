"""What a claim can be about: the very scenarios that ran, or scenarios like them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import Scope

# From as many on, a sign-flip test of 25 comparisons can still give a corrected p below 0.05,
# and intervals clustered by scenario cover what they claim.
ENOUGH_SCENARIOS = 10


def scope_of(epochs: Sequence[int]) -> Scope:
    """What samples can speak about; the design of a run decides it, never its outcomes.

    With one sample per scenario only scenarios tell how chance moves the result, and
    from `ENOUGH_SCENARIOS` on they tell it well: then the claim is about scenarios like
    these. Fewer scenarios with repeats tell only how these very scenarios vary.

    Args:
        epochs: Samples of each scenario, of all sides.
    """
    is_single = len(epochs) > 1 and all(each == 1 for each in epochs)
    is_many = len(epochs) >= ENOUGH_SCENARIOS
    return "scenarios like these" if is_single or is_many else "these scenarios"
