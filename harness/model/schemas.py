"""JSON Schemas of everything that is stored or printed as JSON."""

from __future__ import annotations

from typing import Any

import msgspec

from harness.model.gate import GateResult, SuiteOutcomes
from harness.model.history import History
from harness.model.paired import ConfigPairComparison, RunComparison
from harness.model.results import Results
from harness.model.run import RunLog
from harness.model.sample import SampleResult
from harness.model.transcript import Transcript

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one kind of data, in its current version.

    Args:
        name: One of those that ``harness schema --help`` lists.

    Raises:
        KeyError: If there is no such kind.
    """
    types: dict[str, Any] = {  # a type, or a union of some
        "transcript": Transcript,
        "sample": SampleResult,
        "run": RunLog,
        "results": Results,
        "comparison": RunComparison | ConfigPairComparison,
        "gate": GateResult,
        "baseline": SuiteOutcomes,
        "history": History,
    }
    return {"$schema": _DIALECT, "title": name, **msgspec.json.schema(types[name])}
