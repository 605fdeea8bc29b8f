"""The options of the plugin, from the command line or else the ini file."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from harness.errors import HarnessError
from harness.pytest_plugin import MODES
from harness.pytest_plugin.words import in_pytests_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.sample import Mode
    from harness.model.scenario import Suite

PluginMode = Literal["replay", "record", "update", "live", "mock"]
LIVE = ("record", "update", "live")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the options say; paths are absolute.

    Attributes:
        mode: How models are asked.
        report: Where the HTML report goes; None for none.
        max_cost_usd: Most US dollars of all recordings; None for no limit.
        is_strict: Whether stale, unplayed and orphaned cassettes fail the session.
        allows_low_scores: Whether a collected sample that completes passes whatever its scores.
        updates_snapshots: Whether snapshots are written anew.
        cassettes_root: Folder of the cassettes.
        scenarios_root: Folder of the suites that markers name.
        overwrite: Whether mode record replaces cassettes.
        is_scripted: Whether scenarios are recorded from their scripted provider.
        sandbox: Entry-point name of the sandbox, or "auto"; None for what each scenario asks
            for, and for the strongest that works here where there is no scenario.
        allows_unsafe: Whether a live model's code may run unisolated.
        runs_folder: Folder of the run logs.
    """

    mode: PluginMode
    report: Path | None
    max_cost_usd: float | None
    is_strict: bool
    allows_low_scores: bool
    updates_snapshots: bool
    cassettes_root: Path
    scenarios_root: Path
    overwrite: bool
    is_scripted: bool
    sandbox: str | None
    allows_unsafe: bool
    runs_folder: Path

    @property
    def is_live(self) -> bool:
        """Whether a provider may be asked."""
        return self.mode in LIVE

    def mode_of(self, cassette: Path) -> Mode:
        """How one sample's models are asked: mode record leaves what is recorded alone."""
        if self.mode == "update":
            return "record"
        if self.mode == "record" and cassette.exists() and not self.overwrite:
            return "replay"
        return self.mode


def read_settings(config: pytest.Config) -> Settings:
    """The settings of a session.

    Raises:
        pytest.UsageError: If a value is none.
    """
    report = _value(config, "report")
    return Settings(
        mode=_value(config, "mode"),
        report=Path(report).absolute() if report else None,
        max_cost_usd=_dollars(_value(config, "max_cost")),
        is_strict=_value(config, "strict"),
        allows_low_scores=_value(config, "allow_low_scores"),
        updates_snapshots=_value(config, "update_snapshots"),
        cassettes_root=config.rootpath / _value(config, "cassettes"),
        scenarios_root=config.rootpath / _value(config, "scenarios"),
        overwrite=_value(config, "overwrite"),
        is_scripted=_value(config, "scripted"),
        sandbox=_value(config, "sandbox") or None,
        allows_unsafe=_value(config, "allow_unsafe"),
        runs_folder=config.rootpath / _value(config, "runs_folder"),
    )


def _value(config: pytest.Config, name: str) -> Any:
    given = config.getoption(f"harness_{name}")
    return given if given else config.getini(f"harness_{name}")


def _dollars(text: str) -> float | None:
    if not text:
        return None
    try:
        amount = float(text)
    except ValueError:
        amount = 0.0
    if not amount > 0:
        raise pytest.UsageError(
            f"--harness-max-cost {text!r} is no sum of US dollars above 0; write for example "
            "--harness-max-cost=2.50"
        )
    return amount


def check_ini_mode(config: pytest.Config) -> None:
    """Refuse a mode in the ini file that is none, or that would ask a provider in CI.

    Raises:
        pytest.UsageError: Saying what to write instead.
    """
    mode = config.getini("harness_mode")
    if mode not in MODES:
        near = difflib.get_close_matches(mode, MODES, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise pytest.UsageError(
            f"{config.inipath}: harness_mode: unknown mode {mode!r}; valid choices: "
            f"{', '.join(MODES)}.{hint}"
        )
    if mode in LIVE:
        if os.environ.get("CI", "").lower() not in ("", "0", "false"):
            raise pytest.UsageError(
                f"{config.inipath}: harness_mode = {mode} asks a provider and costs money, which "
                "in CI (the variable CI is set) it does only when told on the command line: "
                f"--harness-mode={mode}. To stay offline: --harness-mode=replay"
            )
        check_live(config)


def check_sandbox(config: pytest.Config) -> None:
    """Refuse a sandbox that there is not, or that does not work here.

    Raises:
        pytest.UsageError: Naming the valid choices.
    """
    from harness.runner.sandboxes import resolved_sandbox

    name = _value(config, "sandbox")
    try:
        resolved_sandbox(name)
    except HarnessError as error:
        is_option = bool(config.getoption("harness_sandbox"))
        place = "--harness-sandbox" if is_option else f"{config.inipath}: harness_sandbox"
        text = in_pytests_words(str(error)).replace("choices: ", "choices: auto, ")
        raise pytest.UsageError(f"{place}: {text}") from None


def check_live(config: pytest.Config) -> None:
    """Refuse to run a live model's code where nothing isolates it.

    Raises:
        pytest.UsageError: Unless the sandbox isolates or the user allowed it.
    """
    settings = read_settings(config)
    if settings.is_scripted:
        return  # Scenarios ask nobody live then; conversations are checked one by one.
    try:
        require_safe(settings)
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from None


def require_safe(settings: Settings, suites: Sequence[Suite] = ()) -> None:
    """Refuse to run a live model's code where nothing isolates it.

    Args:
        settings: The session's.
        suites: Whose code is to run; none of them for conversations of tests of one's own.

    Raises:
        EnvironmentFault: Unless the sandbox isolates or the user allowed it.
    """
    from harness.errors import EnvironmentFault
    from harness.runner.sandboxes import refuse_unsafe

    try:
        refuse_unsafe(suites, settings.sandbox, allow_unsafe=settings.allows_unsafe)
    except EnvironmentFault as error:
        raise EnvironmentFault(in_pytests_words(str(error))) from None


def update_snapshots(config: pytest.Config) -> None:
    """Have snapshots written for the rest of the session, by this process and its children."""
    from harness.expectations.snapshots import UPDATE_VARIABLE

    before = os.environ.get(UPDATE_VARIABLE)
    os.environ[UPDATE_VARIABLE] = "1"

    def restore() -> None:
        if before is None:
            os.environ.pop(UPDATE_VARIABLE, None)
        else:
            os.environ[UPDATE_VARIABLE] = before

    config.add_cleanup(restore)
