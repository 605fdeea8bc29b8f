"""Faults of the provider, injected into scripted and replayed conversations of real teams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fault_project import write_fault_suite

from harness.model.faults import FAULTS
from harness.model.score import Score

if TYPE_CHECKING:
    from harness.model.faults import FaultTrial
    from harness.model.sample import SampleResult

ALL = "[rate_limit, server, network, malformed, content, tools, speaker]"
# What openai's client does after a failure: it asks again.
RECOVERED = ("termination_message", True)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, sample_of: Any) -> SampleResult:
    project = tmp_path_factory.mktemp("all")
    write_fault_suite(project, f"{{survive: {ALL}}}")
    return sample_of(project)


@pytest.mark.parametrize(
    ("fault", "outcome", "waited", "said"),
    [
        pytest.param("retry_after", RECOVERED, 60, "met the condition", id="retry-after"),
        pytest.param("no_retry_after", RECOVERED, 0.3, "met", id="429 without retry-after"),
        pytest.param("server_error", RECOVERED, 0.3, "met", id="500"),
        pytest.param("unavailable", RECOVERED, 0.3, "met", id="503"),
        pytest.param("connection_reset", RECOVERED, 0.3, "met", id="reset"),
        pytest.param("timeout", RECOVERED, 600, "met", id="timeout"),
        pytest.param("slow_first_byte", RECOVERED, 45, "met", id="slow"),
        pytest.param("stream_cut", RECOVERED, 0.3, "met", id="cut"),
        pytest.param("malformed_json", ("error", False), 0, "JSONDecodeError", id="json"),
        pytest.param("empty_choices", ("error", False), 0, "IndexError", id="no choices"),
        pytest.param("not_utf8", ("error", False), 0, "UnicodeDecodeError", id="not utf-8"),
        pytest.param("null_content", RECOVERED, 0, "met", id="null"),
        pytest.param("refusal", RECOVERED, 0, "met", id="refusal"),
        pytest.param("cut_in_code", RECOVERED, 0, "met", id="length"),
        pytest.param("quoted_ending", RECOVERED, 0, "met", id="quoted"),
        pytest.param("unnamed_code", RECOVERED, 0, "met", id="fence"),
        pytest.param("unbounded", RECOVERED, 0, "met", id="unbounded"),
        pytest.param("unknown_tool", RECOVERED, 0, "met", id="tool"),
        pytest.param("invalid_arguments", RECOVERED, 0, "met", id="arguments"),
    ],
)
def test_each_fault_reaches_the_client_and_the_team(
    sample: SampleResult,
    by_fault: Any,
    fault: str,
    outcome: tuple[str, bool],
    waited: float,
    said: str,
) -> None:
    trial: FaultTrial = by_fault(sample)[fault]

    assert trial.injected == 1
    assert trial.where == "call 1 of clerk (reply)"
    assert (trial.outcome, trial.passed) == outcome
    assert said in trial.detail
    # Backing off is 0.375 to 0.5 s, by chance.
    assert waited <= trial.waited_seconds < waited + 1


def test_every_fault_of_the_catalogue_was_tried(sample: SampleResult) -> None:
    assert {trial.fault for trial in sample.trials} == set(FAULTS)


def test_an_hour_of_waiting_is_not_waited(sample: SampleResult) -> None:
    waited = sum(trial.waited_seconds for trial in sample.trials)

    assert waited > 700
    assert sample.duration_seconds < waited / 5


def test_a_fault_that_fits_no_request_is_told_apart_from_one_survived(
    sample: SampleResult, by_fault: Any
) -> None:
    trial = by_fault(sample)["unknown_speaker"]

    assert (trial.outcome, trial.passed, trial.injected) == ("not injected", None, 0)


def test_survival_is_a_score_that_judges(sample: SampleResult) -> None:
    score = sample.score_of("survival")

    assert isinstance(score, Score)
    assert not score.passed
    assert score.value == 16 / 19
    assert score.reason.startswith("16 of 19 injected faults were survived; not survived: ")
    assert "malformed_json in call 1 of clerk (reply): error" in score.reason
    assert score.details["not_injected"] == 3


def test_the_conversation_without_faults_is_the_one_that_is_kept(sample: SampleResult) -> None:
    assert sample.transcript.termination == "termination_message"
    assert [type(e).__name__ for e in sample.transcript.events if "Fault" in type(e).__name__] == []


def test_a_provider_that_stays_down_ends_the_conversation_after_the_clients_retries(
    tmp_path: Any, sample_of: Any
) -> None:
    write_fault_suite(tmp_path, "{survive: [unavailable], times: 50}")

    (trial,) = sample_of(tmp_path).trials

    assert trial.injected == 3
    assert (trial.outcome, trial.passed) == ("error", False)
    assert "overloaded" in trial.detail


def test_a_replayed_conversation_goes_on_with_the_recorded_words(
    tmp_path: Any, sample_of: Any, by_fault: Any, command: Any
) -> None:
    write_fault_suite(
        tmp_path, "{survive: [rate_limit, null_content, repeated], calls: 2}", is_scripted=False
    )
    recorded = command(tmp_path, "record", "sums", "--scripted", "--no-report")
    assert recorded.returncode == 0, recorded.stdout + recorded.stderr

    trials = {(t.fault, t.where): t for t in sample_of(tmp_path).trials}

    assert {trial.outcome for trial in trials.values() if trial.injected} == {"termination_message"}
    assert trials["retry_after", "call 2 of clerk (reply)"].waited_seconds == 60
    # The tool call that null content took the place of is not said again; the rest is.
    assert trials["null_content", "call 1 of clerk (reply)"].turns == 4


def test_a_stream_is_cut_and_spoilt_like_a_plain_answer(
    tmp_path: Any, sample_of: Any, by_fault: Any
) -> None:
    write_fault_suite(
        tmp_path,
        "{survive: [network, null_content, quoted_ending, empty_choices]}",
        extra="{'stream': True}",
    )

    trials = by_fault(sample_of(tmp_path))

    assert {name: trial.injected for name, trial in trials.items()} == dict.fromkeys(trials, 1)
    assert trials["connection_reset"].outcome == "termination_message"
    # Nobody retries what has begun to stream.
    assert trials["stream_cut"].outcome == "error"
    assert "peer closed connection" in trials["stream_cut"].detail
    assert trials["quoted_ending"].outcome == "termination_message"


def test_rules_and_chance_strike_together_and_the_same_seed_strikes_the_same(
    tmp_path: Any, sample_of: Any
) -> None:
    faults = (
        "{rules: [{fault: server_error, agent: clerk, call: 2, times: 2}], "
        "rate: 0.5, kinds: [rate_limit], seed: 4}"
    )
    first, second = tmp_path / "first", tmp_path / "second"
    for project in (first, second):
        write_fault_suite(project, faults)

    (one,), (other,) = sample_of(first).trials, sample_of(second).trials

    assert one.fault == "planned"
    assert one.injected >= 2
    assert (one.injected, one.where, one.outcome) == (other.injected, other.where, other.outcome)


def test_the_report_has_a_matrix_of_faults_and_outcomes(
    tmp_path: Any, sample_of: Any, command: Any
) -> None:
    write_fault_suite(tmp_path, "{survive: [rate_limit, malformed_json, unknown_speaker]}")
    sample_of(tmp_path)

    done = command(tmp_path, "report", "-o", "out.html")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out.html").read_text()

    table = page.partition("Injected faults and how the conversations ended")[2]
    table = table.partition("</table>")[0]
    head = [part.partition("<")[0] for part in table.split("<code>")[1:]]
    assert head == ["termination_message", "error", "not injected"]
    row = table.partition("malformed_json")[2].partition("</tr>")[0]
    assert [cell.partition("<")[0] for cell in row.split('<td class="n">')[1:4]] == ["·", "1", "·"]
    assert '<td class="n bad">0/1</td>' in row
    assert "JSONDecodeError" in row


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        pytest.param(
            "{survive: [rate_limits]}",
            "faults.survive[0]: unknown fault 'rate_limits'",
            id="name",
        ),
        pytest.param("{}", "faults: no fault is named", id="nothing"),
        pytest.param(
            "{survive: [server], calls: 0}", "faults.calls: 0 is out of range", id="calls"
        ),
        pytest.param("{survive: [server], accept: [done]}", "unknown termination reason", id="end"),
        pytest.param("{rate: 0.5}", "faults.rate: 'rate' and 'kinds' go together", id="rate"),
        pytest.param("{survive: [server], seed: 3}", "faults.seed: 'seed' chooses", id="seed"),
        pytest.param("{rules: [{agent: clerk}]}", "faults.rules[0]", id="rule"),
        pytest.param("{surive: [server]}", "unknown key 'surive'", id="key"),
        pytest.param("[server]", "faults: expected a mapping", id="list"),
    ],
)
def test_a_mistake_in_faults_is_named_with_file_and_line(
    tmp_path: Any, command: Any, faults: str, said: str
) -> None:
    write_fault_suite(tmp_path, faults)

    done = command(tmp_path, "validate")

    assert done.returncode == 2
    assert "scenarios/sums/add/scenario.yaml:2: " in done.stderr + done.stdout
    assert said in done.stderr + done.stdout
