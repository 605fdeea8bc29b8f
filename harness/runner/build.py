"""From names to instances: the only place that loads plugins and the user's Python."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import msgspec

from harness import plugins
from harness.errors import PluginError
from harness.runner.judging import Experience, Judge
from harness.runner.kit import SampleKit
from harness.runner.sandboxes import load_sandbox
from harness.suites import load_callable

if TYPE_CHECKING:
    from harness.model.scenario import Scenario, ScorerSpec
    from harness.protocols import Engine, Sandbox, Scorer
    from harness.runner.task import Task


def build_kit(task: Task) -> SampleKit:
    """Load everything a task names.

    Raises:
        PluginError: If an engine, sandbox or scorer cannot be loaded.
        SuiteError: If the user's Python cannot be loaded.
    """
    scenario = task.scenario
    sandbox = load_sandbox(task.sandbox, scenario.sandbox)
    return SampleKit(
        engine=load_engine(task.config.engine),
        sandbox=sandbox,
        scorers=_scorers(msgspec.json.encode(scenario.scorers), scenario),
        build_team=load_callable(scenario.team),
        build_script=load_callable(scenario.script) if scenario.script else None,
        judge=_judge(task, sandbox),
    )


def _judge(task: Task, sandbox: Sandbox) -> Judge | None:
    """What runs the scenario's checks, which are known to load."""
    if task.scenario.checks is None:
        return None
    judge = Judge.of(task, task.scenario.checks, sandbox, _experience(task.scenario.checks.path))
    judge.require_checks()
    return judge


@cache
def _experience(path: str) -> Experience:
    """What is known of a file with checks; one per process."""
    del path
    return Experience()


@cache
def load_engine(name: str) -> Engine:
    """The engine of that name; one per process."""
    engine: Engine = plugins.load("engines", name)()
    return engine


_SCORERS: dict[bytes, tuple[Scorer, ...]] = {}


def _scorers(cache_key: bytes, scenario: Scenario) -> tuple[Scorer, ...]:
    # Scorers are frozen dataclasses: one set serves every sample with the same options.
    if cache_key not in _SCORERS:
        _SCORERS[cache_key] = tuple(_scorer(spec, scenario) for spec in scenario.scorers)
    return _SCORERS[cache_key]


def _scorer(spec: ScorerSpec, scenario: Scenario) -> Scorer:
    try:
        scorer: Scorer = plugins.load("scorers", spec.name)(**spec.options)
    except TypeError as error:
        raise PluginError(
            f"{scenario.suite}/{scenario.name}: scorer {spec.name!r} does not take the options "
            f"{spec.options}: {error}. See its options with: harness plugins scorers"
        ) from None
    return scorer
