"""Running the samples of suites in a worker process, which is killed when its time is over."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from harness.errors import EnvironmentFault
from harness.pytest_plugin.settings import require_safe
from harness.runner.batch import RunConfig, make_task, result_of
from harness.runner.plan import Catalogue
from harness.runner.pool import WorkerPool
from harness.sandboxes.workspace import remove_tree

if TYPE_CHECKING:
    from harness.model.sample import SampleKey, SampleResult
    from harness.model.scenario import Suite
    from harness.pytest_plugin.state import State
    from harness.runner.task import EndpointSpec

_TICK_SECONDS = 0.5


class SampleRunner:
    """Runs samples one after the other; its worker starts with the first and ends with the session.

    Args:
        state: The session.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._count = 0
        self._endpoints: dict[str, EndpointSpec] = {}

    @cached_property
    def _pool(self) -> WorkerPool:
        engines = {
            config.engine for suite in self._state.suites.values() for config in suite.configs
        }
        return self._state.opened.enter_context(WorkerPool(sorted(engines), 1))

    def run(self, key: SampleKey, suite: Suite) -> SampleResult:
        """Run one sample; whatever goes wrong in it is in the result.

        Raises:
            EnvironmentFault: If it is to be recorded and the provider's key is missing, or
                nothing isolates its code.
        """
        from harness.cassettes import cassette_path

        settings = self._state.settings
        mode = settings.mode_of(cassette_path(settings.cassettes_root, key))
        config = RunConfig(
            mode=mode,
            cassettes_root=settings.cassettes_root,
            overwrite=settings.overwrite,
            update=settings.mode == "update",
            endpoints=self._endpoints_of(suite) if mode in ("record", "live") else {},
            sandbox=settings.sandbox,
        )
        self._count += 1
        scratch = self._pool.scratch / str(self._count)
        task = make_task(key, Catalogue([suite]), config, scratch, budget=self._state.budget())
        self._pool.give(task)
        while not (ended := self._pool.collect(_TICK_SECONDS)):
            pass
        remove_tree(scratch)
        return result_of(ended[0])

    def _endpoints_of(self, suite: Suite) -> dict[str, EndpointSpec]:
        from harness.runner.endpoints import live_endpoints, require_prices
        from harness.runner.plan import all_keys
        from harness.runner.scripted import serving_scripted

        settings = self._state.settings
        if suite.name in self._endpoints:
            return self._endpoints
        if not settings.is_scripted:
            require_safe(settings, [suite])
            found = live_endpoints([suite])
        elif settings.mode == "live":
            raise EnvironmentFault(
                "--harness-scripted records from the scripted provider; it goes with "
                "--harness-mode=record or update, not with live."
            )
        else:
            found = self._state.opened.enter_context(serving_scripted([suite]))
        if settings.max_cost_usd is not None:
            require_prices(all_keys([suite]), [suite])
        self._endpoints.update(found)
        return self._endpoints
