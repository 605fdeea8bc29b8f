"""The end of a session: its log, its report, its summary, and the state of its cassettes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from harness.errors import HarnessError
from harness.model.sample import TESTS
from harness.pytest_plugin.upkeep import Upkeep, upkeep_of
from harness.runner.conversation import suite_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.model.run import RunLog
    from harness.model.sample import SampleResult
    from harness.model.scenario import Suite
    from harness.pytest_plugin.state import State


class Ending:
    """Tells at the end what the tests came to; in xdist's workers it only cleans up.

    Args:
        state: The session.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._faults: list[str] = []

    @property
    def _is_worker(self) -> bool:
        return hasattr(self._state.config, "workerinput")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write log and report; with --harness-strict, fail for cassettes out of order."""
        if self._is_worker:
            vars(self._state.config)["workeroutput"]["harness_tests"] = sorted(self._state.tests)
            return
        if self._state.results:
            try:
                self._write()
            except HarnessError as error:
                self._faults.append(str(error))
                session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR
        is_good = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if self._state.settings.is_strict and self._upkeep.is_wanting and is_good:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_unconfigure(self) -> None:
        """End the workers and remove what they wrote."""
        self._state.opened.close()

    @cached_property
    def _upkeep(self) -> Upkeep:
        return upkeep_of(self._state, list(self._state.results.values()))

    def _write(self) -> None:
        from harness.comparison import compare_configs
        from harness.logs import create_log
        from harness.reports.files import write_report

        log = self._log()
        store = create_log(self._state.settings.runs_folder, log.header)
        try:
            for result in log.samples:
                store.append(result)
        finally:
            store.close()
        if self._state.settings.report is not None:
            write_report("html", self._state.settings.report, log, compare_configs(log))

    def _log(self) -> RunLog:
        from harness.model.run import RunLog
        from harness.runner.batch import RunConfig
        from harness.runner.header import new_header

        settings = self._state.settings
        results = sorted(self._state.results.values(), key=lambda result: result.key)
        config = RunConfig(
            mode="record" if settings.mode == "update" else settings.mode,
            cassettes_root=settings.cassettes_root,
            sandbox=settings.sandbox,
        )
        header = new_header(
            [result.key for result in results],
            [*self._suites(results), *self._own(results)],
            config,
            settings.scenarios_root,
            program="pytest",
            run_id=self._state.run_id,
        )
        return RunLog(header=header, samples=tuple(results))

    def _suites(self, results: Iterable[SampleResult]) -> Iterable[Suite]:
        names = {result.key.suite for result in results} - {TESTS}
        loaded = {suite.name: suite for suite in self._state.suites.values()}
        for name in sorted(names):
            if name not in loaded:  # Only xdist's workers have met it.
                from harness.suites import find_suites, load_suite

                root = self._state.settings.scenarios_root
                loaded[name] = load_suite(
                    next(folder for folder in find_suites(root) if folder.name == name)
                )
            yield loaded[name]

    def _own(self, results: Iterable[SampleResult]) -> Iterable[Suite]:
        own = [result for result in results if result.key.suite == TESTS]
        if own:
            title = "Conversations of your own tests"
            yield suite_of(own, title=title, folder=self._state.config.rootpath)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was played and saved, and which cassettes want looking after."""
        upkeep = self._upkeep
        if not self._state.results and not upkeep.is_wanting:
            return
        terminalreporter.section("harness")
        for fault in self._faults:
            terminalreporter.write_line(fault, red=True)
        terminalreporter.write_line(upkeep.headline)
        for line in upkeep.lines:
            terminalreporter.write_line(line, red=self._state.settings.is_strict)
        settings = self._state.settings
        if self._state.results and settings.report is not None and not self._faults:
            terminalreporter.write_line(f"Report: {settings.report}")
