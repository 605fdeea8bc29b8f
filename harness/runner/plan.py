"""From suites to the ordered list of samples to run: pure, no files touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import SelectionError
from harness.model.run import ScenarioInfo, SuiteInfo
from harness.model.sample import SampleKey
from harness.runner.selection import Selection, select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.scenario import AgentConfig, Scenario, Suite


def all_keys(suites: Sequence[Suite]) -> tuple[SampleKey, ...]:
    """Every scenario x config x epoch of the suites."""
    return tuple(
        SampleKey(suite=suite.name, scenario=scenario.name, config=config.name, epoch=epoch)
        for suite in suites
        for scenario in suite.scenarios
        for config in suite.configs
        for epoch in range(1, suite.epochs + 1)
    )


def make_plan(suites: Sequence[Suite], selection: Selection) -> tuple[SampleKey, ...]:
    """The samples the selection keeps; see `select` for what it raises."""
    return select(all_keys(suites), selection)


def describe_suites(suites: Sequence[Suite], plan: Sequence[SampleKey]) -> tuple[SuiteInfo, ...]:
    """What the run log keeps of the suites: only those, and of those only what, the plan names."""
    wanted = {(key.suite, key.scenario) for key in plan}
    configs = {(key.suite, key.config) for key in plan}
    return tuple(
        SuiteInfo(
            name=suite.name,
            title=suite.title,
            description=suite.description,
            epochs=suite.epochs,
            baseline=suite.baseline if (suite.name, suite.baseline) in configs else None,
            scenarios=tuple(
                ScenarioInfo(
                    name=scenario.name,
                    title=scenario.title,
                    task=scenario.task,
                    accept=scenario.accept,
                    digest=scenario.digest,
                    parts=scenario.parts,
                )
                for scenario in suite.scenarios
                if (suite.name, scenario.name) in wanted
            ),
            configs=tuple(c for c in suite.configs if (suite.name, c.name) in configs),
            samples_per_config=_samples_per_config(suite),
        )
        for suite in suites
        if any(name == suite.name for name, _ in wanted)
    )


def _samples_per_config(suite: Suite) -> int | None:
    """How many a whole run has; of conversations that were merely captured nobody knows."""
    is_captured = any(not scenario.team.path for scenario in suite.scenarios)
    return None if is_captured else len(suite.scenarios) * suite.epochs


class Catalogue:
    """Looks up the scenario and config behind a sample key."""

    def __init__(self, suites: Sequence[Suite]) -> None:
        self._suites = {suite.name: suite for suite in suites}
        self._scenarios = {(s.name, c.name): c for s in suites for c in s.scenarios}
        self._configs = {(s.name, c.name): c for s in suites for c in s.configs}

    def suite(self, key: SampleKey) -> Suite:
        """The suite of a sample."""
        return self._suites[key.suite]

    def scenario(self, key: SampleKey) -> Scenario:
        """The scenario of a sample."""
        return self._scenarios[key.suite, key.scenario]

    def config(self, key: SampleKey) -> AgentConfig:
        """The config of a sample."""
        return self._configs[key.suite, key.config]


def require_unchanged(before: Sequence[SuiteInfo], now: Sequence[SuiteInfo]) -> None:
    """Refuse to mix results of different scenarios or configs in one run log.

    Args:
        before: The suites as they were when the run started.
        now: The same suites as they are.

    Raises:
        SelectionError: Naming everything that changed or is gone.
    """
    present = _parts(now)
    changed = [name for name, part in _parts(before).items() if present.get(name) != part]
    if changed:
        raise SelectionError(
            "The run cannot be resumed, because these changed since it started: "
            f"{', '.join(changed)}. Start a new one with: harness run"
        )


def _parts(suites: Sequence[SuiteInfo]) -> dict[str, str]:
    scenarios = {
        f"scenario {s.name}/{each.name}": each.digest for s in suites for each in s.scenarios
    }
    configs = {f"config {s.name}/{each.name}": each.digest for s in suites for each in s.configs}
    return {**scenarios, **configs}
