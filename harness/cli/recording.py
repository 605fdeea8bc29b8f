"""What ``harness record`` does once its arguments are parsed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.cli.session import Outputs, start
from harness.errors import EnvironmentFault, SelectionError
from harness.reports.text import counted
from harness.runner.batch import RunConfig
from harness.runner.endpoints import (
    check_base_url,
    check_key_variable,
    live_endpoints,
    require_prices,
)
from harness.runner.header import load_all, new_header
from harness.runner.plan import Catalogue, make_plan
from harness.runner.sandboxes import refuse_unsafe, resolved_sandbox
from harness.runner.scripted import scripted_endpoint, scripted_urls, serving_scripted

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
    _check(arguments)
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


def _check(arguments: RecordArguments) -> None:
    """Refuse options that cannot be meant, also where nothing would be recorded.

    Raises:
        SelectionError: Saying which.
        PluginError: If there is no such sandbox.
    """
    if arguments.update and arguments.overwrite:
        raise SelectionError(
            "--update keeps what still fits of a cassette, --overwrite keeps nothing: give one."
        )
    if arguments.scripted and (arguments.base_url or arguments.api_key_env):
        other = "--base-url" if arguments.base_url else "--api-key-env"
        raise SelectionError(
            f"--scripted serves the suites' own scripted provider for this recording, {other} is "
            "for another one: give one of the two."
        )
    if arguments.base_url:
        check_base_url(arguments.base_url)
    if arguments.api_key_env:
        check_key_variable(arguments.api_key_env)
    if arguments.sandbox:
        resolved_sandbox(arguments.sandbox)


def _to_record(
    plan: Sequence[SampleKey], suites: Sequence[Suite], arguments: RecordArguments
) -> tuple[SampleKey, ...]:
    from harness.cassettes import cassette_path

    catalogue = Catalogue(suites)
    asked = [key for key in plan if not catalogue.scenario(key).is_scripted]
    if not asked:
        suite = catalogue.suite(plan[0])
        wanted = "write a provider.py" if arguments.scripted else "name a model under 'model:'"
        raise SelectionError(
            "Every selected scenario is scripted in process (script:) and needs no cassette. "
            f"Run it with: harness run {suite.name}. To make it one that is recorded, delete "
            f"the line 'script:' in {arguments.scenarios_root / suite.name}/suite.yaml, "
            f"{wanted}, and record again."
        )
    if arguments.overwrite or arguments.update:
        return tuple(asked)
    fresh = [key for key in asked if not cassette_path(arguments.cassettes_root, key).exists()]
    if len(fresh) < len(asked):
        kept = len(asked) - len(fresh)
        rest = "has a cassette and is" if kept == 1 else "have a cassette and are"
        click.echo(f"{counted(kept, 'sample')} {rest} skipped.")
    return tuple(fresh)


@contextmanager
def _provider(
    suites: Sequence[Suite], arguments: RecordArguments
) -> Iterator[dict[str, EndpointSpec]]:
    if arguments.scripted:
        with serving_scripted(suites, seed=arguments.seed) as endpoints:
            yield endpoints
        return
    # Served by `harness provider serve`: say so, or its words would pass for a model's.
    scripted = scripted_urls(suites, arguments.base_url)
    live = [suite for suite in suites if suite.name not in scripted]
    asked = require_live(live, arguments) if live else {}
    yield asked | {name: scripted_endpoint(url) for name, url in scripted.items()}


def require_live(suites: Sequence[Suite], arguments: RecordArguments) -> dict[str, EndpointSpec]:
    """The endpoints of real providers.

    Raises:
        EnvironmentFault: Naming at once all that is missing to ask them.
    """
    faults = []
    try:
        refuse_unsafe(suites, arguments.sandbox, allow_unsafe=arguments.allow_unsafe)
    except EnvironmentFault as fault:
        faults.append(str(fault))
    try:
        endpoints = live_endpoints(
            suites, base_url=arguments.base_url, key_variable=arguments.api_key_env
        )
    except EnvironmentFault as fault:
        faults.append(str(fault))
    if faults:
        raise EnvironmentFault("\n".join(faults))
    return endpoints
