"""Recording from the scripted provider: what it plays, and where it is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.errors import SelectionError
from harness.model.sample import SCRIPTED_SOURCE
from harness.provider.identity import identify
from harness.runner.endpoints import DEFAULT_KEY_VARIABLE, base_url_of
from harness.runner.task import EndpointSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.model.scenario import Suite
    from harness.provider.server import Behaviour

_IDENTIFY_SECONDS = 2.0


@contextmanager
def serving_scripted(
    suites: Sequence[Suite], *, seed: int = 0
) -> Iterator[dict[str, EndpointSpec]]:
    """Serve the suites' own provider scripts on loopback while the block lasts.

    Args:
        suites: The suites.
        seed: Of what the scripts draw.

    Yields:
        By suite name, where its requests go.

    Raises:
        SelectionError: If no scenario has a provider script.
    """
    from harness.provider.server import serving

    with serving(behaviours(suites), seed=seed) as server:
        yield {suite.name: scripted_endpoint(server.base_url) for suite in suites}


def scripted_endpoint(base_url: str) -> EndpointSpec:
    """A scripted provider that is being served there."""
    return EndpointSpec(
        base_url=base_url,
        api_key="the-scripted-provider-needs-none",
        is_scripted=True,
        source=SCRIPTED_SOURCE,
    )


def scripted_urls(suites: Sequence[Suite], base_url: str | None = None) -> dict[str, str]:
    """The URLs at which a scripted provider answers, by the suites that would ask there.

    Args:
        suites: The suites.
        base_url: Overrides the suites' own.
    """
    urls = {suite.name: base_url_of(suite, base_url) for suite in suites}
    found = {url for url in set(urls.values()) if identify(url, _IDENTIFY_SECONDS)}
    return {name: url for name, url in urls.items() if url in found}


def behaviours(suites: Sequence[Suite]) -> list[Behaviour]:
    """What the scripted provider plays: one behaviour per scenario that has a provider script.

    Raises:
        SelectionError: If no scenario has one.
    """
    from harness.provider.server import Behaviour
    from harness.suites import load_callable

    found = [
        Behaviour(
            scenario=scenario.name,
            task=scenario.task,
            parameters=scenario.parameters,
            reply=load_callable(scenario.provider),
            file=f"{scenario.folder}/scenario.yaml",
        )
        for suite in suites
        for scenario in suite.scenarios
        if scenario.provider is not None
    ]
    if not found:
        names = ", ".join(suite.name for suite in suites)
        raise SelectionError(
            f"No scenario of {names} has a provider script (provider.py with a function reply), "
            "so the scripted provider has nothing to say. Write one beside suite.yaml, or ask a "
            f"real provider: {DEFAULT_KEY_VARIABLE}=... harness record {suites[0].name} "
            "--allow-unsafe"
        )
    return found
