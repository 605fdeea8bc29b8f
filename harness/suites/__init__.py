"""Suites: YAML and Python in folders, read strictly, all mistakes at once."""

from harness.suites.finding import find_suites
from harness.suites.loader import load_suite
from harness.suites.modules import load_callable, load_checks, sibling
from harness.suites.scaffold import new_scenario

__all__ = [
    "find_suites",
    "load_callable",
    "load_checks",
    "load_suite",
    "new_scenario",
    "sibling",
]
