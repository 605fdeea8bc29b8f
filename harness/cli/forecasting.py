"""What ``harness record --dry-run`` does: says what would be recorded, and sends nothing."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import click

from harness.cli.progress import PlayCounts, showing
from harness.runner.batch import RunConfig, run_plan
from harness.runner.forecast import Archive, Forecast, forecast_update, forecast_whole
from harness.runner.header import new_header
from harness.runner.memory import MemoryStore
from harness.runner.plan import Catalogue, all_keys
from harness.runner.verify import unjudged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.cli.recording import RecordArguments
    from harness.model.sample import SampleKey, SampleResult
    from harness.model.scenario import Suite

_MOST_LISTED = 40


def dry_run(plan: Sequence[SampleKey], suites: Sequence[Suite], arguments: RecordArguments) -> int:
    """Print what recording the plan would do; returns the exit code."""
    catalogue = Catalogue(suites)
    archive = Archive(arguments.cassettes_root, catalogue)
    started = [key for key in plan if arguments.update and archive.earlier(key)]
    fresh = [key for key in plan if key not in set(started)]
    forecasts = forecast_whole(fresh, all_keys(suites), archive)
    if started:
        forecasts += forecast_update(_replayed(started, suites, arguments), archive)
    _print(forecasts, arguments)
    return 0


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
    with showing(total, PlayCounts(total)) as display:
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
    changing = [each for each in forecasts if each.kind != "unchanged"]
    for each in changing[:_MOST_LISTED]:
        click.echo(f"  {_start(each):<16} {each.key}  {_amount(each)}")
    if len(changing) > _MOST_LISTED:
        click.echo(f"  and {len(changing) - _MOST_LISTED} more")
    unchanged = len(forecasts) - len(changing)
    still = f"; {unchanged} still fit and would stay as they are" if unchanged else ""
    click.echo(
        f"Would record {len(changing)} of {len(forecasts)} samples{_total(changing)}{still}. "
        "Nothing was sent or written."
    )
    if arguments.max_cost is not None:
        click.echo(f"--max-cost {arguments.max_cost:g} would stop it before more is spent.")


def _start(forecast: Forecast) -> str:
    if forecast.kind == "from":
        return f"from call {forecast.kept + 1}"
    return {"new": "new", "anew": "whole, anew"}.get(forecast.kind, forecast.kind)


def _amount(forecast: Forecast) -> str:
    if forecast.calls is None:
        return f"cost unknown: {forecast.basis}"
    cost = "price unknown" if forecast.cost_usd is None else f"about ${forecast.cost_usd:.4f}"
    calls = "1 call" if forecast.calls == 1 else f"{forecast.calls} calls"
    return f"about {calls}, {cost} ({forecast.basis})"


def _total(changing: Sequence[Forecast]) -> str:
    if not changing:
        return ""
    costs = [each.cost_usd for each in changing if each.cost_usd is not None]
    calls = sum(each.calls or 0 for each in changing)
    rest = len(changing) - len(costs)
    more = f", and {rest} whose cost nothing tells" if rest else ""
    return f": about {calls} calls, ${sum(costs):.4f}{more}"
