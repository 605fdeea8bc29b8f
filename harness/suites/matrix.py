"""A suite's configs: those it lists, and those its matrix expands to."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from harness.model.scenario import AgentConfig
from harness.suites.document import Invalid, Value
from harness.suites.reading import NAME as VALID_NAME
from harness.suites.reading import (
    Reader,
    Section,
    bad_name,
    data,
    filled,
    list_of,
    mapping_of,
    name,
    number,
    text,
    tried,
    whole,
)
from harness.suites.references import prompt
from harness.suites.shared import known_engine

MAX_CONFIGS = 1000

_TEMPERATURE = number(0, 2)
_MAX_TOKENS = whole(1)
_PROMPTS: Reader[dict[str, str]] = filled(mapping_of(prompt))
_CONFIG_KEYS = ("name", "engine", "model", "temperature", "max_tokens", "prompts", "parameters")
_PARAMETER = "parameters."
# These always show in the name, so that "brief-t0.2" stays the same when levels are added.
_ALWAYS_NAMED = ("prompts", "temperature")


# A config (its name is "" when it has none) and the value it was read from.
Placed = tuple[Value, AgentConfig]


@dataclass(frozen=True)
class Level:
    """One level of one factor.

    Attributes:
        factor: Key in the matrix, e.g. "temperature" or "parameters.rounds".
        name: The level as reports show it, e.g. "0.2".
        label: Its part of the config's name, e.g. "t0.2".
        value: What it sets.
    """

    factor: str
    name: str
    label: str
    value: Any


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What a config has unless it says otherwise."""

    engine: str = "autogen"
    model: str = ""


def read_configs(section: Section, defaults: Defaults) -> tuple[AgentConfig, ...]:
    """Read ``configs`` and ``matrix`` of a suite file, listed configs first."""
    listed = section.find("configs", filled(list_of(_config_reader(defaults)))) or ()
    expanded = section.find("matrix", _matrix_reader(defaults)) or ()
    if not section.has("configs") and not section.has("matrix"):
        section.report("there is no config; list at least one under 'configs' or 'matrix'")
    _report_clashes((*listed, *expanded))
    return tuple(config for _, config in (*listed, *expanded) if config.name)


def _report_clashes(found: tuple[Placed, ...]) -> None:
    seen: dict[str, AgentConfig] = {}
    for place, config in found:
        # Cassette folders bear these names, and some file systems ignore case.
        other = seen.setdefault(config.name.casefold(), config)
        if other is not config and config.name:
            case = "" if other.name == config.name else " when case is ignored"
            Invalid(place, f"two configs have the name {config.name!r}{case}").report()


def _config_reader(defaults: Defaults) -> Reader[Placed]:
    def read(value: Value) -> Placed:
        section = Section(value, _CONFIG_KEYS)
        config = AgentConfig(
            name=section.require("name", name, ""),
            engine=section.get("engine", known_engine, defaults.engine),
            model=section.get("model", text, defaults.model),
            temperature=section.find("temperature", _TEMPERATURE),
            max_tokens=section.find("max_tokens", _MAX_TOKENS),
            prompts=section.get("prompts", mapping_of(prompt), {}),
            parameters=section.get("parameters", mapping_of(data), {}),
        )
        return value, config

    return read


def _matrix_reader(defaults: Defaults) -> Reader[tuple[Placed, ...]]:
    def read(value: Value) -> tuple[Placed, ...]:
        section = Section(value, _matrix_keys(value))
        factors = [levels for levels in _factors(value) if levels]
        if not value.content:
            raise Invalid(section.place, "expected at least one factor with at least one level")
        if not factors:
            return ()
        size = math.prod(len(levels) for levels in factors)
        if size > MAX_CONFIGS:
            raise Invalid(value, f"expands to {size} configs; at most {MAX_CONFIGS} are allowed")
        named = [
            levels[0].factor
            for levels in factors
            if len(levels) > 1 or levels[0].factor in _ALWAYS_NAMED
        ]
        configs = [_config(levels, named, defaults) for levels in itertools.product(*factors)]
        for config in configs:
            if not VALID_NAME.match(config.name):
                Invalid(value, f"expands to a config for which {bad_name(config.name)}").report()
        return tuple((value, config) for config in configs)

    return read


_LEVELS: dict[str, Reader[Any]] = {
    "temperature": _TEMPERATURE,
    "model": text,
    "max_tokens": _MAX_TOKENS,
    "engine": known_engine,
}


def _matrix_keys(value: Value) -> tuple[str, ...]:
    written = value.content if isinstance(value.content, Mapping) else {}
    parameters = [key for key in written if key.startswith(_PARAMETER) and key != _PARAMETER]
    return ("prompts", *_LEVELS, *(parameters or ["parameters.NAME"]))


def _factors(value: Value) -> Iterator[list[Level]]:
    assert isinstance(value.content, Mapping)
    for factor, item in value.content.items():
        if factor == "prompts":
            yield tried(item, _prompt_levels) or []
        elif factor in _LEVELS or factor.startswith(_PARAMETER):
            yield tried(item, _list_levels(factor, _LEVELS.get(factor, data))) or []


def _prompt_levels(value: Value) -> list[Level]:
    levels: dict[str, dict[str, str]] = filled(mapping_of(_PROMPTS))(value)
    return [Level("prompts", level, level, prompts) for level, prompts in levels.items()]


def _list_levels(factor: str, reader: Reader[Any]) -> Reader[list[Level]]:
    def read(value: Value) -> list[Level]:
        if not isinstance(value.content, tuple):
            return [_level(factor, reader(value), 1)]
        found = filled(list_of(reader))(value)
        return [_level(factor, level, position) for position, level in enumerate(found, 1)]

    return read


def _level(factor: str, value: Any, position: int) -> Level:
    shown = str(position) if isinstance(value, list | dict) else _plain(value)
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", shown).strip("-")
    prefix = {"temperature": "t", "max_tokens": "max"}.get(factor, "")
    if factor.startswith(_PARAMETER):
        prefix = re.sub(r"[^A-Za-z0-9._-]+", "-", factor.removeprefix(_PARAMETER)) + "_"
    return Level(factor, shown, prefix + slug, value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _config(levels: tuple[Level, ...], named: list[str], defaults: Defaults) -> AgentConfig:
    shown = [level for level in levels if level.factor in named]
    # One name per combination, whatever order the factors are written in.
    shown.sort(key=lambda level: _rank(level.factor))
    config = AgentConfig(
        name="-".join(level.label for level in shown) or "default",
        engine=defaults.engine,
        model=defaults.model,
        factors={level.factor: level.name for level in shown},
        parameters={
            level.factor.removeprefix(_PARAMETER): level.value
            for level in levels
            if level.factor.startswith(_PARAMETER)
        },
    )
    fields = {level.factor: level.value for level in levels if "." not in level.factor}
    return msgspec.structs.replace(config, **fields)


def _rank(factor: str) -> tuple[int, str]:
    order = ("prompts", "temperature", "model", "max_tokens", "engine")
    return (order.index(factor), "") if factor in order else (len(order), factor)
