"""What every registered reporter must do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from harness import plugins
from harness.comparison import compare_configs
from harness.model.run import RunLog

if TYPE_CHECKING:
    from harness.protocols import Reporter

MakeLog = Callable[[int], RunLog]

every_reporter = pytest.mark.parametrize("name", plugins.names("reporters"))
every_state = pytest.mark.parametrize("epochs", [0, 1, 2], ids=["empty", "partial", "complete"])


def made(name: str) -> Reporter:
    reporter: Reporter = plugins.load("reporters", name)()
    return reporter


def rendered(name: str, log: RunLog) -> str:
    return made(name).render(log, compare_configs(log))


@every_reporter
def test_a_reporter_bears_its_name_and_a_suffix(name: str) -> None:
    reporter = made(name)

    assert reporter.name == name
    assert reporter.suffix.startswith(".")
    assert reporter.suffix[1:].isalnum()


@every_state
@every_reporter
def test_a_report_is_text_that_can_be_written(name: str, epochs: int, make_log: MakeLog) -> None:
    report = rendered(name, make_log(epochs))

    assert report.strip()
    assert report.encode()


@every_state
@every_reporter
def test_the_same_log_gives_the_same_report(name: str, epochs: int, make_log: MakeLog) -> None:
    log = make_log(epochs)

    assert rendered(name, log) == rendered(name, log)


@every_reporter
def test_a_report_names_the_suite_its_configs_and_the_samples_that_failed(
    name: str, make_log: MakeLog
) -> None:
    report = rendered(name, make_log(2))

    for word in ("demo", "plain", "other", "first"):
        assert word in report.lower(), word


@every_state
@every_reporter
def test_a_report_is_what_its_suffix_says(name: str, epochs: int, make_log: MakeLog) -> None:
    report = rendered(name, make_log(epochs))

    suffix = made(name).suffix
    if suffix == ".json":
        json.loads(report)
    elif suffix == ".xml":
        ElementTree.fromstring(report)
    elif suffix == ".html":
        assert report.lstrip().lower().startswith("<!doctype html>")
    else:
        assert "\x00" not in report
