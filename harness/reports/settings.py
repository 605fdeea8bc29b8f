"""The settings of every config, packed into the page: they tell why two conversations part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.reports.packing import deflated
from harness.reports.text import visible, visible_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.run import SuiteInfo
    from harness.model.scenario import AgentConfig

_NAMED = ("engine", "model", "temperature", "max_tokens")


def packed_settings(suites: Sequence[SuiteInfo]) -> str:
    """By suite and config the prompts of its agents, and its values as words; packed.

    Only of suites with configs to compare.
    """
    data = {
        visible(suite.name): {visible(each.name): _settings(each) for each in suite.configs}
        for suite in suites
        if len(suite.configs) > 1
    }
    return deflated(data)


def _settings(config: AgentConfig) -> dict[str, Any]:
    named = {name.replace("_", " "): getattr(config, name) for name in _NAMED}
    parameters = sorted(config.parameters.items())
    told: dict[str, Any] = visible_data(
        {
            "prompts": config.prompts,
            "values": {name: _words(value) for name, value in named.items()},
            "parameters": {name: _words(value) for name, value in parameters},
        }
    )
    return told


def _words(value: Any) -> str:  # parameters hold whatever YAML can
    if value is None:
        return "unset"
    return f"{value:g}" if isinstance(value, float) else " ".join(str(value).split())
