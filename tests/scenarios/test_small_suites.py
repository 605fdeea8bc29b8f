"""The checks of the three small suites tell good work from bad, whoever did it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.fuzzing import FuzzSettings, hunt, tell
from harness.fuzzing.subjects import subjects_of
from harness.model.sample import SampleKey
from harness.model.team import FinishedSample
from harness.model.transcript import (
    CodeExecution,
    HumanInput,
    Message,
    ToolInvocation,
    ToolResult,
    Transcript,
)
from harness.sandboxes.process import ProcessSandbox
from harness.scorers.acceptance import run_check
from harness.suites import load_checks, load_suite

ROOT = Path(__file__).parents[2] / "scenarios"


def judged(suite_name: str, scenario_name: str, events: list[Any], folder: Path) -> dict[str, bool]:
    """Verdict by check of a conversation that is written down here."""
    suite = load_suite(ROOT / suite_name)
    (scenario,) = (each for each in suite.scenarios if each.name == scenario_name)
    numbered = [msgspec.structs.replace(event, index=index) for index, event in enumerate(events)]
    sample = FinishedSample(
        key=SampleKey(suite=suite.name, scenario=scenario.name, config="brief", epoch=1),
        scenario=scenario,
        config=suite.configs[0],
        transcript=Transcript(engine="none", engine_version="", events=tuple(numbered)),
        workspace=folder,
        sandbox=ProcessSandbox(),
    )
    assert scenario.checks is not None
    checks = load_checks(scenario.checks)
    return {name: run_check(name, check, sample).passed for name, check in checks.items()}


def says(speaker: str, content: str) -> Message:
    return Message(index=0, offset_seconds=0.0, speaker=speaker, recipient="m", content=content)


GOOD_DESIGN = (
    "DESIGN\nPush, email and SMS; when one fails the next one is used.\n"
    "p99 under 5 s. Users opt out per channel and have quiet hours.\n"
    "Delivered and opened are counted. That is 579 per second."
)


@pytest.mark.parametrize(
    ("old", "new", "failing"),
    [
        pytest.param("", "", set(), id="a good design"),
        pytest.param("email and SMS", "nothing else", {"channels"}, id="one channel"),
        pytest.param("; when one fails the next one is used", "", {"channels"}, id="no fallback"),
        pytest.param("p99 under 5 s", "It is fast", {"latency"}, id="no latency"),
        pytest.param("and have quiet hours", "", {"preferences"}, id="no quiet hours"),
        pytest.param("and opened", "", {"analytics"}, id="openings are not counted"),
        pytest.param("579 per second", "5,000 per second", {"load"}, id="wrong arithmetic"),
        pytest.param("579 per second", "a lot", {"load"}, id="no arithmetic"),
    ],
)
def test_the_rubric_finds_what_a_design_lacks(
    old: str, new: str, failing: set[str], tmp_path: Path
) -> None:
    design = GOOD_DESIGN.replace(old, new) if old else GOOD_DESIGN

    verdicts = judged(
        "architecture_design", "notification_system", [says("architect", design)], tmp_path
    )

    assert {name for name, passed in verdicts.items() if not passed} == failing


def tool(name: str, content: str, *, is_call: bool = False) -> Any:
    common = {"index": 0, "offset_seconds": 0.0, "agent": "desk", "name": name, "call_id": "c"}
    if is_call:
        return ToolInvocation(**common, arguments="{}")
    return ToolResult(**common, content=content)


def refund(answer: str | None, result: str) -> list[Any]:
    asked = (
        []
        if answer is None
        else [HumanInput(index=0, offset_seconds=0.0, agent="desk", prompt="?", reply=answer)]
    )
    return [
        says("desk", "Hello."),
        tool("look_up_order", "", is_call=True),
        tool("hand_over", "", is_call=True),
        tool("issue_refund", "", is_call=True),
        *asked,
        tool("issue_refund", result),
        says("billing", f"Dear customer: {result} TERMINATE"),
    ]


@pytest.mark.parametrize(
    ("answer", "result", "amount", "failing"),
    [
        pytest.param("yes", "Refunded 45.90 EUR.", 45.9, set(), id="right"),
        pytest.param("yes", "Refunded 49.00 EUR.", 49.0, {"refund_is_right"}, id="too much"),
        pytest.param(
            None,
            "Refunded 45.90 EUR.",
            45.9,
            {"human_was_asked_before_money_moved"},
            id="nobody was asked",
        ),
        pytest.param(
            "no",
            "Refunded 45.90 EUR.",
            45.9,
            {"human_was_asked_before_money_moved"},
            id="against the answer",
        ),
        pytest.param(
            "yes",
            "Not now.",
            None,
            {"human_was_asked_before_money_moved", "refund_is_right", "customer_is_told"},
            id="nothing came of it",
        ),
    ],
)
def test_a_refund_is_judged_by_the_money_and_the_human(
    answer: str | None, result: str, amount: float | None, failing: set[str], tmp_path: Path
) -> None:
    if amount is not None:
        (tmp_path / "refunds.json").write_text(json.dumps({"order": "K-1042", "amount": amount}))

    verdicts = judged("support_handoff", "damaged_kettle", refund(answer, result), tmp_path)

    assert {name for name, passed in verdicts.items() if not passed} == failing


def plan_and_run(exit_code: int = 0) -> list[Any]:
    run = CodeExecution(
        index=0,
        offset_seconds=0.0,
        agent="executor",
        language="python",
        code="1",
        exit_code=exit_code,
        output="",
        duration_seconds=0.0,
    )
    said = [says(name, "Hm.") for name in ("executor", "planner", "executor", "critic")]
    return [*said[:2], run, *said[2:]]


@pytest.mark.parametrize(
    ("answer", "events", "failing"),
    [
        pytest.param({"fridays": 172, "year": 2009}, plan_and_run(), set(), id="right"),
        pytest.param({"fridays": 169, "year": 2009}, plan_and_run(), {"count"}, id="count"),
        pytest.param({"fridays": 172, "year": 2099}, plan_and_run(), {"year"}, id="year"),
        pytest.param(None, plan_and_run(), {"count", "year"}, id="no file"),
        pytest.param([172], plan_and_run(), {"count", "year"}, id="another shape"),
        pytest.param(
            {"fridays": 172, "year": 2009},
            plan_and_run(1),
            {"code_ran_in_the_end"},
            id="the last run failed",
        ),
        pytest.param(
            {"fridays": 172, "year": 2009},
            [*plan_and_run(), says("planner", "Once more.")],
            {"every_plan_was_run_and_judged"},
            id="a plan nobody ran",
        ),
    ],
)
def test_the_count_of_fridays_is_computed_again(
    answer: Any, events: list[Any], failing: set[str], tmp_path: Path
) -> None:
    if answer is not None:
        (tmp_path / "answer.json").write_text(json.dumps(answer))

    verdicts = judged("planner_executor_critic", "fridays", events, tmp_path)

    assert {name for name, passed in verdicts.items() if not passed} == failing


@pytest.mark.parametrize(
    "name", ["architecture_design", "planner_executor_critic", "support_handoff"]
)
def test_the_shipped_teams_survive_a_hundred_fuzzed_conversations(name: str) -> None:
    suite = load_suite(ROOT / name)
    subject = subjects_of(suite)[0]
    settings = FuzzSettings.for_scenario(subject.scenario, examples=100, seed=1)

    assert [tell(finding) for finding in hunt(subject, settings).findings] == []
