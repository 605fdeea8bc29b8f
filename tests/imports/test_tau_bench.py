"""Results of tau-bench: trials are epochs, rewards are verdicts, pass^k comes out as theirs."""

from __future__ import annotations

import io
import json
from math import comb
from pathlib import Path

import pytest

from harness.comparison import noise_of
from harness.errors import ImportFault
from harness.reports.noise import print_noise
from harness.runner.importing import import_run

CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "get_user_details", "arguments": '{"user_id": "mia_li_3668"}'},
}


def entry(task: int, trial: int, reward: float, stop: str = "Thanks! ###STOP###") -> dict:
    return {
        "task_id": task,
        "trial": trial,
        "reward": reward,
        "info": {"task": {"instruction": f"You want flight {task}.", "actions": []}},
        "traj": [
            {"role": "system", "content": "You are an airline agent."},
            {"role": "user", "content": "Book me a flight."},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_1", "name": "get_user_details", "content": "{}"},
            {"role": "assistant", "content": "Done."},
            {"role": "user", "content": stop},
        ],
    }


def imported(tmp_path: Path, entries: object):
    path = tmp_path / "gpt-4o-airline.json"
    path.write_text(json.dumps(entries))
    return import_run(path, "tau-bench", None, tmp_path / "runs")


def test_trials_become_epochs_and_rewards_verdicts(tmp_path: Path) -> None:
    log = imported(tmp_path, [entry(0, 0, 1.0), entry(0, 1, 0.0), entry(12, 0, 1), entry(12, 1, 0)])

    keys = [(each.key.scenario, each.key.epoch, each.is_success) for each in log.samples]
    assert sorted(keys) == [("0", 1, True), ("0", 2, False), ("12", 1, True), ("12", 2, False)]
    first = next(each for each in log.samples if each.key.scenario == "0")
    assert first.transcript.speakers == [
        "user",
        "assistant",
        "get_user_details",
        "assistant",
        "user",
    ]
    assert first.transcript.messages[1].tool_calls[0].arguments == '{"user_id": "mia_li_3668"}'
    assert first.transcript.messages[2].tool_call_id == "call_1"
    assert first.transcript.termination == "termination_message"
    assert log.header.suites[0].scenarios[0].task == "You want flight 0."


def test_nothing_of_an_entry_is_lost(tmp_path: Path) -> None:
    one = entry(3, 0, 0.5) | {"unknown": {"deep": [1, 2.5, None, "\u2028"]}}

    (sample,) = imported(tmp_path, [one]).samples

    assert json.loads(sample.origin.document) == one
    assert not sample.is_success


def test_an_end_that_the_file_does_not_tell_is_not_made_up(tmp_path: Path) -> None:
    (sample,) = imported(tmp_path, [entry(3, 0, 1.0, stop="Wait")]).samples

    assert sample.transcript.termination is None
    assert sample.is_success


def test_pass_hat_k_is_that_of_tau_benchs_own_formula(tmp_path: Path) -> None:
    successes = [4, 4, 3, 2, 1, 0, 0]
    entries = [
        entry(task, trial, float(trial < passed))
        for task, passed in enumerate(successes)
        for trial in range(4)
    ]

    (config,) = noise_of(imported(tmp_path, entries)).configs

    # For each k the mean over tasks of C(successes, k) / C(trials, k), as its run.py prints it.
    wanted = [sum(comb(c, k) / comb(4, k) for c in successes) / 7 for k in range(1, 5)]
    assert config.all_pass == pytest.approx(wanted)
    stream = io.StringIO()
    print_noise(noise_of(imported(tmp_path, entries)), stream)
    assert "imported: pass^1..4 .500 .381 .321 .286; pass@1..4 .500 .619 .679 .714" in (
        stream.getvalue()
    )


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"task_id": 0}, "no results of tau-bench: a list"),
        ([], "no results of tau-bench: a list"),
        ([entry(0, 0, 1.0), 7], "entry 1 is no object"),
        ([{"task_id": 0, "trial": 0, "reward": 1}], "entry 0 has no 'traj'"),
        ([entry(0, 0, 1.0) | {"reward": "1"}], "'reward' is '1'; a number"),
        ([entry(0, 0, 1.0) | {"trial": 1.5}], "'trial' is 1.5; a whole number"),
        ([entry(0, 0, 1.0) | {"traj": []}], "the chat history is empty"),
        ([entry(0, 0, 1.0) | {"traj": [{"role": "robot", "content": ""}]}], "'role' is 'robot'"),
    ],
)
def test_what_is_no_result_is_refused_with_its_place(
    entries: object, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ImportFault, match=said):
        imported(tmp_path, entries)
    assert not (tmp_path / "runs").exists()
