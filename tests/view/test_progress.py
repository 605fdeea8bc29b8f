"""Counts and times of a run: what is added up, guessed, and left unsaid."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_logs import outcome_log

from harness.logs import FinishedRow, Work
from harness.model.sample import SampleKey
from harness.view import pages
from harness.view.progress import LATEST_ROWS, LATEST_TROUBLES, Counting, seconds_since

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def row(number, *, config="a", status="completed", is_success=True, cost=None):
    return FinishedRow(
        number=number,
        key=SampleKey(suite="s", scenario="x", config=config, epoch=number),
        status=status,
        is_success=is_success,
        termination=None,
        turns=1,
        cost_usd=cost,
        duration_seconds=1.0,
    )


def counting():
    return Counting(outcome_log({"x": {}}).header)


ROWS = st.builds(
    lambda config, status, is_success, cost: (config, status, is_success, cost),
    st.sampled_from("abc"),
    st.sampled_from(["completed", "error", "miss"]),
    st.booleans(),
    st.none() | st.floats(0, 10),
)


@given(st.lists(ROWS), st.integers(0, 50))
def test_what_is_counted_piece_by_piece_is_what_is_counted_at_once(drawn, cut):
    rows = [
        row(number, config=config, status=status, is_success=is_success, cost=cost)
        for number, (config, status, is_success, cost) in enumerate(drawn, 1)
    ]
    whole, pieces = counting(), counting()
    whole.add(rows)
    pieces.add(rows[:cut])
    early = pieces.progress("r", None)
    pieces.add(rows[cut:])

    progress = pieces.progress("r", None)
    assert progress == whole.progress("r", None)
    assert early.tally.done == len(rows[:cut])
    assert progress.tally.outcomes == sum(
        (each.outcomes for each in progress.by_config.values()),
        start=type(progress.tally.outcomes)(),
    )
    assert progress.latest == tuple(reversed(rows[-LATEST_ROWS:]))
    bad = [each for each in rows if each.status != "completed"]
    assert progress.troubles == tuple(reversed(bad[-LATEST_TROUBLES:]))
    costs = [each.cost_usd for each in rows if each.cost_usd is not None]
    assert progress.tally.cost_usd == (pytest.approx(sum(costs)) if costs else None)


def test_a_log_may_hold_more_than_was_planned():
    counted = counting()
    counted.add([row(1), row(2)])

    progress = counted.progress("r", None)

    assert (progress.tally.done, progress.tally.planned, progress.state) == (2, 2, "complete")


def test_the_time_left_is_guessed_from_the_pace_of_this_process_only():
    counted = Counting(outcome_log({"x": {"a": ".........."}}).header)
    counted.add([row(1), row(2), row(3), row(4), row(5), row(6)])

    def left(finished, started_at="2026-01-01T11:59:00+00:00"):
        work = Work(started_at=started_at, finished=finished)
        return counted.progress("r", work).seconds_left(NOW)

    assert left(3) == pytest.approx(60 / 3 * 4)
    assert left(6) == pytest.approx(60 / 6 * 4)
    assert left(2) is None
    assert left(3, started_at="") is None
    assert counted.progress("r", None).seconds_left(NOW) is None


@pytest.mark.parametrize("moment", ["", "now", "2026-01-01T11:00:00", "\u0660" * 8])
def test_a_time_that_is_none_gives_no_span(moment):
    assert seconds_since(moment, NOW) is None


def test_a_time_that_is_to_come_is_not_negative():
    assert seconds_since("2026-01-01T12:00:05+00:00", NOW) == 0


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "\u2013"),
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.97, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (200, "3 min 20 s"),
        (3599.6, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_spans_are_told_as_people_say_them(seconds, told):
    assert pages.duration(seconds) == told


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (51_200, "51 kB"),
        (999_999, "1.0 MB"),
        (29_000_000, "29 MB"),
        (3_100_000_000, "3.1 GB"),
    ],
)
def test_sizes_are_told_as_people_say_them(number, told):
    assert pages.size(number) == told


@pytest.mark.parametrize("value", ["", "soon", "9999-99-99", float("inf"), float("nan"), 1e20])
def test_a_time_of_day_that_is_none_is_shown_as_it_is(value):
    assert pages.moment(value) == str(value)
