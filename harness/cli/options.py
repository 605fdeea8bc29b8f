"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from harness.runner.selection import Selection

F = TypeVar("F", bound=Callable[..., Any])

RUNS_FOLDER = Path(".harness/runs")
REPORTS_FOLDER = Path("reports")


def roots(function: F) -> F:
    """Add --scenarios and --cassettes."""
    return scenarios(cassettes(function))


def root_words(scenarios_root: Path, cassettes_root: Path) -> tuple[str, ...]:
    """The options of `roots` as words of a command to advise, where they are not the usual ones."""
    given = ("--scenarios", scenarios_root), ("--cassettes", cassettes_root)
    return tuple(
        word
        for name, path in given
        if str(path) != name.removeprefix("--")
        for word in (name, str(path))
    )


def cassettes(function: F) -> F:
    """Add --cassettes."""
    return click.option(
        "--cassettes",
        "cassettes_root",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("cassettes"),
        show_default=True,
        help="Folder of the cassettes.",
    )(function)


def scenarios(function: F) -> F:
    """Add --scenarios."""
    return click.option(
        "--scenarios",
        "scenarios_root",
        type=click.Path(path_type=Path),
        default=Path("scenarios"),
        show_default=True,
        help="Folder of the suites.",
    )(function)


def _no_epochs(_: click.Context, __: click.Parameter, value: str | None) -> None:
    if value is not None:
        raise click.UsageError(
            "There is no option --epochs: suite.yaml says how many epochs there are (epochs: 5). "
            "To run only some of them, give each: --epoch 1 --epoch 2"
        )


def selection(function: F) -> F:
    """Add SUITE arguments, -k, -c and -e."""
    # A guess that is near, whose nearest real name means something else.
    function = click.option(
        "--epochs", "_epochs", hidden=True, expose_value=False, callback=_no_epochs
    )(function)
    function = click.argument("suites", nargs=-1, metavar="[SUITE]...")(function)
    function = click.option(
        "-e",
        "--epoch",
        "epochs",
        type=click.IntRange(min=1),
        multiple=True,
        help="Only this epoch; may be given several times.",
    )(function)
    function = click.option(
        "-c", "--config", "configs", multiple=True, metavar="NAME", help="Only this config."
    )(function)
    return click.option(
        "-k",
        "keyword",
        default="",
        metavar="EXPRESSION",
        help="Only samples whose suite/scenario/config/epoch fits, e.g. 'widgets and not brief'.",
    )(function)


def run_folder(function: F) -> F:
    """Add --runs-folder."""
    return click.option(
        "--runs-folder",
        type=click.Path(path_type=Path, file_okay=False),
        default=RUNS_FOLDER,
        show_default=True,
        help="Folder of the run logs.",
    )(function)


def execution(function: F) -> F:
    """Add --workers and --sandbox."""
    function = click.option(
        "-n",
        "--workers",
        type=click.IntRange(min=1),
        default=None,
        help="Worker processes; default: the cores this process may use.",
    )(function)
    return click.option(
        "--sandbox",
        default=None,
        metavar="auto|bubblewrap|process|docker|none",
        help="What runs the agents' code; default: what the suite asks for, which is auto, the "
        "strongest that works here, unless it says otherwise. See: harness doctor",
    )(function)


@dataclass(frozen=True, kw_only=True)
class SampleArguments:
    """The options that ``run`` and ``record`` share, one field each."""

    suites: tuple[str, ...]
    keyword: str
    configs: tuple[str, ...]
    epochs: tuple[int, ...]
    scenarios_root: Path
    cassettes_root: Path
    runs_folder: Path
    workers: int | None
    sandbox: str | None
    allow_unsafe: bool
    report: Path | None
    no_report: bool

    @property
    def selection(self) -> Selection:
        """What of the loaded suites is selected."""
        from harness.runner.selection import Selection

        return Selection(keyword=self.keyword, configs=self.configs, epochs=self.epochs)

    @property
    def words(self) -> tuple[str, ...]:
        """What selects the samples, where and how, as words of a command to advise."""
        narrowed = [
            *(("-k", self.keyword) if self.keyword.strip() else ()),
            *(word for name in self.configs for word in ("-c", name)),
            *(word for number in self.epochs for word in ("-e", str(number))),
            *(("--sandbox", self.sandbox) if self.sandbox else ()),
        ]
        return (*narrowed, *root_words(self.scenarios_root, self.cassettes_root))

    @property
    def worker_count(self) -> int:
        """How many workers to start."""
        return self.workers or core_count()


def core_count() -> int:
    """Cores this process may use."""
    import os

    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
