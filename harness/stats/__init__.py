"""Statistics as pure functions: intervals, stratified tests, multiplicity, bootstrap.

Everything is deterministic: what draws random numbers takes a seed that
defaults to a constant.
"""

from harness.stats.bootstrap import bootstrap_interval
from harness.stats.multiplicity import holm
from harness.stats.permutation import smallest_p_value, stratified_permutation_test
from harness.stats.proportions import (
    Count,
    newcombe_interval,
    stratified_difference,
    wilson_interval,
)

__all__ = [
    "Count",
    "bootstrap_interval",
    "holm",
    "newcombe_interval",
    "smallest_p_value",
    "stratified_difference",
    "stratified_permutation_test",
    "wilson_interval",
]
