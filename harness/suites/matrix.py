"""A suite's configs: those it lists, and those its matrix expands to."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
    with_example,
)
from harness.suites.references import prompt
from harness.suites.shared import known_engine

MAX_CONFIGS = 1000

_TEMPERATURE = number(0, 2)
_MAX_TOKENS = whole(1)
_CONFIG_KEYS = ("name", "engine", "model", "temperature", "max_tokens", "prompts", "parameters")
_PARAMETER = "parameters."
# These always show in the name, so that "brief-t0.2" stays the same when levels are added.
_ALWAYS_NAMED = ("prompts", "temperature")


_CONFIG = "{name: plain, temperature: 0.2, prompts: {writer: You write.}}"
_MATRIX = "{prompts: {brief: {writer: Be brief.}}, temperature: [0.2, 1.0]}"
_PROMPT_LEVELS = "{brief: {writer: Be brief.}, careful: {writer: Check your work.}}"
_ONE_PROMPT = "{writer: You write.}"
_PROMPTS: Reader[dict[str, str]] = with_example(filled(mapping_of(prompt)), _ONE_PROMPT)


@dataclass(frozen=True)
class Placed:
    """A config (its name is "" when it has none) and the value it was read from."""

    value: Value
    config: AgentConfig


@dataclass(frozen=True, kw_only=True)
class Configs:
    """What a suite file says of configs.

    Attributes:
        sound: Those without a mistake in their names and levels.
        names: Names of all, as they are written; empty when that cannot be known.
    """

    sound: tuple[AgentConfig, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Level:
    """One level of one factor.

    Attributes:
        factor: Key in the matrix, e.g. "temperature" or "parameters.rounds".
        name: The level as reports show it, e.g. "0.2".
        label: Its part of the config's name, e.g. "t0.2".
        value: What it sets.
        is_sound: Whether it could be read; if not, it only helps to know the names.
    """

    factor: str
    name: str
    label: str
    value: Any
    is_sound: bool = True


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What a config has unless it says otherwise."""

    engine: str = "autogen"
    model: str = ""


def read_configs(section: Section, defaults: Defaults) -> Configs:
    """Read ``configs`` and ``matrix`` of a suite file, listed configs first."""
    listed = section.find("configs", _configs_reader(defaults)) or ()
    expanded = section.find("matrix", with_example(_matrix_reader(defaults), _MATRIX))
    if not section.has("configs") and not section.has("matrix"):
        section.report("there is no config; list at least one under 'configs' or 'matrix'")
    placed = (*listed, *(expanded.sound if expanded else ()))
    _report_clashes(placed)
    written = section.find("configs", _written_names) if section.has("configs") else ()
    in_matrix = (expanded.names if expanded else None) if section.has("matrix") else ()
    return Configs(
        sound=tuple(each.config for each in placed if each.config.name),
        names=() if written is None or in_matrix is None else (*written, *in_matrix),
    )


def _configs_reader(defaults: Defaults) -> Reader[tuple[Placed, ...]]:
    one = with_example(_config_reader(defaults), _CONFIG)
    return with_example(filled(list_of(one)), f"[{_CONFIG}]")


def _written_names(value: Value) -> tuple[str, ...] | None:
    """Names of the configs listed, right or wrong; None if one of them has none."""
    items = value.content
    if isinstance(items, Mapping):
        # Not how it is written, which is reported; but there is no doubt what was meant.
        return tuple(items)
    if not isinstance(items, tuple):
        return None
    names = [each.content.get("name") for each in items if isinstance(each.content, Mapping)]
    found = tuple(str(name.content) for name in names if name is not None)
    return found if len(found) == len(items) else None


def _report_clashes(found: tuple[Placed, ...]) -> None:
    seen: dict[str, AgentConfig] = {}
    for place in found:
        config = place.config
        # Cassette folders bear these names, and some file systems ignore case.
        other = seen.setdefault(config.name.casefold(), config)
        if other is not config and config.name:
            case = "" if other.name == config.name else " when case is ignored"
            Invalid(place.value, f"two configs have the name {config.name!r}{case}").report()


def _config_reader(defaults: Defaults) -> Reader[Placed]:
    def read(value: Value) -> Placed:
        section = Section(value, _CONFIG_KEYS)
        config = AgentConfig(
            name=section.require("name", name, ""),
            engine=section.get("engine", known_engine, defaults.engine),
            model=section.get("model", text, defaults.model),
            temperature=section.find("temperature", _TEMPERATURE),
            max_tokens=section.find("max_tokens", _MAX_TOKENS),
            prompts=section.get("prompts", with_example(mapping_of(prompt), _ONE_PROMPT), {}),
            parameters=section.get("parameters", mapping_of(data), {}),
        )
        return Placed(value, config)

    return read


@dataclass(frozen=True)
class _Expanded:
    """What a matrix expands to; the names of all, None if they cannot be known."""

    sound: tuple[Placed, ...]
    names: tuple[str, ...] | None


def _matrix_reader(defaults: Defaults) -> Reader[_Expanded]:
    def read(value: Value) -> _Expanded:
        section = Section(value, _matrix_keys(value))
        factors = list(_factors(value))
        if not value.content:
            raise Invalid(section.place, "expected at least one factor with at least one level")
        size = math.prod(len(levels) for levels in factors if levels)
        if size > MAX_CONFIGS:
            raise Invalid(value, f"expands to {size} configs; at most {MAX_CONFIGS} are allowed")
        return _expanded(value, factors, defaults)

    return read


def _expanded(value: Value, factors: list[list[Level]], defaults: Defaults) -> _Expanded:
    """Every combination; a factor without a level that can be read is left out."""
    readable = [levels for levels in factors if levels]
    named = [
        levels[0].factor
        for levels in readable
        if len(levels) > 1 or levels[0].factor in _ALWAYS_NAMED
    ]
    sound: list[Placed] = []
    names: list[str] = []
    for levels in itertools.product(*readable) if readable else ():
        config = _config(levels, named, defaults)
        names.append(config.name)
        if not all(level.is_sound for level in levels):
            continue
        if not VALID_NAME.match(config.name):
            Invalid(value, f"expands to a config for which {bad_name(config.name)}").report()
        sound.append(Placed(value, config))
    assert isinstance(value.content, Mapping)
    is_whole = len(readable) == len(value.content)
    return _Expanded(tuple(sound), tuple(names) if is_whole else None)


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
            yield tried(item, with_example(_prompt_levels, _PROMPT_LEVELS)) or []
        elif factor in _LEVELS or factor.startswith(_PARAMETER):
            yield tried(item, _list_levels(factor, _LEVELS.get(factor, data))) or []


def _prompt_levels(value: Value) -> list[Level]:
    filled(mapping_of(data))(value)
    assert isinstance(value.content, Mapping)
    levels = []
    for level, item in value.content.items():
        prompts = tried(item, _PROMPTS)
        levels.append(Level("prompts", level, level, prompts or {}, is_sound=prompts is not None))
    return levels


def _list_levels(factor: str, reader: Reader[Any]) -> Reader[list[Level]]:
    def read(value: Value) -> list[Level]:
        if not isinstance(value.content, tuple):
            return [_level(factor, reader(value), 1)]
        filled(list_of(data))(value)
        return [_list_level(factor, reader, *each) for each in enumerate(value.content, 1)]

    return read


def _list_level(factor: str, reader: Reader[Any], position: int, value: Value) -> Level:
    try:
        return _level(factor, reader(value), position)
    except Invalid as error:
        error.report()
        return replace(_level(factor, data(value), position), is_sound=False)


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
