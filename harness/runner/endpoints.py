"""Where live requests go, checked before anything starts."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.cassettes.credentials import without_credentials
from harness.errors import EnvironmentFault, SelectionError
from harness.pricing import rates_of
from harness.runner.plan import Catalogue
from harness.runner.task import EndpointSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.sample import SampleKey
    from harness.model.scenario import Price, Suite

DEFAULT_BASE_URL = "https://api.openai.com/v1"
DEFAULT_KEY_VARIABLE = "OPENAI_API_KEY"

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Clients add these to a base URL themselves.
_OPERATION = re.compile(r"/(?:chat/completions|completions|responses|embeddings|messages)/*$")


def check_base_url(url: str) -> None:
    """Refuse an address that no client could ask, before anything is sent or written.

    Args:
        url: As given with --base-url; no message repeats a password in it.

    Raises:
        SelectionError: Saying what is wrong with it.
    """
    shown = without_credentials(url)
    if fault := _fault_of(url, shown):
        raise SelectionError(f"--base-url {shown!r} {fault}")


def _fault_of(url: str, shown: str) -> str:
    """What is wrong with a base URL, and what to give instead; "" if nothing is."""
    if "://" not in url:
        return f"needs http:// or https:// in front, as in --base-url http://{shown}"
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return f"is no URL: host or port cannot be read. Give one such as {DEFAULT_BASE_URL}"
    if parts.scheme not in ("http", "https"):
        return "is none to record from: a provider is asked over http:// or https://."
    if not is_whole or any(letter.isspace() for letter in url):
        return f"is no complete URL. Give scheme, host and path, as in {DEFAULT_BASE_URL}"
    if found := _OPERATION.search(parts.path):
        base = shown[: shown.rindex(found[0])]
        return f"names one operation, which clients add themselves. Give: --base-url {base}"
    if parts.query or parts.fragment:
        return "has a '?' or '#', and what follows would not be sent. Give the URL up to there."
    return ""


def check_key_variable(name: str) -> None:
    """Refuse what cannot be the name of an environment variable; it may be the key itself.

    Raises:
        SelectionError: Without repeating it.
    """
    if not _VARIABLE.fullmatch(name):
        raise SelectionError(
            "--api-key-env takes the name of an environment variable, e.g. OPENAI_API_KEY, and "
            "what was given is none. A key itself does not belong on the command line."
        )


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
    url = base_url_of(suite, base_url)
    variable = key_variable_of(suite, key_variable)
    key = os.environ.get(variable, "").strip()
    if not key:
        scripted = (
            ", or record from the scripted provider with: harness record --scripted"
            if any(scenario.provider for scenario in suite.scenarios)
            else ""
        )
        raise EnvironmentFault(
            f"{suite.name}: the environment variable {variable} is not set, and "
            f"{without_credentials(url)} needs a key (any text will do where it needs none). "
            f"Set it, or name another one with --api-key-env{scripted or '.'}"
        )
    return EndpointSpec(
        base_url=url,
        api_key=key,
        api_type=settings.get("api_type", "openai"),
        api_version=settings.get("api_version"),
        source=source_at(url),
        key_variable=variable,
    )


def source_at(url: str) -> str:
    """What a cassette calls the provider at a URL."""
    return urlsplit(url).hostname or without_credentials(url)


def base_url_of(suite: Suite, given: str | None = None) -> str:
    """Where a suite's requests go when they go out: as given, its own setting, or OpenAI."""
    return given or suite.provider_settings.get("base_url") or DEFAULT_BASE_URL


def key_variable_of(suite: Suite, given: str | None = None) -> str:
    """The environment variable that holds the key of a suite's provider."""
    return given or suite.provider_settings.get("api_key_env") or DEFAULT_KEY_VARIABLE


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
