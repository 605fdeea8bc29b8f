"""The mistakes that tutorials spread are found, each as its shortest conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tutorial_teams import Build, code_after_review, group, subject, two_agents

from harness.fuzzing import FuzzSettings, Hunt, hunt, replay
from harness.fuzzing.story import messages_told
from harness.model.scenario import Limits

if TYPE_CHECKING:
    from harness.fuzzing import Finding

EXAMPLES = 100


def found_in(hunted: Hunt, invariant: str) -> Finding:
    by_name = {finding.violation.invariant: finding for finding in hunted.findings}
    assert invariant in by_name, f"only found {sorted(by_name)} in {hunted.conversations}"
    return by_name[invariant]


def crashes_on_null() -> Build:
    return two_agents(
        is_termination_msg=lambda m: "TERMINATE" in m.get("content", ""), has_tool=True
    )


def stops_when_quoted() -> Build:
    return two_agents(is_termination_msg=lambda m: "TERMINATE" in (m.get("content") or ""))


def runs_old_code() -> Build:
    return two_agents(code_execution_config={"use_docker": False, "last_n_messages": 3})


PLANTED = [
    pytest.param(crashes_on_null(), "no-exception", 2, "'NoneType'", id="null content"),
    pytest.param(stops_when_quoted(), "ends-when-meant", 2, "no end", id="quoted word"),
    pytest.param(group(), "hears-the-end", 3, "but it went on", id="deaf manager"),
    pytest.param(runs_old_code(), "code-runs-once", 4, "2 times although", id="old code"),
    pytest.param(runs_old_code(), "task-is-not-run", 2, 'print("mine")', id="code of the task"),
]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("build", "invariant", "messages", "reason"), PLANTED)
def test_a_tutorial_mistake_is_found_and_shrunk_to_a_few_messages(
    build: Build, invariant: str, messages: int, reason: str, seed: int
) -> None:
    hunted = hunt(subject(build), FuzzSettings(examples=EXAMPLES, seed=seed))

    finding = found_in(hunted, invariant)
    assert hunted.conversations <= EXAMPLES
    assert messages_told(finding) == messages <= 4
    assert reason in finding.violation.reason


@pytest.mark.parametrize(("build", "invariant", "_messages", "_reason"), PLANTED)
def test_the_moves_of_a_finding_lead_to_the_same_finding(
    build: Build, invariant: str, _messages: int, _reason: str
) -> None:
    team, settings = subject(build), FuzzSettings(examples=100, seed=5)
    first = found_in(hunt(team, settings), invariant)

    again = replay(team, settings, first.played.moves)

    assert again is not None
    assert again.violation == first.violation


def test_moves_that_broke_a_team_do_not_break_the_mended_one() -> None:
    settings = FuzzSettings(examples=EXAMPLES, seed=1)
    (finding,) = hunt(subject(stops_when_quoted()), settings).findings

    assert replay(subject(two_agents()), settings, finding.played.moves) is None


def test_code_of_the_users_task_is_found_where_the_task_itself_holds_it() -> None:
    task = 'Why does this fail?\n```python\nprint("broken"\n```'
    settings = FuzzSettings(examples=60, seed=1, varies_task=False)

    hunted = hunt(subject(runs_old_code(), task=task), settings)

    assert 'print("broken"' in found_in(hunted, "task-is-not-run").violation.reason


def test_endless_politeness_is_found_where_nothing_ends_it() -> None:
    def polite(context: Any) -> Any:
        from autogen import AssistantAgent

        from harness.model.team import Team

        pair = [AssistantAgent(name, llm_config=context.llm_config()) for name in ("ann", "bob")]
        return Team(initiator=pair[0], recipient=pair[1])

    team = subject(polite, limits=Limits(turns=12))

    finding = found_in(hunt(team, FuzzSettings(examples=50, seed=1)), "ends")

    assert messages_told(finding) == 12
    assert "allows 12 turns" in finding.violation.reason


def test_code_that_nobody_approved_is_found_and_the_careful_team_survives() -> None:
    closed = {"is_termination_msg": lambda m: m.get("content") == "TERMINATE"}
    careless, careful = (
        group(manager=closed),
        group(manager=closed, speaker_selection_method=code_after_review),
    )
    settings = FuzzSettings(
        examples=80, seed=1, approver="reviewer", closers=("nobody",), varies_task=False
    )

    finding = found_in(hunt(subject(careless), settings), "code-is-approved")

    assert "reviewer had not approved" in finding.violation.reason
    assert "code-is-approved" not in {
        each.violation.invariant for each in hunt(subject(careful), settings).findings
    }


def test_a_human_who_is_never_asked_approves_nothing() -> None:
    never, always = two_agents(), two_agents(human_input_mode="ALWAYS")
    settings = FuzzSettings(examples=80, seed=1, approver="human", varies_task=False)

    finding = found_in(hunt(subject(never), settings), "code-is-approved")

    assert "a human had not approved" in finding.violation.reason
    assert not hunt(subject(always), settings).findings


def test_a_tool_call_that_somebody_talks_over_is_found() -> None:
    inner = two_agents(has_tool=True)

    def deaf(context: Any) -> Any:
        team = inner(context)
        # Comes before AutoGen's own reply to tool calls.
        team.initiator.register_reply([object, None], lambda *_args, **_kwargs: (True, "Noted."))
        return team

    finding = found_in(hunt(subject(deaf), FuzzSettings(examples=20, seed=2)), "calls-get-results")

    assert finding.violation.reason == (
        "assistant called add, and user_proxy spoke before there was a result."
    )
    assert messages_told(finding) == 3


def test_a_conversation_that_costs_too_much_is_found() -> None:
    team = subject(two_agents(), limits=Limits(cost_usd=0.0001))

    finding = found_in(hunt(team, FuzzSettings(examples=EXAMPLES, seed=1)), "ends")

    assert "more than the scenario's cost_usd" in finding.violation.reason
