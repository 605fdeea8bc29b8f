"""Two factors of a matrix against each other: the success rate of every cell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from harness.reports.figures.links import list_fragment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.comparison import ConfigSummary, Rate
    from harness.model.scenario import AgentConfig

_SHADES = 10
_MOST_FACTORS = 3


@dataclass(frozen=True, kw_only=True)
class HeatCell:
    """One pair of levels.

    Attributes:
        config: The config that has both.
        rate: Its success rate.
        shade: 0 (nothing solved) to 10 (everything).
        fragment: Its samples.
    """

    config: str
    rate: Rate
    shade: int
    fragment: str


@dataclass(frozen=True, kw_only=True)
class HeatMap:
    """Levels of one factor as rows, of another as columns; None where no config has both."""

    down: str
    across: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[HeatCell | None, ...]], ...]
    fixed: str


def heat_maps(
    suite: str, configs: Sequence[AgentConfig], summaries: Sequence[ConfigSummary]
) -> tuple[HeatMap, ...]:
    """A map for each pair of factors, and each combination of the levels of all others."""
    rates = {each.config: each.success for each in summaries if each.success.n}
    ran = [config for config in configs if config.name in rates and config.factors]
    factors = list(dict.fromkeys(name for config in ran for name in config.factors))
    maps = []
    for down, across in list(combinations(factors, 2))[:_MOST_FACTORS]:
        for others, group in _by_others(ran, (down, across)).items():
            maps.append(_map(suite, down, across, group, rates, others))
    return tuple(each for each in maps if len(each.columns) > 1 or len(each.rows) > 1)


def _by_others(
    configs: Sequence[AgentConfig], pair: tuple[str, str]
) -> dict[tuple[tuple[str, str], ...], list[AgentConfig]]:
    """Configs by the levels of the factors that are not on the map."""
    groups: dict[tuple[tuple[str, str], ...], list[AgentConfig]] = {}
    for config in configs:
        if all(name in config.factors for name in pair):
            others = tuple((k, v) for k, v in sorted(config.factors.items()) if k not in pair)
            groups.setdefault(others, []).append(config)
    return groups


def _map(
    suite: str,
    down: str,
    across: str,
    group: Sequence[AgentConfig],
    rates: dict[str, Rate],
    others: tuple[tuple[str, str], ...],
) -> HeatMap:
    columns = tuple(dict.fromkeys(config.factors[across] for config in group))
    names = {(config.factors[down], config.factors[across]): config.name for config in group}
    rows = dict.fromkeys(config.factors[down] for config in group)
    return HeatMap(
        down=down,
        across=across,
        columns=columns,
        rows=tuple(
            (row, tuple(_cell(suite, names.get((row, column)), rates) for column in columns))
            for row in rows
        ),
        fixed=", ".join(f"{name} = {level}" for name, level in others),
    )


def _cell(suite: str, config: str | None, rates: dict[str, Rate]) -> HeatCell | None:
    if config is None:
        return None
    rate = rates[config]
    return HeatCell(
        config=config,
        rate=rate,
        shade=round(_SHADES * (rate.value or 0.0)),
        fragment=list_fragment(suite=suite, config=config),
    )
