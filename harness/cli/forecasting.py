"""What ``harness record --dry-run`` does: says what would be recorded, and sends nothing."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import click

from harness.cli.app import EXIT_GATE_FAILED
from harness.cli.progress import FitCounts, showing
from harness.cli.recording import require_live
from harness.errors import EnvironmentFault, SelectionError
from harness.model.sample import SCRIPTED_SOURCE
from harness.reports.text import counted
from harness.runner.batch import RunConfig, run_plan
from harness.runner.endpoints import base_url_of, source_at
from harness.runner.forecast import (
    Archive,
    Forecast,
    forecast_refused,
    forecast_update,
    forecast_whole,
)
from harness.runner.header import new_header
from harness.runner.memory import MemoryStore
from harness.runner.plan import Catalogue, all_keys
from harness.runner.scripted import behaviours, scripted_urls
from harness.runner.verify import unjudged

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from harness.cli.recording import RecordArguments
    from harness.model.sample import SampleKey, SampleResult
    from harness.model.scenario import Suite

_MOST_LISTED = 40
_LEAST_USD = 0.0001


def dry_run(plan: Sequence[SampleKey], suites: Sequence[Suite], arguments: RecordArguments) -> int:
    """Print what recording the plan would do; returns the exit code."""
    archive = Archive(arguments.cassettes_root, Catalogue(suites))
    refused = [key for key in plan if arguments.update and archive.fault(key)]
    started = [key for key in plan if arguments.update and archive.earlier(key)]
    fresh = [key for key in plan if key not in {*started, *refused}]
    forecasts = forecast_whole(fresh, all_keys(suites), archive)
    scripted = {suite.name for suite in suites} if arguments.scripted else set()
    scripted = scripted or set(scripted_urls(suites, arguments.base_url))
    if started:
        played = _replayed(started, suites, arguments)
        forecasts += forecast_update(played, archive, _sources(suites, scripted, arguments))
    forecasts += forecast_refused(refused, archive)
    _print(forecasts, arguments)
    asking = {each.key.suite for each in forecasts if each.kind not in ("unchanged", "refused")}
    _print_missing([each for each in suites if each.name in asking], scripted, arguments)
    return EXIT_GATE_FAILED if any(each.kind == "refused" for each in forecasts) else 0


def _sources(
    suites: Sequence[Suite], scripted: Collection[str], arguments: RecordArguments
) -> dict[str, str]:
    """Who would be asked, by suite, as the cassettes would say."""
    return {
        suite.name: SCRIPTED_SOURCE
        if suite.name in scripted
        else source_at(base_url_of(suite, arguments.base_url))
        for suite in suites
    }


def _print_missing(
    suites: Sequence[Suite], scripted: Collection[str], arguments: RecordArguments
) -> None:
    """Say what the recording itself would first ask for."""
    live = [suite for suite in suites if suite.name not in scripted]
    try:
        if suites and arguments.scripted:
            behaviours(suites)
        if live:
            require_live(live, arguments)
    except (EnvironmentFault, SelectionError) as fault:
        click.echo(f"Without --dry-run it would refuse to start:\n{fault}")


def _replayed(
    keys: Sequence[SampleKey], suites: Sequence[Suite], arguments: RecordArguments
) -> dict[SampleKey, SampleResult]:
    """Replay offline, to see how far each recording still fits."""
    config = RunConfig(
        workers=arguments.worker_count,
        cassettes_root=arguments.cassettes_root,
        sandbox=arguments.sandbox,
        update=True,
    )
    store = MemoryStore(new_header(keys, suites, config, arguments.scenarios_root))
    signal.signal(signal.SIGTERM, _interrupt)
    total = len(keys)
    with showing(total, FitCounts(total)) as display:
        run_plan(
            keys,
            unjudged(suites),
            config,
            store,
            on_result=display.result,
            on_tick=display.tick,
        )
    return {result.key: result for result in store.read_samples()}


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _print(forecasts: Sequence[Forecast], arguments: RecordArguments) -> None:
    refused = [each for each in forecasts if each.kind == "refused"]
    changing = [each for each in forecasts if each.kind not in ("unchanged", "refused")]
    told = [*refused, *changing]
    for each in told[:_MOST_LISTED]:
        click.echo(f"  {_start(each):<16} {each.key}  {_amount(each)}")
    if len(told) > _MOST_LISTED:
        click.echo(f"  and {len(told) - _MOST_LISTED} more")
    unchanged = len(forecasts) - len(told)
    rest = f"; {unchanged} still fit and would stay as they are" if unchanged else ""
    rest += f"; {len(refused)} could not be recorded like this" if refused else ""
    click.echo(
        f"Would record {len(changing)} of {counted(len(forecasts), 'sample')}{_total(changing)}"
        f"{rest}. Nothing was sent or written."
    )
    if arguments.max_cost is not None:
        click.echo(f"--max-cost {arguments.max_cost:g} would stop it before more is spent.")


def _start(forecast: Forecast) -> str:
    if forecast.kind == "from":
        return f"from call {forecast.kept + 1}"
    return {"anew": "whole, anew", "refused": "REFUSED"}.get(forecast.kind, forecast.kind)


def _amount(forecast: Forecast) -> str:
    if forecast.kind == "refused":
        return forecast.basis
    if forecast.calls is None:
        return f"cost unknown: {forecast.basis}"
    cost = "price unknown" if forecast.cost_usd is None else _dollars(forecast.cost_usd)
    why = f": {forecast.why}" if forecast.why else ""
    return f"about {counted(forecast.calls, 'call')}, {cost} ({forecast.basis}){why}"


def _dollars(amount: float) -> str:
    return f"about ${amount:.4f}" if amount >= _LEAST_USD or not amount else "less than $0.0001"


def _total(changing: Sequence[Forecast]) -> str:
    """Calls and dollars of all; "" where nothing is to be recorded."""
    sized = [each for each in changing if each.calls is not None]
    costs = [each.cost_usd for each in changing if each.cost_usd is not None]
    parts = []
    if sized:
        parts.append(f"about {counted(sum(each.calls or 0 for each in sized), 'call')}")
    if costs:
        parts.append(_dollars(sum(costs)).removeprefix("about "))
    if unknown := len(changing) - len(costs):
        parts.append(f"and {unknown} of unknown cost" if costs else "cost unknown")
    return f": {', '.join(parts)}" if parts else ""
