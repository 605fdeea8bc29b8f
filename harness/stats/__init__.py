"""Statistics as pure functions: intervals, paired and stratified tests, reliability, power.

Everything is deterministic: what draws random numbers takes a seed that
defaults to a constant.
"""

from harness.model.noise import Plan
from harness.stats.bootstrap import bootstrap_interval, cluster_bootstrap_interval
from harness.stats.clustered import clustered_mean
from harness.stats.differences import (
    Tested,
    block_differences,
    blocks_scope,
    cohens_h,
    difference_seen,
    difference_test,
    scenarios_interval,
    share_difference,
)
from harness.stats.interactions import (
    interaction_difference,
    interaction_seen,
    interaction_test,
)
from harness.stats.means import mean_interval, median_interval, share_interval
from harness.stats.multiplicity import holm
from harness.stats.paired import (
    McNemar,
    cohens_d,
    mcnemar_test,
    median_difference,
    paired_difference,
    scenario_differences,
    sign_flip_test,
)
from harness.stats.permutation import smallest_p_value, stratified_permutation_test
from harness.stats.power import (
    Spread,
    difference_spread,
    plan,
    plans_for,
    scenarios_needed,
    smallest_detectable_difference,
    smallest_seen,
)
from harness.stats.proportions import (
    Count,
    clopper_pearson_interval,
    newcombe_interval,
    stratified_difference,
    wilson_interval,
)
from harness.stats.reliability import mean_pass_at_k, mean_pass_hat_k, pass_at_k, pass_hat_k
from harness.stats.scope import ENOUGH_SCENARIOS, scope_of
from harness.stats.student import t_interval, t_quantile
from harness.stats.variance import VarianceSplit, split_variance
from harness.stats.verdict import Finding, finding

__all__ = [
    "ENOUGH_SCENARIOS",
    "Count",
    "Finding",
    "McNemar",
    "Plan",
    "Spread",
    "Tested",
    "VarianceSplit",
    "block_differences",
    "blocks_scope",
    "bootstrap_interval",
    "clopper_pearson_interval",
    "cluster_bootstrap_interval",
    "clustered_mean",
    "cohens_d",
    "cohens_h",
    "difference_seen",
    "difference_spread",
    "difference_test",
    "finding",
    "holm",
    "interaction_difference",
    "interaction_seen",
    "interaction_test",
    "mcnemar_test",
    "mean_interval",
    "mean_pass_at_k",
    "mean_pass_hat_k",
    "median_difference",
    "median_interval",
    "newcombe_interval",
    "paired_difference",
    "pass_at_k",
    "pass_hat_k",
    "plan",
    "plans_for",
    "scenario_differences",
    "scenarios_interval",
    "scenarios_needed",
    "scope_of",
    "share_difference",
    "share_interval",
    "sign_flip_test",
    "smallest_detectable_difference",
    "smallest_p_value",
    "smallest_seen",
    "split_variance",
    "stratified_difference",
    "stratified_permutation_test",
    "t_interval",
    "t_quantile",
    "wilson_interval",
]
