"""A suite's folder to a Suite, or every mistake in it at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import SuiteError
from harness.model.scenario import AgentConfig, Price, Scenario, SecretRules, Suite
from harness.suites.document import Invalid, Source, Value, read_document, shown_path
from harness.suites.gate import gate
from harness.suites.matrix import Configs, Defaults, read_configs
from harness.suites.reading import (
    NAME,
    Section,
    any_text,
    bad_name,
    described,
    list_of,
    mapping_of,
    text,
    unknown,
    whole,
    with_example,
)
from harness.suites.scenarios import SCENARIO_FILE, Draft, finished, read_draft, titled
from harness.suites.settings import price, provider_settings, secret_rules
from harness.suites.shared import SHARED_KEYS, Shared, known_engine, read_shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.model.gate import Gate

SUITE_FILE = "suite.yaml"
# Engines whose agents bring their words along.
_MODELLESS = ("mock",)

_PRICES = with_example(mapping_of(price), "{my-model: {prompt: 0.5, completion: 1.5}}")
_KEYS = (
    "title",
    "description",
    "engine",
    "model",
    "epochs",
    "baseline",
    "prices",
    "provider_settings",
    "secrets",
    "scenarios",
    "configs",
    "matrix",
    "gate",
    *SHARED_KEYS,
)


@dataclass(frozen=True, kw_only=True)
class _SuiteDraft:
    """A suite file as read, without its scenarios."""

    title: str
    description: str
    epochs: int
    baseline: str | None
    prices: dict[str, Price]
    provider_settings: dict[str, str]
    secrets: SecretRules
    order: tuple[Value, ...]
    configs: Configs
    gate: Gate | None
    shared: Shared


def load_suite(folder: Path) -> Suite:
    """Read and check a suite.

    Args:
        folder: The folder that holds suite.yaml.

    Returns:
        The suite, with the prompts and tasks of all files read and the matrix expanded.

    Raises:
        SuiteError: With every mistake in every file of the suite.
    """
    root = Path(os.path.abspath(folder))
    source = Source(root / SUITE_FILE, root)
    if not source.path.is_file():
        raise SuiteError([f"{shown_path(source.path)}:1: there is no such file"])
    section = _section(source)
    draft = _draft(section) if section else None
    read = [read_draft(path, root) for path in _scenario_folders(source)]
    drafts = [found for _, found in read if found is not None]
    scenarios = _finished(source, drafts, draft.shared) if draft else ()
    if draft and section:
        scenarios = _ordered(draft, scenarios, [found.folder.name for found, _ in read])
        _cross_check(section, draft, scenarios)
    sources = (source, *(each for each, _ in read))
    # Each once: several scenarios may name one file that is broken.
    faults = dict.fromkeys(line for found in sources for line in found.lines())
    if faults or draft is None:
        raise SuiteError(list(faults))
    return _suite(root, draft, scenarios)


def _section(source: Source) -> Section | None:
    if not NAME.match(source.root.name):
        source.report(f"{bad_name(source.root.name)}; rename the folder")
    document = read_document(source)
    try:
        return Section(document, _KEYS) if document else None
    except Invalid as error:
        error.report()
        return None


def _draft(section: Section) -> _SuiteDraft:
    defaults = Defaults(
        engine=section.get("engine", known_engine, "autogen"),
        model=section.get("model", text, ""),
    )
    configs = read_configs(section, defaults)
    return _SuiteDraft(
        title=section.get("title", any_text, "") or titled(section.source.root.name),
        description=section.get("description", any_text, ""),
        epochs=section.get("epochs", whole(1, 10_000), 1),
        baseline=section.find("baseline", text),
        prices=section.get("prices", _PRICES, {}),
        provider_settings=section.get("provider_settings", provider_settings, {}),
        secrets=section.get("secrets", secret_rules, SecretRules()),
        order=section.get("scenarios", list_of(lambda value: value), ()),
        configs=configs,
        gate=section.find("gate", gate(configs.names)),
        shared=read_shared(section),
    )


def _scenario_folders(source: Source) -> Iterator[Path]:
    found = False
    for folder in sorted(path for path in source.root.iterdir() if path.is_dir()):
        if (folder / SCENARIO_FILE).is_file():
            found = True
            yield folder
        elif (folder / "scenario.yml").is_file():
            source.report(f"rename {shown_path(folder / 'scenario.yml')} to {SCENARIO_FILE}")
    if not found:
        source.report(
            f"the suite has no scenario: none of its folders holds a {SCENARIO_FILE}. "
            f"Add one with: harness new scenario {source.root.name}/first"
        )


def _finished(source: Source, drafts: list[Draft], shared: Shared) -> tuple[Scenario, ...]:
    scenarios = [finished(draft, shared) for draft in drafts]
    teamless = [draft for draft, found in zip(drafts, scenarios, strict=True) if found is None]
    if any(not _names_a_team(draft.source, draft.shared) for draft in teamless) and not (
        _names_a_team(source, shared)
    ):
        source.report(
            "there is no team.py beside it; write one with build(context: TeamContext) -> Team, "
            "or name the factory under 'team'"
        )
    return tuple(scenario for scenario in scenarios if scenario is not None)


def _names_a_team(source: Source, shared: Shared) -> bool:
    return "team" in shared.written or (source.folder / "team.py").is_file()


def _ordered(
    draft: _SuiteDraft, scenarios: tuple[Scenario, ...], folders: list[str]
) -> tuple[Scenario, ...]:
    """The scenarios the suite file lists, in its order, then the others in file-name order."""
    order: list[str] = []
    for value in draft.order:
        found = value.content
        if not isinstance(found, str) or found not in folders:
            shown = found if isinstance(found, str) else described(value)
            Invalid(value, unknown("scenario", shown, folders)).report()
        elif found in order:
            Invalid(value, f"the scenario {found!r} is listed twice").report()
        else:
            order.append(found)
    rank = {name: position for position, name in enumerate(order)}
    return tuple(sorted(scenarios, key=lambda found: rank.get(found.name, len(rank))))


def _cross_check(section: Section, draft: _SuiteDraft, scenarios: tuple[Scenario, ...]) -> None:
    names = draft.configs.names
    if draft.baseline is not None and draft.baseline not in names and names:
        section.report(unknown("config", draft.baseline, names), "baseline")
    if not section.has("model"):
        _need_models(section, draft.configs.sound, scenarios)


def _need_models(
    section: Section, configs: tuple[AgentConfig, ...], scenarios: tuple[Scenario, ...]
) -> None:
    without = [
        config.name for config in configs if not config.model and config.engine not in _MODELLESS
    ]
    asks_models = any(not scenario.is_scripted for scenario in scenarios)
    if without and asks_models:
        section.report(
            f"no model is named for the config{'s' * (len(without) > 1)} {', '.join(without)}; "
            "give one under 'model'"
        )


def _suite(root: Path, draft: _SuiteDraft, scenarios: tuple[Scenario, ...]) -> Suite:
    return Suite(
        name=root.name,
        title=draft.title,
        folder=str(root),
        description=draft.description,
        scenarios=scenarios,
        configs=draft.configs.sound,
        epochs=draft.epochs,
        baseline=draft.baseline,
        prices=draft.prices,
        provider_settings=draft.provider_settings,
        secrets=draft.secrets,
        gate=draft.gate,
    )
