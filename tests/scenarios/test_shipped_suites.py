"""What holds for every suite in the folder scenarios, whatever it is about."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.capture import Recorder
from harness.engines.autogen import AutogenEngine
from harness.model.sample import SampleKey
from harness.model.team import Endpoint
from harness.protocols import Assignment
from harness.provider.server import Behaviour, serving
from harness.runner.workspace import make_workspace
from harness.sandboxes.process import ProcessSandbox
from harness.suites import find_suites, load_callable, load_checks, load_suite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.model.scenario import AgentConfig, Scenario, Suite
    from harness.model.transcript import Transcript

ROOT = Path(__file__).parents[2] / "scenarios"
SUITES = {folder.name: load_suite(folder) for folder in find_suites(ROOT)}
EACH_SUITE = pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
# Large enough to compare configs with; the others show one kind of team each.
LARGE = {name: SUITES[name] for name in ("code_review", "rate_limiter", "sales_report")}
SMALL = {name: suite for name, suite in SUITES.items() if name not in LARGE}
EACH_LARGE_SUITE = pytest.mark.parametrize("suite", LARGE.values(), ids=LARGE)
# In these nobody writes code.
CODELESS = ("architecture_design", "support_handoff")
# Every scenario once, the configs taking turns.
SAMPLES = [
    pytest.param(suite, scenario, suite.configs[position % len(suite.configs)], id=scenario.name)
    for suite in SUITES.values()
    for position, scenario in enumerate(suite.scenarios)
]


def test_these_suites_ship() -> None:
    assert sorted(LARGE) == ["code_review", "rate_limiter", "sales_report"]
    assert sorted(SMALL) == ["architecture_design", "planner_executor_critic", "support_handoff"]


@pytest.mark.parametrize("suite", SMALL.values(), ids=SMALL)
def test_a_small_suite_still_compares_two_configs_in_several_epochs(suite: Suite) -> None:
    assert len(suite.configs) >= 2
    assert suite.epochs >= 2
    assert suite.baseline in {config.name for config in suite.configs}


@EACH_LARGE_SUITE
def test_a_suite_is_large_enough_to_compare_configs(suite: Suite) -> None:
    assert len(suite.scenarios) >= 3
    assert len(suite.configs) >= 4
    assert suite.epochs >= 5
    assert suite.baseline in {config.name for config in suite.configs}


@EACH_LARGE_SUITE
def test_prompts_and_temperatures_are_crossed(suite: Suite) -> None:
    pairs = {(tuple(config.prompts.items()), config.temperature) for config in suite.configs}
    prompts, temperatures = ({pair[side] for pair in pairs} for side in (0, 1))

    assert len(prompts) >= 2
    assert len(temperatures) >= 2
    assert pairs == {(prompt, heat) for prompt in prompts for heat in temperatures}


@EACH_SUITE
def test_a_suite_names_a_scripted_model_with_a_price(suite: Suite) -> None:
    assert {config.model for config in suite.configs} == {"scripted-1"}
    assert "scripted-1" in suite.prices


@EACH_SUITE
def test_every_scenario_has_checks_fixed_limits_and_a_task_of_its_own(suite: Suite) -> None:
    assert len({scenario.task.strip() for scenario in suite.scenarios}) == len(suite.scenarios)
    for scenario in suite.scenarios:
        assert scenario.checks is not None
        assert len(load_checks(scenario.checks)) >= 3
        assert scenario.limits.wall_seconds <= 300
        assert scenario.provider is not None


def test_no_two_scenarios_of_any_suites_share_a_task() -> None:
    tasks = [scenario.task.strip() for suite in SUITES.values() for scenario in suite.scenarios]

    assert len(set(tasks)) == len(tasks)


@contextmanager
def provider() -> Iterator[Endpoint]:
    """All suites' scripts behind one real HTTP server, as when cassettes are recorded."""
    behaviours = [
        Behaviour(
            scenario=scenario.name,
            task=scenario.task,
            parameters=scenario.parameters,
            reply=load_callable(scenario.provider),
        )
        for suite in SUITES.values()
        for scenario in suite.scenarios
    ]
    with serving(behaviours) as server:
        yield Endpoint(base_url=server.base_url, is_scripted=True)


def converse(suite: Suite, scenario: Scenario, config: AgentConfig, folder: Path) -> Transcript:
    folder.mkdir(parents=True, exist_ok=True)
    engine = AutogenEngine()
    recorder = Recorder(limits=scenario.limits)
    with provider() as endpoint:
        engine.run(
            Assignment(
                key=SampleKey(
                    suite=suite.name, scenario=scenario.name, config=config.name, epoch=1
                ),
                scenario=scenario,
                config=config,
                workspace=make_workspace(folder, scenario),
                endpoint=endpoint,
                build_team=load_callable(scenario.team),
                sandbox=ProcessSandbox(),
                recorder=recorder,
                mode="record",
            )
        )
    return recorder.transcript(engine.name, engine.version())


@pytest.mark.parametrize(("suite", "scenario", "config"), SAMPLES)
def test_the_scripted_provider_holds_a_whole_conversation(
    suite: Suite, scenario: Scenario, config: AgentConfig, tmp_path: Path
) -> None:
    transcript = converse(suite, scenario, config, tmp_path)

    ended = transcript.termination_event
    assert ended is not None
    assert ended.reason != "error", ended.exception
    assert len(set(transcript.speakers)) >= 2
    assert bool(transcript.code_executions) == (suite.name not in CODELESS)
    assert [call.error for call in transcript.model_calls if call.error] == []
    assert {call.model_answered for call in transcript.model_calls} == {"scripted-1"}


@EACH_SUITE
def test_a_conversation_is_the_same_in_every_place(suite: Suite, tmp_path: Path) -> None:
    scenario, config = suite.scenarios[0], suite.configs[-1]

    first = converse(suite, scenario, config, tmp_path / "here")
    again = converse(suite, scenario, config, tmp_path / "a" / "longer way" / "to there")

    said = [(message.speaker, message.content) for message in first.messages]
    assert said == [(message.speaker, message.content) for message in again.messages]
    for place in (str(tmp_path), str(ROOT.parent), os.path.expanduser("~"), "site-packages"):
        assert all(place not in text for _, text in said)
