"""Find scenarios of which nothing but how their conversations end is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import plugins

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.model.scenario import Scenario, Suite


def unchecked_scenarios(suites: Iterable[Suite]) -> list[str]:
    """Note scenarios whose success says nothing of what came of the task.

    A scorer that does not ship with this package may judge anything, so nothing is noted of
    scenarios that have one.

    Returns:
        One sentence per suite that has any.
    """
    builtin = frozenset(plugins.builtin_names("scorers"))
    return [
        f"{suite.name}: nothing but how the conversation ends is judged of {', '.join(names)}, "
        "whatever comes of the task. Judge that by a checks.py with check_ functions, in the "
        "scenario's folder or the suite's."
        for suite in suites
        if (names := [each.name for each in suite.scenarios if not _is_judged(each, builtin)])
    ]


def _is_judged(scenario: Scenario, builtin: frozenset[str]) -> bool:
    scorers = {spec.name for spec in scenario.scorers}
    return (
        ("acceptance" in scorers and scenario.checks is not None)
        or ("survival" in scorers and scenario.resilience is not None)
        or not scorers <= builtin
    )
