"""One scenario's folder to a Scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from harness import plugins
from harness.model.scenario import FuzzDemands, Limits, Scenario, ScorerSpec
from harness.suites import sandboxing
from harness.suites.document import Invalid, Source, Value, read_document
from harness.suites.fixtures import (
    conversation_digest,
    read_fixtures,
    scenario_digest,
    scenario_parts,
)
from harness.suites.reading import NAME, Section, any_text, bad_name, text
from harness.suites.references import file, read_text
from harness.suites.shared import SHARED_KEYS, Shared, read_shared

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO_FILE = "scenario.yaml"

_KEYS = ("title", "task", "task_file", "files", *SHARED_KEYS)


@dataclass(frozen=True)
class Draft:
    """A scenario file as read, before the suite's settings are laid under it."""

    source: Source
    title: str
    task: str
    fixtures: tuple[tuple[str, str], ...]
    shared: Shared

    @property
    def name(self) -> str:
        """Name of the scenario's folder."""
        return self.source.folder.name


def read_draft(folder: Path, root: Path) -> tuple[Source, Draft | None]:
    """Read a scenario's folder; the draft is None if its file holds no mapping."""
    source = Source(folder / SCENARIO_FILE, root)
    if not NAME.match(folder.name):
        source.report(f"{bad_name(folder.name)}; rename the folder")
    document = read_document(source)
    if document is None:
        return source, None
    try:
        return source, _draft(Section(document, _KEYS))
    except Invalid as error:
        error.report()
        return source, None


def _draft(section: Section) -> Draft:
    return Draft(
        source=section.source,
        title=section.get("title", any_text, "") or titled(section.source.folder.name),
        task=_task(section),
        fixtures=read_fixtures(section),
        shared=read_shared(section),
    )


def titled(name: str) -> str:
    """A title made of a name: "rate_limiter" becomes "Rate limiter"."""
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def _task(section: Section) -> str:
    if section.has("task") and section.has("task_file"):
        section.report("give either 'task' or 'task_file', not both", "task_file")
    if not section.has("task") and not section.has("task_file"):
        section.report("there is no task; write it under 'task' or name its file in 'task_file'")
    return section.find("task", text) or section.find("task_file", _task_file) or ""


def _task_file(value: Value) -> str:
    return read_text(value, file(value))


def finished(draft: Draft, lower: Shared) -> Scenario | None:
    """The scenario, with the suite's settings under its own.

    Returns:
        None if it has no team; whether that is a fault, the suite knows.
    """
    shared = draft.shared.over(lower)
    _expect_something(draft, shared)
    _expect_a_script(draft, shared)
    if shared.team is None:
        return None
    scenario = Scenario(
        name=draft.name,
        suite=draft.source.root.name,
        title=draft.title,
        task=draft.task,
        folder=str(draft.source.folder),
        team=shared.team,
        files=draft.fixtures,
        checks=shared.checks,
        provider=shared.provider,
        script=shared.script,
        mocked=shared.mocks or (),
        human=shared.human or (),
        limits=Limits(**shared.limits),
        sandbox=sandboxing.settings(shared.sandbox),
        scorers=shared.scorers or default_scorers(has_faults=shared.faults is not None),
        parameters=dict(shared.parameters),
        ignored=tuple(shared.cassette.get("ignore") or ()),
        is_repeating=bool(shared.cassette.get("repeat")),
        resilience=shared.faults,
        fuzz=FuzzDemands(**{key: each for key, each in shared.fuzz.items() if each is not None}),
    )
    if shared.accept is not None:
        scenario = msgspec.structs.replace(scenario, accept=shared.accept)
    return msgspec.structs.replace(
        scenario,
        digest=scenario_digest(scenario),
        conversation_digest=conversation_digest(scenario),
        parts=scenario_parts(scenario),
    )


def _expect_a_script(draft: Draft, shared: Shared) -> None:
    if shared.mocks and shared.script is None and "script" not in shared.written:
        draft.source.report(
            f"'mocks' names agents that a script plays ({', '.join(shared.mocks)}), but there is "
            "none; name it under 'script', e.g. script.py:build"
        )


def default_scorers(*, has_faults: bool = False) -> tuple[ScorerSpec, ...]:
    """Every scorer that ships with this package and has something to say.

    `labels` is for who asks for it: its rules are of thumb.

    Args:
        has_faults: Whether the scenario demands that faults are survived.
    """
    names = plugins.builtin_names("scorers")
    left_out = {"labels"} if has_faults else {"labels", "survival"}
    return tuple(ScorerSpec(name=name) for name in names if name not in left_out)


def _expect_something(draft: Draft, shared: Shared) -> None:
    """A scenario that can only pass is a mistake, not a success."""
    has_checks = shared.checks is not None or "checks" in shared.written
    # A wrong `accept` is reported where it stands; it is None here.
    accepts = bool(shared.accept) or ("accept" in shared.written and shared.accept is None)
    if not has_checks and not accepts:
        draft.source.report(
            "the scenario expects nothing, so it could only pass; give it a checks.py with "
            "check_ functions, or list the termination reasons it accepts under 'accept'"
        )
