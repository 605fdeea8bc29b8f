"""Run a plan: hand samples to workers, keep every result as it arrives."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.capture import read_spool
from harness.errors import BudgetReached
from harness.model.sample import Mode, SampleKey, SampleResult, decode_sample
from harness.model.score import Unscored
from harness.model.transcript import (
    AnyEvent,
    ExceptionInfo,
    Termination,
    TerminationReason,
    Transcript,
)
from harness.runner.plan import Catalogue
from harness.runner.pool import Ended, WorkerPool
from harness.runner.redact import redacted_encoding
from harness.runner.sandboxes import resolved_sandbox
from harness.runner.task import EndpointSpec, Task
from harness.sandboxes.workspace import remove_tree

if TYPE_CHECKING:
    from harness.model.scenario import Suite
    from harness.protocols import RunStore

_TICK_SECONDS = 0.25


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """How to run a plan.

    Attributes:
        mode: "replay", "record" or "live"; scripted scenarios run as "mock" in any of them.
        workers: Number of worker processes, >= 1.
        cassettes_root: Folder of the cassettes.
        overwrite: Whether recording may replace existing cassettes.
        update: Whether recording replays what still fits of existing ones.
        max_cost_usd: What a recording may cost in all, in US dollars; None for no limit.
        endpoints: By suite name, where requests go when recording or live.
        sandbox: Entry-point name of the sandbox, or "auto"; None for what each suite asks for.
    """

    mode: Mode = "replay"
    workers: int = 1
    cassettes_root: Path = Path("cassettes")
    overwrite: bool = False
    update: bool = False
    max_cost_usd: float | None = None
    endpoints: dict[str, EndpointSpec] = field(default_factory=dict)
    sandbox: str | None = None


OnStart = Callable[[SampleKey], None]
OnResult = Callable[[SampleResult], None]
OnTick = Callable[[], None]


def run_plan(  # noqa: PLR0913 - four say what to run, three who is told, by keyword
    plan: Sequence[SampleKey],
    suites: Sequence[Suite],
    config: RunConfig,
    store: RunStore,
    *,
    on_start: OnStart = lambda _: None,
    on_result: OnResult = lambda _: None,
    on_tick: OnTick = lambda: None,
) -> None:
    """Run every sample of a plan and keep each result durably as it finishes.

    Args:
        plan: The samples.
        suites: The suites they belong to.
        config: How to run them.
        store: Where results go.
        on_start: Called when a worker has been given a sample.
        on_result: Called after a result was kept.
        on_tick: Called several times a second, for a progress display.
    """
    catalogue = Catalogue(suites)
    engines = sorted({catalogue.config(key).engine for key in plan})
    waiting = deque(enumerate(plan))
    with WorkerPool(engines, min(config.workers, len(plan)) or 1) as pool:
        while waiting or pool.is_busy:
            while waiting and pool.has_room:
                number, key = waiting.popleft()
                pool.give(make_task(key, catalogue, config, pool.scratch / str(number)))
                on_start(key)
            for ended in pool.collect(_TICK_SECONDS):
                result = result_of(ended)
                store.append(result)
                remove_tree(Path(ended.task.scratch))
                on_result(result)
                if result.failure and result.failure.type.endswith(BudgetReached.__name__):
                    waiting.clear()  # Nothing else could be paid for.
            on_tick()


def make_task(
    key: SampleKey,
    catalogue: Catalogue,
    config: RunConfig,
    scratch: Path,
    *,
    budget: tuple[str, float] | None = None,
) -> Task:
    """Everything a worker needs for one sample.

    Args:
        key: Which sample.
        catalogue: Holds its scenario and config.
        config: How to run it.
        scratch: Folder of its own; made by the worker.
        budget: File and US dollars of what all recordings may cost together; by default the
            config's, in a file beside the scratch folders.
    """
    from harness.cassettes import cassette_path

    scenario = catalogue.scenario(key)
    suite = catalogue.suite(key)
    cassette = cassette_path(config.cassettes_root, key)
    return Task(
        key=key,
        scenario=scenario,
        config=catalogue.config(key),
        prices=suite.prices,
        mode="mock" if scenario.is_scripted else config.mode,
        cassette=str(cassette.absolute()),
        cassette_label=str(cassette),
        overwrite=config.overwrite,
        update=config.update,
        budget=budget or _budget(config, scratch.parent),
        endpoint=config.endpoints.get(key.suite, _offline(suite)),
        sandbox=resolved_sandbox(config.sandbox or scenario.sandbox.backend),
        secrets=suite.secrets,
        scratch=str(scratch),
    )


def _budget(config: RunConfig, folder: Path) -> tuple[str, float] | None:
    return None if config.max_cost_usd is None else (str(folder / "budget"), config.max_cost_usd)


def _offline(suite: Suite) -> EndpointSpec:
    settings = suite.provider_settings
    return EndpointSpec(
        base_url=settings.get("base_url", "https://api.openai.com/v1"),
        api_type=settings.get("api_type", "openai"),
        api_version=settings.get("api_version"),
    )


def result_of(ended: Ended) -> SampleResult:
    """The result a worker sent, or one made of what it left behind."""
    if ended.data is not None:
        result = decode_sample(ended.data)
        if result.key == ended.task.key:
            return result
        return _partial_result(ended, "error", f"The worker answered for {result.key} instead.")
    limit = ended.task.scenario.limits.wall_seconds
    if ended.timed_out:
        return _partial_result(
            ended, "timeout", f"The wall-clock limit of {limit:g} s was reached."
        )
    return _partial_result(ended, "error", "The worker process died while running it.")


def _partial_result(ended: Ended, reason: TerminationReason, detail: str) -> SampleResult:
    task = ended.task
    events = read_spool(ended.spool)
    failure = ExceptionInfo(type=f"harness.{reason}", message=detail)
    last: AnyEvent | None = events[-1] if events else None
    if not isinstance(last, Termination):
        # The sample died after its conversation ended, unless this event is missing.
        ending = Termination(
            index=len(events),
            offset_seconds=last.offset_seconds if last else 0.0,
            reason=reason,
            detail=detail,
            exception=None if reason == "timeout" else failure,
        )
        events = (*events, ending)
    result = SampleResult(
        key=task.key,
        status="error",
        mode=task.mode,
        transcript=Transcript(engine=task.config.engine, engine_version="", events=events),
        scores=tuple(
            Unscored(scorer=spec.name, reason=f"the sample was not finished: {detail}")
            for spec in task.scenario.scorers
        ),
        failure=failure,
        started_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        duration_seconds=task.scenario.limits.wall_seconds if reason == "timeout" else 0.0,
    )
    # A worker removes the secrets from what it sends; this one could not.
    return decode_sample(redacted_encoding(result, ended.task.secrets))
