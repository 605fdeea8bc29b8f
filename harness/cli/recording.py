"""What ``harness record`` does once its arguments are parsed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.cli.session import Outputs, start
from harness.errors import SelectionError
from harness.provider.identity import identify
from harness.runner.batch import RunConfig
from harness.runner.endpoints import live_endpoints, require_prices
from harness.runner.header import load_all, new_header
from harness.runner.plan import Catalogue, make_plan
from harness.runner.sandboxes import refuse_unsafe
from harness.runner.scripted import scripted_endpoints, serving_scripted

_IDENTIFY_SECONDS = 2.0

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.model.sample import SampleKey
    from harness.model.scenario import Suite
    from harness.runner.task import EndpointSpec


@dataclass(frozen=True, kw_only=True)
class RecordArguments(options.SampleArguments):
    """The command line of ``harness record``, one field per option."""

    base_url: str | None
    api_key_env: str | None
    scripted: bool
    seed: int
    overwrite: bool
    update: bool
    dry_run: bool
    max_cost: float | None


def record(arguments: RecordArguments) -> int:
    """Record what has no cassette yet; returns the exit code."""
    if arguments.update and arguments.overwrite:
        raise SelectionError(
            "--update keeps what still fits of a cassette, --overwrite keeps nothing: give one."
        )
    suites = load_all(arguments.scenarios_root, arguments.suites)
    plan = _to_record(make_plan(suites, arguments.selection), suites, arguments)
    if not plan:
        click.echo(
            "Every selected sample has a cassette; record what changed with --update, "
            "everything with --overwrite."
        )
        return 0
    if arguments.dry_run:
        from harness.cli.forecasting import dry_run

        return dry_run(plan, suites, arguments)
    if arguments.max_cost is not None:
        require_prices(plan, suites)
    with _provider(suites, arguments) as endpoints:
        config = RunConfig(
            mode="record",
            workers=arguments.worker_count,
            cassettes_root=arguments.cassettes_root,
            overwrite=arguments.overwrite,
            update=arguments.update,
            max_cost_usd=arguments.max_cost,
            endpoints=endpoints,
            sandbox=arguments.sandbox,
        )
        outputs = Outputs(
            runs_folder=arguments.runs_folder,
            report=arguments.report,
            no_report=arguments.no_report,
        )
        header = new_header(plan, suites, config, arguments.scenarios_root)
        return start(header, suites, config, outputs)


def _to_record(
    plan: Sequence[SampleKey], suites: Sequence[Suite], arguments: RecordArguments
) -> tuple[SampleKey, ...]:
    from harness.cassettes import cassette_path

    catalogue = Catalogue(suites)
    asked = [key for key in plan if not catalogue.scenario(key).is_scripted]
    if not asked:
        raise SelectionError(
            "Every selected scenario is scripted in process (script:) and needs no cassette. "
            "Run it with: harness run"
        )
    if arguments.overwrite or arguments.update:
        return tuple(asked)
    fresh = [key for key in asked if not cassette_path(arguments.cassettes_root, key).exists()]
    if len(fresh) < len(asked):
        click.echo(f"{len(asked) - len(fresh)} samples have a cassette and are skipped.")
    return tuple(fresh)


@contextmanager
def _provider(
    suites: Sequence[Suite], arguments: RecordArguments
) -> Iterator[dict[str, EndpointSpec]]:
    if arguments.base_url and identify(arguments.base_url, _IDENTIFY_SECONDS):
        # Served by `harness provider serve`: say so, or its words would pass for a model's.
        yield scripted_endpoints(suites, arguments.base_url)
        return
    if not arguments.scripted:
        refuse_unsafe(suites, arguments.sandbox, allow_unsafe=arguments.allow_unsafe)
        yield live_endpoints(
            suites, base_url=arguments.base_url, key_variable=arguments.api_key_env
        )
        return
    with serving_scripted(suites, seed=arguments.seed) as endpoints:
        yield endpoints
