"""A scorer's options are the fields of its class, whoever wrote it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

SCORERS = """\
from dataclasses import KW_ONLY, dataclass

@dataclass(frozen=True)
class Politeness:
    words: list
    _: KW_ONLY
    minimum: int = 1

class Plain:
    def __init__(self, anything): pass
"""
LOAD = """\
from pathlib import Path
from harness.errors import SuiteError
from harness.suites import load_suite
try:
    print(load_suite(Path('demo')).scenarios[0].scorers)
except SuiteError as error:
    print(error)
"""


@pytest.fixture
def acme(suite: Any) -> Any:
    """The suite, in an environment where another distribution brings two scorers."""
    suite.write("../acme_plugins.py", SCORERS)
    info = "../acme_plugins-1.2.dist-info"
    suite.write(f"{info}/METADATA", "Metadata-Version: 2.1\nName: acme-plugins\nVersion: 1.2\n")
    suite.write(
        f"{info}/entry_points.txt",
        "[harness.scorers]\npoliteness = acme_plugins:Politeness\nplain = acme_plugins:Plain\n",
    )
    return suite


@pytest.mark.parametrize(
    ("scorers", "said"),
    [
        pytest.param(
            "[{politeness: {words: [thanks], minimum: 2}}]",
            "(ScorerSpec(name='politeness', options={'words': ['thanks'], 'minimum': 2}),)",
            id="fitting",
        ),
        pytest.param(
            "[{politeness: {words: [], minimun: 2}}]",
            "demo/suite.yaml:6: scorers[0].politeness.minimun: unknown option 'minimun'; "
            "valid choices: words, minimum. Did you mean 'minimum'?",
            id="unknown",
        ),
        pytest.param(
            "[{politeness: {}}]",
            "demo/suite.yaml:6: scorers[0].politeness: the scorer 'politeness' needs the option "
            "'words'",
            id="missing",
        ),
        pytest.param(
            "[{plain: {x: 1}}]",
            "(ScorerSpec(name='plain', options={'x': 1}),)",
            id="a class that is no dataclass is left to complain itself",
        ),
    ],
)
def test_options_are_compared_with_the_fields(acme: Any, scorers: str, said: str) -> None:
    acme.suite(f"scorers: {scorers}")

    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        env={"PYTHONPATH": str(acme.root.parent)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == said + "\n"
