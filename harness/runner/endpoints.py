"""Where live requests go, checked before anything starts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.errors import EnvironmentFault
from harness.pricing import rates_of
from harness.runner.plan import Catalogue
from harness.runner.task import EndpointSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.sample import SampleKey
    from harness.model.scenario import Price, Suite

DEFAULT_BASE_URL = "https://api.openai.com/v1"
DEFAULT_KEY_VARIABLE = "OPENAI_API_KEY"


def live_endpoints(
    suites: Sequence[Suite], *, base_url: str | None = None, key_variable: str | None = None
) -> dict[str, EndpointSpec]:
    """The provider of each suite, with its key from the environment.

    Args:
        suites: Suites whose ``provider_settings`` apply.
        base_url: Overrides the suites' own.
        key_variable: Overrides the suites' own name of the key's environment variable.

    Raises:
        EnvironmentFault: If a key's variable is not set; it names the variable.
    """
    return {
        suite.name: _endpoint(suite, base_url=base_url, key_variable=key_variable)
        for suite in suites
        if not all(scenario.is_scripted for scenario in suite.scenarios)
    }


def _endpoint(suite: Suite, *, base_url: str | None, key_variable: str | None) -> EndpointSpec:
    settings = suite.provider_settings
    url = base_url or settings.get("base_url") or DEFAULT_BASE_URL
    variable = key_variable or settings.get("api_key_env") or DEFAULT_KEY_VARIABLE
    key = os.environ.get(variable, "").strip()
    if not key:
        raise EnvironmentFault(
            f"{suite.name}: the environment variable {variable} is not set, and {url} needs a "
            "key. Set it, name another one with --api-key-env, or record from the scripted "
            "provider with: harness record --scripted"
        )
    return EndpointSpec(
        base_url=url,
        api_key=key,
        api_type=settings.get("api_type", "openai"),
        api_version=settings.get("api_version"),
        source=urlsplit(url).hostname or url,
    )


def require_prices(plan: Sequence[SampleKey], suites: Sequence[Suite]) -> None:
    """Refuse to keep to a sum what has no price.

    Raises:
        EnvironmentFault: Naming the models without a price.
    """
    catalogue = Catalogue(suites)
    models = {(key.suite, catalogue.config(key).model) for key in plan}
    missing = sorted(
        f"{model!r} of {suite}"
        for suite, model in models
        if model and rates_of(model, prices=_prices(suites, suite)) is None
    )
    if missing:
        raise EnvironmentFault(
            f"--max-cost needs prices, and there is none for the model {', '.join(missing)}. "
            "Give it under prices: in suite.yaml, in US dollars per million tokens, as in "
            "prices: {my-model: {prompt: 0.15, completion: 0.60}}"
        )


def _prices(suites: Sequence[Suite], name: str) -> dict[str, Price]:
    return next(suite.prices for suite in suites if suite.name == name)
