"""``@harness.fuzz``: a team factory becomes a test that hunts for what breaks the team."""

from __future__ import annotations

import functools
import inspect
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError
from harness.fuzzing.hunting import Broken, hunt, replay
from harness.fuzzing.saved import SUFFIX, finding_path, how_again, read, save
from harness.fuzzing.settings import FuzzSettings, Subject
from harness.fuzzing.story import tell
from harness.fuzzing.subjects import subject_at, subject_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.fuzzing.played import Finding
    from harness.model.team import TeamContext

SAVED = Path(".harness/fuzz")


def fuzz(
    scenario: str | Path | None = None,
    *,
    task: str = "Please solve this.",
    config: str = "",
    engine: str = "autogen",
    model: str = "fuzzed",
    saved: str | Path = SAVED,
    **settings: Any,
) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Make a team factory a test that fuzzes the team.

    The function takes a `harness.TeamContext` and returns a `harness.Team`, a new one for
    every conversation; its other parameters are the test's fixtures. Conversations that
    broke the team before are played first, from the folder `saved`: commit it, and they
    are regression tests.

    Args:
        scenario: Folder of a scenario that gives task, limits, config and, where the
            function returns None, the team.
        task: Opening message, without a scenario.
        config: Config of the scenario; its suite's baseline by default.
        engine: Engine, without a scenario.
        model: Model name in ``context.llm_config()``, without a scenario.
        saved: Folder of the conversations that broke the team.
        **settings: As `harness.fuzzing.FuzzSettings` takes them: examples, seed, closing,
            closers, approver, turns, faults, conversation_seconds and so on.

    Raises:
        HarnessError: If a setting is unknown.

    Example:
        >>> import harness
        >>> @harness.fuzz(task="Add 1 and 2.", examples=100, closing="DONE")
        ... def test_my_team_always_ends(context):
        ...     from my_project import build_team  # returns initiator and recipient
        ...     initiator, recipient = build_team(context.llm_config())
        ...     return harness.Team(initiator=initiator, recipient=recipient)
    """
    _require_known(settings)

    def decorate(function: Callable[..., Any]) -> Callable[..., None]:
        name = f"{function.__module__}.{function.__qualname__}".replace(".<locals>", "")

        @functools.wraps(function)
        def test(*args: Any, **fixtures: Any) -> None:
            __tracebackhide__ = True
            build = functools.partial(_called, function, args, fixtures)
            if scenario is None:
                subject = subject_from(build, name, task=task, engine=engine, model=model)
            else:
                found = subject_at(scenario, config)
                subject = replace(found, build_team=functools.partial(_or_own, build, found))
            chosen = FuzzSettings.for_scenario(subject.scenario, **settings)
            check(subject, chosen, name=f"tests/{name}", saved=Path(saved))

        test.__signature__ = _without_context(function)  # type: ignore[attr-defined]
        return test

    return decorate


def _without_context(function: Callable[..., Any]) -> inspect.Signature:
    """The signature that pytest sees: it must not look for a fixture called context."""
    parameters = list(inspect.signature(function).parameters.values())
    position = 1 if parameters and parameters[0].name == "self" else 0
    return inspect.Signature(parameters[:position] + parameters[position + 1 :])


def _called(
    function: Callable[..., Any], args: tuple[Any, ...], fixtures: Any, context: TeamContext
) -> Any:
    return function(*args, context, **fixtures)


def _or_own(build: Callable[..., Any], found: Subject, context: TeamContext) -> Any:
    team = build(context)
    return found.build_team(context) if team is None else team


def _require_known(given: dict[str, Any]) -> None:
    known = FuzzSettings.__dataclass_fields__
    unknown = [name for name in given if name not in known]
    if unknown:
        raise HarnessError(
            f"harness.fuzz knows no setting {unknown[0]!r}; it knows: {', '.join(known)}."
        )


def check(subject: Subject, settings: FuzzSettings, *, name: str, saved: Path) -> None:
    """Play what broke the team before, then hunt for more.

    Raises:
        AssertionError: With the shortest conversation found.
    """
    __tracebackhide__ = True
    folder = finding_path(saved, name, "any").parent
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        kept = read(path)
        finding = replay(subject, settings, kept.moves)
        if finding is not None:
            again = how_again(kept, finding)
            raise Broken(f"{path} {again} the team:\n\n{tell(finding)}")
    found = hunt(subject, settings)
    if found.findings:
        raise Broken(_report(found.findings, settings, name, saved, found.seed))


def _report(
    findings: tuple[Finding, ...], settings: FuzzSettings, name: str, saved: Path, seed: int
) -> str:
    told = []
    for finding in findings:
        path = finding_path(saved, name, finding.violation.invariant)
        save(finding, path, name, settings)
        told.append(f"{tell(finding)}\nkept in {path}")
    names = ", ".join(finding.violation.invariant for finding in findings)
    return "\n\n".join(
        [f"the team breaks: {names}", *told, f"The search started with seed={seed}."]
    )
