"""A side of a comparison by its name: a config, or a level of a factor with all its configs."""

from __future__ import annotations

import difflib
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from harness.comparison.pairs import settings_of
from harness.errors import SelectionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.model.run import RunLog
    from harness.model.sample import SampleResult

# Suite, scenario, epoch, and of a level the levels of all other factors.
Place = tuple[str, str, int, tuple[tuple[str, str], ...]]

# By factor and level, the configs that have it.
Levels = dict[str, dict[str, list[str]]]

_MOST_NAMED = 8


class NamedSide(NamedTuple):
    """A config in a run, or all configs of a run that have a level of a factor.

    Attributes:
        log: The run.
        name: What it was called, e.g. "careful-t0.2" or "prompts=careful".
        factor: The factor; "config" for a single config.
        level: The level, or the config.
    """

    log: RunLog
    name: str
    factor: str
    level: str

    @property
    def is_config(self) -> bool:
        """Whether it is one config."""
        return self.factor == "config"

    @property
    def samples(self) -> dict[Place, SampleResult]:
        """Its samples by what the other side's must have in common with them."""
        if self.is_config:
            kept = (s for s in self.log.samples if s.key.config == self.level)
            return {(s.key.suite, s.key.scenario, s.key.epoch, ()): s for s in kept}
        found: dict[Place, SampleResult] = {}
        settings = settings_of(self.log)
        for sample in self.log.samples:
            key = sample.key
            config = settings.get((key.suite, key.config))
            if config and config.factors.get(self.factor) == self.level:
                others = {f: v for f, v in config.factors.items() if f != self.factor}
                found[key.suite, key.scenario, key.epoch, tuple(sorted(others.items()))] = sample
        return found


def named_side(log: RunLog, name: str) -> NamedSide:
    """Find what a name stands for in a run.

    Args:
        log: The run.
        name: A config, or a factor and a level of it, e.g. "prompts=careful"; a number may be
            written otherwise than in the suite, "temperature=1" for "1.0".

    Raises:
        SelectionError: If no sample of the run is of that.
    """
    configs = config_names(log)
    if name in configs:
        return NamedSide(log, name, "config", name)
    levels = levels_of(log)
    factor, is_level, level = name.partition("=")
    if not is_level:
        raise SelectionError(_unknown_config(log, name, configs, levels))
    if factor not in levels:
        raise SelectionError(_unknown_factor(log, factor, levels, configs))
    found = _meant(level, levels[factor])
    if found is None:
        raise SelectionError(
            f"Factor {factor!r} has no level {level!r} in run {log.header.run_id}."
            f"{_near(level, levels[factor])} Its levels: {', '.join(levels[factor])}."
        )
    return NamedSide(log, f"{factor}={found}", factor, found)


def _meant(level: str, known: Iterable[str]) -> str | None:
    """The level of that name, or the one that is the same number; None if there is no such one."""
    names = list(known)
    if level in names:
        return level
    number = _number(level)
    same = [each for each in names if number is not None and _number(each) == number]
    return same[0] if len(same) == 1 else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def config_names(log: RunLog) -> list[str]:
    """The configs that have samples."""
    return list(dict.fromkeys(sample.key.config for sample in log.samples))


def levels_of(log: RunLog) -> Levels:
    """By factor and level, the configs with samples that have it."""
    ran = {(sample.key.suite, sample.key.config) for sample in log.samples}
    found: Levels = {}
    for place, config in settings_of(log).items():
        for factor, level in config.factors.items() if place in ran else ():
            names = found.setdefault(factor, {}).setdefault(level, [])
            if config.name not in names:
                names.append(config.name)
    return found


def _unknown_config(log: RunLog, name: str, configs: list[str], levels: Levels) -> str:
    none = f"Run {log.header.run_id} has no sample of a config {name!r}"
    factor = next((factor for factor, known in levels.items() if name in known), None)
    if factor is not None:
        having = _listed(levels[factor][name])
        return (
            f"{none}; it is a level of the factor {factor}, which these configs have: {having}. "
            f"To compare all of them, write {factor}={name}."
        )
    return f"{none}.{_near(name, configs)} It has: {_listed(configs) or '(no sample)'}."


def _unknown_factor(log: RunLog, factor: str, levels: Levels, configs: list[str]) -> str:
    run = f"Run {log.header.run_id}"
    if not levels:
        return (
            f"{run} has no factor {factor!r}: its configs come from no matrix. Name two of them: "
            f"{_listed(configs) or '(no sample)'}."
        )
    known = "; ".join(f"{each} ({', '.join(names)})" for each, names in levels.items())
    return f"{run} has no factor {factor!r}.{_near(factor, levels)} Its factors: {known}."


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.3)
    return f" Did you mean {near[0]!r}?" if near else ""


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"
