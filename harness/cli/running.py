"""What ``harness run`` does once its arguments are parsed."""

from __future__ import annotations

import os
import shlex
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import options
from harness.cli.session import Outputs, finish, go_on, start
from harness.errors import SelectionError
from harness.reports.text import counted
from harness.runner.batch import RunConfig
from harness.runner.endpoints import base_url_of, key_variable_of, live_endpoints
from harness.runner.header import load_all, new_header
from harness.runner.neighbours import recording_flags
from harness.runner.plan import Catalogue, describe_suites, make_plan, require_unchanged
from harness.runner.redact import redacted
from harness.runner.sandboxes import refuse_unsafe, sandbox_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.sample import Mode, SampleKey
    from harness.model.scenario import Suite


@dataclass(frozen=True, kw_only=True)
class RunArguments(options.SampleArguments):
    """The command line of ``harness run``, one field per option."""

    resume: str | None
    live: bool
    junit: Path | None
    results: Path | None


def run(arguments: RunArguments) -> int:
    """Run or resume; returns the exit code."""
    if arguments.resume is not None:
        return _resume(arguments)
    suites = load_all(arguments.scenarios_root, arguments.suites)
    plan = make_plan(suites, arguments.selection)
    mode = _mode(plan, suites, live=arguments.live)
    config = _run_config(arguments, suites, mode, arguments.cassettes_root)
    if mode == "replay":
        _require_some_cassette(plan, suites, config, arguments.words)
    header = new_header(plan, suites, config, arguments.scenarios_root)
    return start(header, suites, config, _outputs(arguments))


def _mode(plan: tuple[SampleKey, ...], suites: list[Suite], *, live: bool) -> Mode:
    catalogue = Catalogue(suites)
    if all(catalogue.scenario(key).is_scripted for key in plan):
        return "mock"
    return "live" if live else "replay"


def _outputs(arguments: RunArguments) -> Outputs:
    return Outputs(
        runs_folder=arguments.runs_folder,
        report=arguments.report,
        junit=arguments.junit,
        results=arguments.results,
        no_report=arguments.no_report,
    )


def _run_config(
    arguments: RunArguments, suites: list[Suite], mode: Mode, cassettes_root: Path
) -> RunConfig:
    endpoints = {}
    if mode == "live":
        refuse_unsafe(suites, arguments.sandbox, allow_unsafe=arguments.allow_unsafe)
        endpoints = live_endpoints(suites)
    return RunConfig(
        mode=mode,
        workers=arguments.worker_count,
        cassettes_root=cassettes_root,
        endpoints=endpoints,
        sandbox=arguments.sandbox,
    )


def _require_some_cassette(
    plan: tuple[SampleKey, ...], suites: list[Suite], config: RunConfig, words: tuple[str, ...]
) -> None:
    from harness.cassettes import cassette_path

    catalogue = Catalogue(suites)
    replayed = [key for key in plan if not catalogue.scenario(key).is_scripted]
    if replayed and not any(cassette_path(config.cassettes_root, k).exists() for k in replayed):
        raise SelectionError(
            f"None of the {counted(len(replayed), 'sample')} has a cassette in "
            f"{config.cassettes_root}; the first is "
            f"{cassette_path(config.cassettes_root, replayed[0])}. Record them with: "
            f"{'; and '.join(_recordings(replayed, catalogue, config, words))}"
        )


def _recordings(
    keys: Sequence[SampleKey], catalogue: Catalogue, config: RunConfig, words: tuple[str, ...]
) -> list[str]:
    """The commands that record suites none of whose samples is recorded: one, if one can."""
    alike: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for key in {key.suite: key for key in reversed(keys)}.values():
        suite = catalogue.suite(key)
        flags = recording_flags(
            config.cassettes_root / f"{key}.jsonl",
            has_script=catalogue.scenario(key).provider is not None,
            base_url=base_url_of(suite),
            label=sandbox_labels([suite], config.sandbox),
        )
        variable = "" if "--scripted" in flags else key_variable_of(suite)
        has_key = bool(os.environ.get(variable, "").strip())
        alike["" if has_key or not variable else f"{variable}=... ", flags].append(key.suite)
    return [
        prefix + shlex.join(["harness", "record", *sorted(names), *flags, *words])
        for (prefix, flags), names in alike.items()
    ]


def _resume(arguments: RunArguments) -> int:
    from harness.logs import find_log, read_log

    path = find_log(arguments.runs_folder, arguments.resume or "latest")
    log = read_log(path)
    header = log.header
    if not log.missing:
        click.echo(f"Run {header.run_id} is complete: {len(log.samples)} samples.")
        return finish(log, _outputs(arguments))
    if header.mode == "record":
        raise SelectionError(
            f"Run {header.run_id} is a recording. Go on by giving the same harness record command "
            "again: samples that have a cassette are skipped."
        )
    suites = load_all(Path(header.scenarios_root), [suite.name for suite in header.suites])
    # Redacted like the header's own, or a secret in a prompt would count as a change.
    now = tuple(redacted(suite) for suite in describe_suites(suites, header.plan))
    require_unchanged(header.suites, now)
    config = _run_config(arguments, suites, header.mode, Path(header.cassettes_root))
    click.echo(
        f"Resuming run {header.run_id}: {len(log.samples)} of {len(header.plan)} samples are "
        f"kept, {len(log.missing)} to run."
    )
    return go_on(path, log.missing, suites, config, _outputs(arguments))
