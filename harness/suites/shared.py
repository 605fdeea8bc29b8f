"""The settings that a suite may give for all its scenarios and a scenario for itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness import plugins
from harness.cassettes.ignoring import check_rule
from harness.errors import CassetteError, PluginError
from harness.model.scenario import Limits, PythonReference, ScorerSpec
from harness.suites.document import Invalid, Value
from harness.suites.faults import EXAMPLE as FAULTS_EXAMPLE
from harness.suites.faults import REASONS, resilience
from harness.suites.reading import (
    Reader,
    Section,
    any_text,
    data,
    described,
    filled,
    flag,
    list_of,
    mapping_of,
    optional,
    positive,
    text,
    unknown,
    whole,
    with_example,
)
from harness.suites.references import beside, checks, function
from harness.suites.sandboxing import CODE_LIMITS, sandbox

if TYPE_CHECKING:
    from harness.model.faults import Resilience

SHARED_KEYS = (
    "team",
    "checks",
    "provider",
    "script",
    "mocks",
    "human",
    "limits",
    "accept",
    "scorers",
    "parameters",
    "cassette",
    "sandbox",
    "faults",
    "fuzz",
)

_LIMITS = "{wall_seconds: 120, turns: 40, cost_usd: 0.50}"
_CASSETTE = "{ignore: [uuid, $.user], repeat: false}"
_FUZZ = "{closers: [reviewer], approver: reviewer, approval: LGTM}"
_SCORERS = "[acceptance, termination]"
_TEAM: Reader[PythonReference] = function("build")
_PROVIDER: Reader[PythonReference] = function("reply")
_HUMAN = with_example(list_of(any_text), '["", "go on", exit]')
_REASONS = with_example(REASONS, "[termination_message]")


@dataclass(frozen=True, kw_only=True)
class Shared:
    """Settings as given in one file; None or empty is "not given here".

    Attributes:
        written: The keys that are written, rightly or wrongly.
    """

    team: PythonReference | None = None
    checks: PythonReference | None = None
    provider: PythonReference | None = None
    script: PythonReference | None = None
    mocks: tuple[str, ...] | None = None
    human: tuple[str, ...] | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    accept: tuple[str, ...] | None = None
    scorers: tuple[ScorerSpec, ...] | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    cassette: Mapping[str, Any] = field(default_factory=dict)
    sandbox: Mapping[str, Any] = field(default_factory=dict)
    faults: Resilience | None = None
    fuzz: Mapping[str, Any] = field(default_factory=dict)
    written: frozenset[str] = frozenset()

    def over(self, lower: Shared) -> Shared:
        """These settings, with those of lower where they are silent."""
        merged = {
            name: theirs if mine is None else mine
            for name, mine, theirs in (
                (item.name, getattr(self, item.name), getattr(lower, item.name))
                for item in dataclasses.fields(self)
            )
        }
        merged["limits"] = {**lower.limits, **self.limits}
        merged["parameters"] = {**lower.parameters, **self.parameters}
        merged["cassette"] = {**lower.cassette, **self.cassette}
        merged["sandbox"] = {**lower.sandbox, **self.sandbox}
        merged["fuzz"] = {**lower.fuzz, **self.fuzz}
        merged["written"] = self.written | lower.written
        return Shared(**merged)


def read_shared(section: Section) -> Shared:
    """Read the shared settings of a suite or scenario file."""
    return Shared(
        team=_reference(section, "team", _TEAM, "team.py:build"),
        checks=_reference(section, "checks", checks, "checks.py"),
        provider=_reference(section, "provider", _PROVIDER, "provider.py:reply"),
        script=section.find("script", _TEAM),
        mocks=section.find("mocks", with_example(filled(list_of(text)), "[reviewer]")),
        human=section.find("human", _HUMAN),
        limits=section.get("limits", with_example(_limits, _LIMITS), {}),
        accept=section.get("accept", _accept, None),
        scorers=section.find("scorers", with_example(filled(list_of(_scorer)), _SCORERS)),
        parameters=section.get("parameters", mapping_of(data), {}),
        cassette=section.get("cassette", with_example(_cassette, _CASSETTE), {}),
        sandbox=section.get("sandbox", sandbox, {}),
        faults=section.find("faults", with_example(resilience, FAULTS_EXAMPLE)),
        fuzz=section.get("fuzz", with_example(_fuzz, _FUZZ), {}),
        written=frozenset(key for key in SHARED_KEYS if section.has(key)),
    )


def _reference(
    section: Section, key: str, reader: Reader[PythonReference], default: str
) -> PythonReference | None:
    if section.has(key):
        return section.find(key, reader)
    return beside(section.source, default, reader)


def _accept(value: Value) -> tuple[str, ...] | None:
    found = _REASONS(value)
    # Of a list with nothing but mistakes, nothing is known: it was not meant to be empty.
    return None if value.content and not found else found


def _limits(value: Value) -> dict[str, Any]:
    readers: dict[str, Reader[Any]] = {
        "wall_seconds": positive,
        "turns": optional(whole(1)),
        "cost_usd": optional(positive),
        **CODE_LIMITS,
    }
    section = Section(value, Limits.__struct_fields__)
    return {
        key: section.get(key, reader, None) for key, reader in readers.items() if section.has(key)
    }


def _cassette(value: Value) -> dict[str, Any]:
    readers: dict[str, Reader[Any]] = {"ignore": list_of(_rule), "repeat": flag}
    section = Section(value, readers)
    return {
        key: section.get(key, reader, None) for key, reader in readers.items() if section.has(key)
    }


def _fuzz(value: Value) -> dict[str, Any]:
    readers: dict[str, Reader[Any]] = {
        "closing": text,
        "closers": filled(list_of(text)),
        "approver": text,
        "approval": text,
        "accept": REASONS,
    }
    section = Section(value, readers)
    return {
        key: section.get(key, reader, None) for key, reader in readers.items() if section.has(key)
    }


def _rule(value: Value) -> str:
    """A rule for what matching overlooks."""
    rule = text(value)
    try:
        check_rule(rule)
    except CassetteError as error:
        raise Invalid(value, str(error)) from None
    return rule


def _scorer(value: Value) -> ScorerSpec:
    """A scorer's name, or ``{name: {option: value}}``."""
    if not isinstance(value.content, Mapping):
        return ScorerSpec(name=_scorer_name(value))
    if len(value.content) != 1:
        raise Invalid(value, "expected a scorer's name, or one name with its options")
    ((name, options),) = value.content.items()
    _known_scorer(value, name)
    if not isinstance(options.content, Mapping):
        raise Invalid(options, f"expected a mapping of options, got {described(options)}")
    _check_options(name, options)
    return ScorerSpec(name=name, options=data(options))


def _scorer_name(value: Value) -> str:
    if not isinstance(value.content, str):
        raise Invalid(value, f"expected a scorer's name, got {described(value)}")
    _known_scorer(value, value.content)
    return value.content


def _known_scorer(value: Value, name: str) -> None:
    if name not in plugins.names("scorers"):
        raise Invalid(value, plugins.unknown_name("scorers", name))


def _check_options(name: str, options: Value) -> None:
    """Compare options with the scorer's fields; only a scorer with options is imported."""
    assert isinstance(options.content, Mapping)
    try:
        scorer = plugins.load("scorers", name)
    except PluginError as error:
        raise Invalid(options, str(error)) from None
    if not dataclasses.is_dataclass(scorer):
        return
    fields = [each for each in dataclasses.fields(scorer) if each.init]
    known = [each.name for each in fields]
    for key, item in options.content.items():
        if key not in known:
            choices = unknown("option", key, known) if known else _no_options(name)
            Invalid(item, choices).report()
    for each in fields:
        required = each.default is each.default_factory is dataclasses.MISSING
        if required and each.name not in options.content:
            Invalid(options, f"the scorer {name!r} needs the option {each.name!r}").report()


def _no_options(name: str) -> str:
    return f"the scorer {name!r} takes no options"


def known_engine(value: Value) -> str:
    """The name of a registered engine."""
    found = value.content
    if not isinstance(found, str):
        raise Invalid(value, f"expected an engine's name, got {described(value)}")
    if found not in plugins.names("engines"):
        raise Invalid(value, plugins.unknown_name("engines", found))
    return found
