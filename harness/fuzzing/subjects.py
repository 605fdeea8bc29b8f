"""From a scenario, or a factory in a test, to a subject."""

from __future__ import annotations

import difflib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from harness import plugins
from harness.errors import SelectionError
from harness.fuzzing.settings import Subject
from harness.model.scenario import AgentConfig, PythonReference, Scenario, Suite
from harness.suites import find_suites, load_callable, load_suite

if TYPE_CHECKING:
    from collections.abc import Callable


def subject_of(suite: Suite, scenario: Scenario, config: AgentConfig) -> Subject:
    """The team of a scenario under one config.

    Raises:
        PluginError: If its engine cannot be loaded.
        SuiteError: If its team cannot be loaded.
    """
    return Subject(
        scenario=scenario,
        config=config,
        build_team=load_callable(scenario.team),
        engine=plugins.load("engines", config.engine)(),
        prices=suite.prices,
    )


def subjects_of(suite: Suite, scenario: str = "", config: str = "") -> list[Subject]:
    """The scenarios of a suite, each under one config.

    Args:
        suite: The suite.
        scenario: Only this one; "" for all.
        config: Name of the config; "" for the baseline, else the first.

    Raises:
        SelectionError: If a name fits nothing.
    """
    wanted = _known("scenario", scenario, [each.name for each in suite.scenarios], suite)
    names = [each.name for each in suite.configs]
    chosen = _known("config", config or suite.baseline or names[0], names, suite)
    (found,) = (each for each in suite.configs if each.name == chosen)
    return [subject_of(suite, each, found) for each in suite.scenarios if wanted in ("", each.name)]


def _known(kind: str, name: str, known: list[str], suite: Suite) -> str:
    if name and name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise SelectionError(
            f"Suite {suite.name!r} has no {kind} {name!r}; it has: {', '.join(known)}.{hint}"
        )
    return name


def subject_at(folder: str | Path, config: str = "") -> Subject:
    """The team of the scenario in a folder.

    Raises:
        SuiteError: If there is no scenario, or it is wrong.
        SelectionError: If the folder holds several scenarios, or the config is unknown.
    """
    place = Path(folder).absolute()
    (found, *_) = find_suites(place)
    suite = load_suite(found)
    is_suite = place == found
    subjects = subjects_of(suite, "" if is_suite else place.name, config)
    if len(subjects) > 1:
        names = ", ".join(subject.scenario.name for subject in subjects)
        raise SelectionError(f"{folder} holds several scenarios ({names}); name one of them.")
    return subjects[0]


def subject_from(
    build: Callable[..., Any], name: str, *, task: str, engine: str, model: str, **limits: Any
) -> Subject:
    """The team that a factory in a test makes.

    Args:
        build: Takes a `TeamContext`, returns a `Team`.
        name: The test's.
        task: Opening message.
        engine: Entry-point name of the engine.
        model: Name that ``context.llm_config()`` holds.
        **limits: As `harness.Limits` takes them.
    """
    scenario = Scenario(
        name=name,
        suite="tests",
        title=name,
        task=task,
        folder=tempfile.gettempdir(),
        team=PythonReference(path="", attribute=name),
    )
    scenario = msgspec.structs.replace(
        scenario, limits=msgspec.structs.replace(scenario.limits, **limits)
    )
    return Subject(
        scenario=scenario,
        config=AgentConfig(name="fuzzed", engine=engine, model=model),
        build_team=build,
        engine=plugins.load("engines", engine)(),
    )
