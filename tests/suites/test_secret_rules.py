"""The rules under ``secrets`` in suite.yaml."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from harness.errors import SuiteError
from harness.model.scenario import SecretRules
from harness.suites.loader import load_suite


def test_rules_reach_the_suite(suite: Any) -> None:
    suite.suite(
        "secrets:",
        "  patterns: ['emp-[0-9]{6}', 'badge (?P<secret>[0-9]+)']",
        "  variables: [BADGE]",
        "  fields: [Badge]",
    )

    loaded = load_suite(suite.root)

    assert loaded.secrets == SecretRules(
        patterns=("emp-[0-9]{6}", "badge (?P<secret>[0-9]+)"),
        variables=("BADGE",),
        fields=("Badge",),
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("secrets: {patterns: ['a(']}", "secrets.patterns[[]0]: * not a regular expression: *"),
        ("secrets: {patterns: ['x*']}", "secrets.patterns[[]0]: it matches the empty text, *"),
        ("secrets: {patterns: ['.+']}", "secrets.patterns[[]0]: it matches the placeholder *"),
        ("secrets: {patterns: 'x'}", "secrets.patterns: expected a list, *"),
        ("secrets: {patterns: [7]}", "secrets.patterns[[]0]: expected a regular expression *"),
        ("secrets: {variables: [a b]}", "secrets.variables[[]0]: expected the name of *"),
        ("secrets: {fields: [content]}", "secrets.fields[[]0]: every conversation needs *"),
        ("secrets: {pattern: [x]}", "secrets*: unknown key 'pattern'*'patterns'*"),
    ],
)
def test_a_fault_in_a_rule_is_named_with_its_line(suite: Any, line: str, expected: str) -> None:
    suite.suite(line)

    with pytest.raises(SuiteError) as caught:
        load_suite(suite.root)

    (fault,) = caught.value.faults
    place, _, text = fault.partition(": ")
    assert place.endswith("suite.yaml:6")
    assert fnmatchcase(text, expected), text
