"""Tests marked with ``scenario``: which samples they get, and running those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import HarnessError
from harness.model.sample import SampleKey
from harness.pytest_plugin import MARKER
from harness.pytest_plugin.state import State, captured_of, state_of
from harness.pytest_plugin.verdicts import keep
from harness.pytest_plugin.words import in_pytests_words
from harness.runner.selection import require_known

if TYPE_CHECKING:
    from harness.model.sample import SampleResult
    from harness.model.scenario import Suite

_EXAMPLE = '@pytest.mark.scenario("my_suite/hello", config="careful", epochs=3)'


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Make a test per sample that its marker names."""
    markers = list(metafunc.definition.iter_markers(MARKER))
    if not markers:
        return  # The fixture says what is missing, when the test is run.
    state = state_of(metafunc.config)
    try:
        keys = [key for marker in reversed(markers) for key in _keys(state, marker)]
    except HarnessError as error:
        text = in_pytests_words(str(error))
        pytest.fail(f"{metafunc.definition.nodeid}: {text}", pytrace=False)
    metafunc.parametrize("_harness_key", keys, indirect=True, ids=[_id(key, keys) for key in keys])


def _id(key: SampleKey, keys: list[SampleKey]) -> str:
    """As short as it is clear: the suite only where there are several."""
    suites = {each.suite for each in keys}
    prefix = f"{key.suite}/" if len(suites) > 1 else ""
    return f"{prefix}{key.scenario}/{key.config}/{key.epoch}"


def _keys(state: State, marker: pytest.Mark) -> list[SampleKey]:
    names = list(marker.args)
    unknown = set(marker.kwargs) - {"config", "epochs"}
    if not names or unknown or not all(isinstance(name, str) for name in names):
        raise HarnessError(
            f"the marker scenario takes names of scenarios, config= and epochs=, as in {_EXAMPLE}; "
            f"it got {', '.join(map(repr, [*marker.args, *sorted(unknown)])) or 'nothing'}."
        )
    return [key for name in names for key in _keys_of(state, name, marker.kwargs)]


def _keys_of(state: State, name: str, options: Mapping[str, Any]) -> list[SampleKey]:
    suite_name, _, scenario_name = name.partition("/")
    suite = _find(state, suite_name)
    scenarios = [scenario.name for scenario in suite.scenarios]
    configs = [config.name for config in suite.configs]
    wanted = _listed(options.get("config"))
    require_known("config", wanted, configs)
    if scenario_name:
        require_known("scenario", [scenario_name], scenarios)
    return [
        SampleKey(suite=suite.name, scenario=scenario, config=config, epoch=epoch)
        for scenario in scenarios
        if scenario_name in ("", scenario)
        for config in configs
        if not wanted or config in wanted
        for epoch in _epochs(options.get("epochs"), suite)
    ]


def _find(state: State, name: str) -> Suite:
    from harness.suites import find_suites

    folders = {folder.name: folder for folder in find_suites(state.settings.scenarios_root)}
    require_known("suite", [name], sorted(folders))
    return state.suite(folders[name])


def _listed(value: object) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else []


def _epochs(value: object, suite: Suite) -> Iterable[int]:
    if value is None:
        return range(1, suite.epochs + 1)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return range(1, value + 1)
    if isinstance(value, Iterable) and not isinstance(value, str):
        numbers = list(value)
        if numbers and all(isinstance(number, int) and number >= 1 for number in numbers):
            return numbers
    raise HarnessError(
        f"epochs={value!r} is neither a number of epochs (1 and up) nor a list of them, as in "
        f"{_EXAMPLE}."
    )


def run_marked(request: pytest.FixtureRequest, key: SampleKey | None) -> SampleResult:
    """Run the sample of a test, once for all its fixtures."""
    item: pytest.Item = request.node
    if key is None:
        raise HarnessError(
            f"{item.nodeid}: the fixtures sample and transcript need a marker that names a "
            f"scenario, as in {_EXAMPLE}."
        )
    state = state_of(request.config)
    suite = _find(state, key.suite)
    scenario = next(each for each in suite.scenarios if each.name == key.scenario)
    if state.settings.mode == "mock" and scenario.script is None:
        pytest.skip("the scenario has no script:, so nothing answers in --harness-mode=mock")
    result = state.runner.run(key, suite)
    keep(item, result)
    return captured_of(item).shown[-1]
