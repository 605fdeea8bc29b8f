"""A test bench for multi-agent LLM conversations.

The names below are the public interface, together with `harness.model`,
`harness.protocols` and `harness.mocks`. They are imported when first used, so
that ``import harness`` loads nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.comparison import compare_configs, compare_runs
    from harness.errors import CassetteMiss, HarnessError
    from harness.expectations import expect
    from harness.fuzzing import fuzz
    from harness.logs import find_log
    from harness.logs.reading import read_log
    from harness.model.run import RunLog
    from harness.model.sample import SampleKey, SampleResult
    from harness.model.scenario import AgentConfig, Limits, Scenario, Suite
    from harness.model.score import CheckResult, Score, Unscored
    from harness.model.team import FinishedSample, Team, TeamContext
    from harness.model.transcript import Transcript, decode_transcript, encode_transcript
    from harness.suites import load_suite

_HOMES = {
    "AgentConfig": "harness.model.scenario",
    "CassetteMiss": "harness.errors",
    "CheckResult": "harness.model.score",
    "FinishedSample": "harness.model.team",
    "HarnessError": "harness.errors",
    "Limits": "harness.model.scenario",
    "RunLog": "harness.model.run",
    "SampleKey": "harness.model.sample",
    "SampleResult": "harness.model.sample",
    "Scenario": "harness.model.scenario",
    "Score": "harness.model.score",
    "Suite": "harness.model.scenario",
    "Team": "harness.model.team",
    "TeamContext": "harness.model.team",
    "Transcript": "harness.model.transcript",
    "Unscored": "harness.model.score",
    "compare_configs": "harness.comparison",
    "compare_runs": "harness.comparison",
    "decode_transcript": "harness.model.transcript",
    "encode_transcript": "harness.model.transcript",
    "expect": "harness.expectations",
    "find_log": "harness.logs",
    "fuzz": "harness.fuzzing",
    "load_suite": "harness.suites",
    "read_log": "harness.logs.reading",
}

__all__ = [
    "AgentConfig",
    "CassetteMiss",
    "CheckResult",
    "FinishedSample",
    "HarnessError",
    "Limits",
    "RunLog",
    "SampleKey",
    "SampleResult",
    "Scenario",
    "Score",
    "Suite",
    "Team",
    "TeamContext",
    "Transcript",
    "Unscored",
    "compare_configs",
    "compare_runs",
    "decode_transcript",
    "encode_transcript",
    "expect",
    "find_log",
    "fuzz",
    "load_suite",
    "read_log",
]


def __getattr__(name: str) -> Any:  # the attribute's type depends on its name
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'harness' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
