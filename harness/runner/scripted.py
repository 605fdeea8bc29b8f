"""Recording from the scripted provider: what it plays, and where it is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.errors import SelectionError
from harness.model.sample import SCRIPTED_SOURCE
from harness.runner.task import EndpointSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.model.scenario import Suite
    from harness.provider.server import Behaviour


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
        yield scripted_endpoints(suites, server.base_url)


def scripted_endpoints(suites: Sequence[Suite], base_url: str) -> dict[str, EndpointSpec]:
    """Send every suite to a scripted provider that is being served."""
    spec = EndpointSpec(
        base_url=base_url,
        api_key="the-scripted-provider-needs-none",
        is_scripted=True,
        source=SCRIPTED_SOURCE,
    )
    return {suite.name: spec for suite in suites}


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
            "so the scripted provider has nothing to say."
        )
    return found
