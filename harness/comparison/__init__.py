"""Run logs in, paired statistics out: between the configs of a run, or between two runs."""

from harness.comparison.configs import compare_configs
from harness.comparison.noise import noise_of
from harness.comparison.runs import compare_runs

__all__ = ["compare_configs", "compare_runs", "noise_of"]
