"""What the plugin knows of a session: settings, suites, workers, tests and their conversations."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.model.sample import decode_sample
from harness.pytest_plugin.samples import SampleRunner
from harness.pytest_plugin.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.model.sample import SampleKey, SampleResult
    from harness.model.scenario import Suite
    from harness.protocols import Sandbox
    from harness.runner.conversation import Conversation

_STATE = pytest.StashKey["State"]()
_CAPTURED = pytest.StashKey["Captured"]()


@dataclass
class Captured:
    """The conversations of one test.

    Attributes:
        results: Of those that are over, secrets removed.
        conversations: Of the user's own code, over or not.
        shown: The live result objects the test was given, to find a transcript's key by.
    """

    results: list[SampleResult] = field(default_factory=list)
    conversations: list[Conversation] = field(default_factory=list)
    shown: list[SampleResult] = field(default_factory=list)


class State:
    """One session; kept in the stash of its config."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.settings: Settings = read_settings(config)
        self.suites: dict[Path, Suite] = {}
        self.tests: set[str] = set()
        self.results: dict[SampleKey, SampleResult] = {}
        self.opened = ExitStack()
        self.runner = SampleRunner(self)

    def suite(self, folder: Path) -> Suite:
        """The suite in a folder, loaded once.

        Raises:
            SuiteError: With every mistake in it.
        """
        from harness.suites import load_suite

        if folder not in self.suites:
            self.suites[folder] = load_suite(folder)
        return self.suites[folder]

    def note_collected(self, items: Iterable[pytest.Item]) -> None:
        """Remember the tests there are."""
        self.note_tests([item.nodeid for item in items])

    def note_tests(self, nodeids: Iterable[str]) -> None:
        """Remember tests by their ids."""
        self.tests.update(nodeids)

    def keep(self, encoded: Iterable[str]) -> None:
        """Keep the samples of a test; of one that was repeated, the newest."""
        for each in encoded:
            result = decode_sample(each.encode())
            self.results[result.key] = result

    def budget(self) -> tuple[str, float] | None:
        """File and US dollars of what all recordings may cost; one file for all processes."""
        if self.settings.max_cost_usd is None:
            return None
        given = getattr(self.config, "workerinput", {}).get("harness_budget")
        return given or str(self._own_folder / "budget"), self.settings.max_cost_usd

    @cached_property
    def run_id(self) -> str:
        """Id of the run that the session's log will hold, known before there is a log."""
        from harness.runner.header import new_run_id

        return new_run_id()

    @cached_property
    def own_sandbox(self) -> Sandbox:
        """The sandbox of conversations of the tests' own; what it started ends with the session.

        Raises:
            EnvironmentFault: If it does not work on this machine.
        """
        from harness.runner.sandboxes import own_sandbox

        return self.opened.enter_context(closing(own_sandbox(self.settings.sandbox)))

    @cached_property
    def _own_folder(self) -> Path:
        """A folder that is removed when the session ends."""
        return Path(
            self.opened.enter_context(tempfile.TemporaryDirectory(prefix="harness-pytest-"))
        )


def state_of(config: pytest.Config) -> State:
    """The state of a session, made when first asked for."""
    state = config.stash.get(_STATE, None)
    if state is None:
        from harness.pytest_plugin.ending import Ending

        state = State(config)
        config.stash[_STATE] = state
        config.pluginmanager.register(Ending(state), "harness-ending")
    return state


def captured_of(item: pytest.Item) -> Captured:
    """The conversations of a test."""
    return item.stash.setdefault(_CAPTURED, Captured())
