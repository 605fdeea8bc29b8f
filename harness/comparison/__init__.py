"""Run logs in, statistics and verdicts out: between configs, between runs, against thresholds."""

from harness.comparison.config_pair import compare_config_pair
from harness.comparison.configs import compare_configs
from harness.comparison.gate import judge
from harness.comparison.noise import noise_of
from harness.comparison.outcomes import outcomes_of
from harness.comparison.runs import compare_runs

__all__ = [
    "compare_config_pair",
    "compare_configs",
    "compare_runs",
    "judge",
    "noise_of",
    "outcomes_of",
]
