"""Scenario files as tests: one item per scenario, config and epoch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import HarnessError
from harness.model.sample import SampleKey
from harness.pytest_plugin.state import state_of
from harness.pytest_plugin.verdicts import keep, require_success
from harness.pytest_plugin.words import in_pytests_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.model.scenario import Scenario, Suite

SUITE_FILE = "suite.yaml"


def collected(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The collector of a scenario file, or of a suite file that was named by itself.

    A scenario.yaml without a suite.yaml in the folder above is somebody else's.
    """
    if file_path.name == SUITE_FILE:
        is_asked = parent.session.isinitpath(file_path)
        return SuiteFile.from_parent(parent, path=file_path) if is_asked else None
    if not (file_path.parent.parent / SUITE_FILE).is_file():
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


class _File(pytest.File):
    """A YAML file of a suite."""

    def _suite(self, folder: Path) -> Suite:
        try:
            return state_of(self.config).suite(folder)
        except HarnessError as error:
            raise self.CollectError(in_pytests_words(str(error))) from None

    def _items(self, suite: Suite, scenario: Scenario, prefix: str = "") -> Iterator[pytest.Item]:
        for config in suite.configs:
            for epoch in range(1, suite.epochs + 1):
                key = SampleKey(
                    suite=suite.name, scenario=scenario.name, config=config.name, epoch=epoch
                )
                name = f"{prefix}{config.name}/{epoch}"
                yield SampleItem.from_parent(self, name=name, key=key, suite=suite)


class ScenarioFile(_File):
    """A scenario.yaml."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item per config and epoch."""
        suite = self._suite(self.path.parent.parent)
        for scenario in suite.scenarios:
            if Path(scenario.folder) == self.path.parent:
                yield from self._items(suite, scenario)


class SuiteFile(_File):
    """A suite.yaml that was named on the command line."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item per scenario, config and epoch."""
        suite = self._suite(self.path.parent)
        for scenario in suite.scenarios:
            yield from self._items(suite, scenario, f"{scenario.name}/")


class SampleItem(pytest.Item):
    """One sample: passes if it completes and every score that judges it passes.

    With ``--harness-allow-low-scores`` it is enough that it completes: the default gate of
    ``harness run``.
    """

    def __init__(self, *, key: SampleKey, suite: Suite, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.harness_key = key
        self._suite = suite
        # So that -k finds it by the names of its folders, too.
        self.extra_keyword_matches.update((key.suite, key.scenario, key.config))

    def runtest(self) -> None:
        """Run and judge the sample."""
        state = state_of(self.config)
        scenario = next(s for s in self._suite.scenarios if s.name == self.harness_key.scenario)
        if state.settings.mode == "mock" and scenario.script is None:
            pytest.skip("the scenario has no script:, so nothing answers in --harness-mode=mock")
        result = state.runner.run(self.harness_key, self._suite)
        keep(self, result)
        if not (state.settings.allows_low_scores and result.status == "completed"):
            require_success(result)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the test is: the scenario file."""
        return self.path, 0, str(self.harness_key)
