"""A run is in the history once, whole, and never otherwise than it was."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_logs import outcome_log, realistic_log
from sqlalchemy import create_engine, text

from harness.errors import HistoryError
from harness.history import history_of, open_history, run_of
from harness.model.gate import SampleOutcome
from harness.model.history import HistoryRun, HistorySuite

NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=12
)
COSTS = st.none() | st.floats(0, 1e6, allow_nan=False)
TURNS = st.none() | st.integers(0, 10_000)


def run(marks="ppf.", *, run_id="run-1"):
    return run_of(outcome_log({"one": {"a": marks}, "two": {"a": "pp"}}, run_id=run_id))


@st.composite
def runs(draw, run_id):
    """Any run whose samples are in key order, as those of a log are."""
    suites = []
    for suite in sorted(draw(st.sets(NAMES, min_size=1, max_size=2))):
        scenarios = draw(st.dictionaries(NAMES, NAMES, min_size=1, max_size=3))
        configs = draw(st.dictionaries(NAMES, NAMES, min_size=1, max_size=3))
        keys = [(s, c, e) for s in sorted(scenarios) for c in sorted(configs) for e in (1, 2)]
        samples = tuple(
            SampleOutcome(
                scenario=scenario,
                config=config,
                epoch=epoch,
                outcome=draw(st.sampled_from(["pass", "fail", "error", "miss", "missing"])),
                cost_usd=draw(COSTS),
                turns=draw(TURNS),
            )
            for scenario, config, epoch in keys
        )
        suites.append(
            HistorySuite(
                suite=suite,
                scenarios=scenarios,
                configs=configs,
                samples=samples,
            )
        )
    return HistoryRun(
        run_id=run_id,
        started_at="2026-11-28T10:00:00+00:00",
        commit=draw(NAMES),
        mode="live",
        harness_version=draw(NAMES),
        suites=tuple(suites),
    )


@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, *HealthCheck]
)
@given(data=st.data())
def test_what_was_added_is_read_back_equal(address, data):
    with closing(open_history(address)) as store:
        try:
            before = store.read()
        except HistoryError:
            before = ()
        drawn = data.draw(runs(f"run-{len(before):04}"))

        assert store.add(drawn) == "added"
        assert store.read() == (*before, drawn)
        assert store.add(drawn) == "there already"
        assert store.read() == (*before, drawn)


def test_a_resumed_run_is_completed_and_an_older_log_of_it_takes_nothing_away(address):
    cut, whole = run("pp.."), run("ppfe")
    with closing(open_history(address)) as store:
        added = [store.add(each) for each in (cut, whole, cut, whole)]

        assert added == ["added", "completed", "there already", "there already"]
        assert store.read() == (whole,)


@pytest.mark.parametrize(
    "marks",
    [
        pytest.param("ffff", id="another outcome"),
        pytest.param("..ff", id="fewer here and more there"),
        pytest.param("ppffp", id="one sample more"),
    ],
)
def test_a_run_with_other_results_is_refused_and_what_is_there_stays(address, marks):
    first, other = run("ppf."), run(marks)
    with closing(open_history(address)) as store:
        store.add(first)

        with pytest.raises(HistoryError, match="'run-1' is in the history already, and not with"):
            store.add(other)
        assert store.read() == (first,)


def test_runs_are_read_oldest_first_whenever_they_were_added(address):
    later = msgspec.structs.replace(run(run_id="a"), started_at="2026-12-01T00:00:00+00:00")
    earlier = run(run_id="b")
    with closing(open_history(address)) as store:
        store.add(later)
        store.add(earlier)

        assert [each.run_id for each in store.read()] == ["b", "a"]


ADDER = """
import sys
sys.path[:0] = sys.argv[2:4]
from test_store import run
from harness.history import open_history
store = open_history(sys.argv[1])
for number in range(4):
    print(store.add(run(run_id=f"{sys.argv[4]}-{number}")), store.add(run(run_id=f"all-{number}")))
"""


def test_processes_that_add_at_once_lose_nothing_and_add_nothing_twice(address):
    paths = [entry for entry in sys.path if entry.endswith(("support", "history"))]
    folders = [__file__.rpartition("/")[0], next(p for p in paths if "reports" in p)]
    adders = [
        subprocess.Popen(
            [sys.executable, "-c", ADDER, address, *folders, name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("one", "two", "three", "four")
    ]
    told = [adder.communicate() for adder in adders]

    assert [adder.returncode for adder in adders] == [0] * 4, told
    words = [line.split(" ", 1) for output, _ in told for line in output.splitlines()]
    assert [own for own, _ in words] == ["added"] * 16
    assert sorted(shared for _, shared in words) == ["added"] * 4 + ["there already"] * 12
    with closing(open_history(address)) as store:
        assert len(store.read()) == 20


def test_a_history_of_another_release_is_neither_read_nor_written(address):
    with closing(open_history(address)) as store:
        store.add(run())
        engine = create_engine(store.address.url)
        with engine.begin() as connection:
            connection.execute(text("UPDATE harness_schema SET version = 7"))
        engine.dispose()

        with pytest.raises(HistoryError, match="layout version 7; this release reads 1"):
            store.read()
        with pytest.raises(HistoryError, match="layout version 7; this release reads 1"):
            store.add(run(run_id="run-2"))


def test_before_the_first_run_the_next_command_is_named(address):
    with (
        closing(open_history(address)) as store,
        pytest.raises(HistoryError, match=r"no history yet\. Add a run with: harness history add"),
    ):
        store.read()


def test_a_history_says_the_same_whichever_database_keeps_it(address):
    kept = [run(run_id="run-1"), run("ffff", run_id="run-2"), run("pppp", run_id="run-3")]
    with closing(open_history(address)) as store:
        for each in kept:
            store.add(each)

        assert history_of(store.read()) == history_of(kept)


def test_a_history_from_before_sizes_of_suites_were_kept_is_read_and_added_to(address):
    old, new = run(), run(run_id="run-2")
    with closing(open_history(address)) as store:
        store.add(sized(old, None))
        engine = create_engine(store.address.url)
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE harness_suite_size"))
        engine.dispose()

        before = store.read()
        again = store.add(sized(old, 6))
        added = store.add(sized(new, 6))

        assert [each.suites[0].samples_per_config for each in before] == [None]
        assert (again, added) == ("there already", "added")
        assert [each.suites[0].samples_per_config for each in store.read()] == [None, 6]


def sized(kept, size):
    suites = tuple(msgspec.structs.replace(s, samples_per_config=size) for s in kept.suites)
    return msgspec.structs.replace(kept, suites=suites)


def test_a_run_is_told_as_releases_told_it_that_knew_no_digest_of_a_conversation():
    """Else a history would take a run that it holds for another."""
    (suite,) = run_of(realistic_log(epochs=1, suites=("code_review",))).suites

    told = msgspec.json.decode(msgspec.json.encode(suite))["samples"]

    fields = {"scenario", "config", "epoch", "outcome", "cost_usd", "turns"}
    assert [set(each) for each in told] == [fields] * 12
