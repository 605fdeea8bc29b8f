"""The answer is computed again, and the loop must have been one."""

from __future__ import annotations

import datetime
import json

from harness.model.score import CheckResult


def _truth(sample):
    first, last = (sample.scenario.parameters[name] for name in ("first", "last"))
    by_year = {
        year: sum(datetime.date(year, month, 13).weekday() == 4 for month in range(1, 13))
        for year in range(first, last + 1)
    }
    most = max(by_year.values())
    return sum(by_year.values()), min(year for year, count in by_year.items() if count == most)


def _answer(sample):
    path = sample.workspace / "answer.json"
    assert path.is_file(), "there is no answer.json"
    try:
        answer = json.loads(path.read_text())
    except ValueError as error:
        raise AssertionError(f"answer.json is not JSON: {error}") from None
    assert isinstance(answer, dict), "answer.json holds no object"
    return answer


def check_count(sample):
    """The number of Fridays."""
    count, _ = _truth(sample)
    answer = _answer(sample).get("fridays")
    assert answer == count, f"it says {answer!r}; there are {count}"


def check_year(sample):
    """The earliest year with most of them."""
    _, year = _truth(sample)
    answer = _answer(sample).get("year")
    assert answer == year, f"it says {answer!r}; it is {year}"


def check_every_plan_was_run_and_judged(sample):
    """After each plan comes its run, and after each run the critic."""
    speakers = [m.speaker for m in sample.transcript.messages][1:]
    rounds = [speakers[at : at + 3] for at in range(0, len(speakers), 3)]
    good = sum(each == ["planner", "executor", "critic"] for each in rounds)
    return CheckResult(
        passed=good == len(rounds) and good > 0,
        value=good / len(rounds) if rounds else 0.0,
        reason=f"{good} of {len(rounds)} rounds went planner, executor, critic",
    )


def check_code_ran_in_the_end(sample):
    """The last run succeeded."""
    runs = sample.transcript.code_executions
    assert runs, "nothing was run"
    assert runs[-1].exit_code == 0, runs[-1].output[-200:]
