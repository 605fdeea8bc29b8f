"""Conversations under pytest: scenario files as tests, and AutoGen chats in your own tests.

Three ways in. Scenario files are collected as they are, one test per sample::

    pytest scenarios/

A test may run samples itself, and look at them::

    @pytest.mark.scenario("sales_report/widgets", config="careful-t0.2", epochs=2)
    def test_the_report_is_written(sample, transcript):
        assert transcript.turns <= 8

Or your own code runs unchanged, and whatever AutoGen chats it holds are recorded once
(``--harness-mode=record``) and replayed from then on, offline and free::

    def test_my_team(conversation):
        with conversation.record("haiku") as chat:
            my_team.run()
        assert chat.termination == "termination_message"

This file holds the hooks and nothing else: the rest of the package, and of harness, is
imported when the first test that needs it is met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from harness.model.sample import SampleResult
    from harness.model.transcript import Transcript
    from harness.pytest_plugin.conversations import Conversations

MODES = ("replay", "record", "update", "live", "mock")
MARKER = "scenario"

# Name, whether it is a switch, default, help. Each is also an ini setting: harness_mode, ...
_OPTIONS: tuple[tuple[str, bool, str, str], ...] = (
    ("mode", False, "replay", "How models are asked: replay (default), record, update, live, mock"),
    ("report", False, "", "Write the HTML report of all conversations here"),
    ("max-cost", False, "", "Most US dollars that all recordings together may cost"),
    ("strict", True, "", "Fail for cassettes that are stale, unplayed or orphaned"),
    ("allow-low-scores", True, "", "Scenario files: pass what completes, however low it scores"),
    ("update-snapshots", True, "", "Write the snapshots of trajectories anew"),
    ("cassettes", False, "cassettes", "Folder of the cassettes (default: cassettes)"),
    ("scenarios", False, "scenarios", "Folder of the suites that markers name"),
    ("overwrite", True, "", "With mode record: record anew what has a cassette"),
    ("scripted", True, "", "Record scenarios from their own scripted provider"),
    ("sandbox", False, "", "Sandbox for the agents' code (default: as scenarios ask, else auto)"),
    ("allow-unsafe", True, "", "Run a live model's code although the sandbox does not isolate it"),
    ("runs-folder", False, ".harness/runs", "Folder of the run logs, for harness show"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, each with its twin in the ini file."""
    group = parser.getgroup("harness", "conversations of agents (harness)")
    for name, is_switch, default, text in _OPTIONS:
        variable = f"harness_{name.replace('-', '_')}"
        if is_switch:
            group.addoption(f"--harness-{name}", action="store_true", dest=variable, help=text)
            parser.addini(variable, text, type="bool", default=False)
        else:
            choices = MODES if name == "mode" else None
            group.addoption(f"--harness-{name}", dest=variable, choices=choices, help=text)
            parser.addini(variable, text, default=default)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker; refuse a mode that is none, or that costs money unasked."""
    config.addinivalue_line(
        "markers",
        "scenario(name, config=None, epochs=None): run a scenario of a suite, 'suite' or "
        "'suite/scenario'; the test gets the fixtures sample and transcript",
    )
    config.pluginmanager.register(_Relay(config), "harness-relay")
    if config.getoption("harness_update_snapshots") or config.getini("harness_update_snapshots"):
        from harness.pytest_plugin.settings import update_snapshots

        update_snapshots(config)
    if config.getoption("harness_mode") is None and config.getini("harness_mode") != "replay":
        from harness.pytest_plugin.settings import check_ini_mode

        check_ini_mode(config)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Refuse an unknown sandbox, and to run live code where nothing isolates it."""
    config = session.config
    if config.getoption("harness_sandbox") or config.getini("harness_sandbox"):
        from harness.pytest_plugin.settings import check_sandbox

        check_sandbox(config)
    if config.getoption("harness_mode") in ("record", "update", "live"):
        from harness.pytest_plugin.settings import check_live

        check_live(config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the scenario files of suites."""
    if file_path.name not in ("scenario.yaml", "suite.yaml"):
        return None
    from harness.pytest_plugin.scenarios import collected

    return collected(file_path, parent)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test per sample of those that a marker names."""
    if "_harness_key" in metafunc.fixturenames:
        from harness.pytest_plugin.marked import parametrize

        parametrize(metafunc)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Remember which tests there are, before any are deselected, to tell orphaned cassettes."""
    if any(_is_ours(item) for item in items):
        from harness.pytest_plugin.state import state_of

        state_of(config).note_collected(items)


def _is_ours(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    return "conversation" in names or "_harness_key" in names or hasattr(item, "harness_key")


@pytest.fixture
def conversation(request: pytest.FixtureRequest) -> Iterator[Conversations]:
    """Record or replay the AutoGen chats of your own code: ``conversation.record(name)``."""
    from harness.pytest_plugin.conversations import opened

    with opened(request) as conversations:
        yield conversations


@pytest.fixture
def _harness_key(request: pytest.FixtureRequest) -> Any:
    return getattr(request, "param", None)


@pytest.fixture
def sample(request: pytest.FixtureRequest, _harness_key: Any) -> SampleResult:
    """The sample of a test marked with ``scenario``: transcript, scores, artefacts, status."""
    from harness.pytest_plugin.marked import run_marked

    return run_marked(request, _harness_key)


@pytest.fixture
def transcript(sample: SampleResult) -> Transcript:
    """The transcript of the sample of a test marked with ``scenario``."""
    return sample.transcript


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail the test whose sample did not complete, or whose agents swallowed a miss."""
    __tracebackhide__ = True  # A failure of a test is the test's alone.
    if not _is_ours(item):
        return (yield)
    from harness.pytest_plugin.verdicts import require_completed, require_no_late_miss

    require_completed(item)
    outcome = yield
    require_no_late_miss(item)
    return outcome


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hand the conversations of a test, and what to show of them, to whoever reports."""
    if not _is_ours(item):
        error = call.excinfo.value if call.excinfo else None
        if not hasattr(error, "harness_view"):
            return (yield)
    from harness.pytest_plugin.reporting import completed_report, prepare

    prepare(item, call)
    report = yield
    return completed_report(item, call, report)


def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> list[str] | None:
    """Explain a failed comparison of a transcript's facts by its conversation."""
    import sys

    if "harness.model.transcript" not in sys.modules:
        return None
    from harness.pytest_plugin.introspection import explained

    return explained(config, op, left, right)


class _Relay:
    """Takes what tests report about their conversations, from xdist's workers, too."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Show conversations as such, and keep them for the end of the session."""
        if hasattr(self._config, "workerinput"):
            return  # The controller does it.
        if hasattr(report, "harness_samples"):
            from harness.pytest_plugin.state import state_of

            state_of(self._config).keep(report.harness_samples)
        if hasattr(report, "harness_view"):
            from harness.pytest_plugin.reporting import show
            from harness.pytest_plugin.state import state_of

            show(report, state_of(self._config))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give a worker of xdist the file in which all workers count what they spend."""
        if self._config.getoption("harness_max_cost") or self._config.getini("harness_max_cost"):
            from harness.pytest_plugin.state import state_of

            budget = state_of(self._config).budget()
            if budget:
                node.workerinput["harness_budget"] = budget[0]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Learn from a worker of xdist which tests there are."""
        told = getattr(node, "workeroutput", {}).get("harness_tests")
        if told:
            from harness.pytest_plugin.state import state_of

            state_of(self._config).note_tests(told)
