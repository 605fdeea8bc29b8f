"""Scenarios that are not the same on both sides: what of them changed, and the refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from harness.model.run import RunLog, ScenarioInfo

Name = tuple[str, str]
_MOST = 8


def drift_between(shared: Iterable[Name], log_a: RunLog, log_b: RunLog) -> tuple[str, ...]:
    """The scenarios that changed between two runs, each with what of it changed.

    Args:
        shared: Suite and scenario of those that are compared.
        log_a: The one run.
        log_b: The other.

    Returns:
        For example "shop/cart (task, checks)"; without the part in brackets if a run was
        logged before its parts were noted.
    """
    before, now = _scenarios(log_a), _scenarios(log_b)
    drifted = []
    for name in dict.fromkeys(shared):
        a, b = before.get(name), now.get(name)
        if a and b and a.digest != b.digest:
            drifted.append(with_parts("/".join(name), a.parts, b.parts) + _visible(a, b))
    return tuple(drifted)


def with_parts(name: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The name of a scenario, with what of it changed in brackets if that is known."""
    if not before or not now:
        return name
    keys = dict.fromkeys((*before, *now))
    changed = [key for key in keys if before.get(key) != now.get(key)]
    return f"{name} ({', '.join(changed)})" if changed else name


def refuse_drifted(drifted: Iterable[str], run_a: str, run_b: str, mend: str) -> None:
    """Refuse to compare two runs whose scenarios are not the same.

    Args:
        drifted: Those that changed in between, for people.
        run_a: Id of the run measured against.
        run_b: Id of the run that is judged.
        mend: What to do now, a sentence with a command.

    Raises:
        HarnessError: If any changed.
    """
    names = list(drifted)
    if not names:
        return
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    raise HarnessError(
        f"Runs {run_a!r} and {run_b!r} cannot be compared: between them the task, files, checks "
        f"or settings of {', '.join(names[:_MOST])}{more} changed. {mend}"
    )


def _scenarios(log: RunLog) -> dict[Name, ScenarioInfo]:
    return {
        (suite.name, scenario.name): scenario
        for suite in log.header.suites
        for scenario in suite.scenarios
    }


def _visible(a: ScenarioInfo, b: ScenarioInfo) -> str:
    """What an older log tells of what changed."""
    if a.parts and b.parts:
        return ""
    changed = [key for key in ("task", "accept") if getattr(a, key) != getattr(b, key)]
    return f" ({', '.join(changed)})" if changed else ""
