import itertools
import re
from urllib.parse import parse_qs, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_logs import outcome_log, realistic_log

from harness.comparison import compare_configs
from harness.model.sample import SampleKey
from harness.reports.figures.differences import scenario_marks
from harness.reports.figures.heat import heat_maps
from harness.reports.figures.links import list_fragment, sample_fragment
from harness.reports.figures.pareto import cost_figure, pareto_front
from harness.reports.figures.scale import Scale, from_zero, round_step
from harness.reports.figures.turns import MOST_MARKS, turns_figure

POSITIVE = st.floats(1e-9, 1e9)
FOUND = st.dictionaries(
    st.text(min_size=1, max_size=3),
    st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.5]), st.sampled_from([0.0, 0.3, 0.6, 1.0])),
    min_size=1,
)


def suite_of(log):
    return log.header.suites[0], compare_configs(log).suites[0]


@given(POSITIVE)
def test_a_step_is_round_and_the_smallest_that_reaches(least):
    step = round_step(least)

    assert least * (1 - 1e-6) <= step <= least * 2.5 * (1 + 1e-6)
    assert f"{step:e}"[0] in "125"


@given(POSITIVE, st.floats(0.001, 1e6))
def test_ticks_lie_on_the_axis_and_are_few(low, width):
    scale = Scale(low=low, high=low + width, start=10, end=210)
    ticks = scale.ticks()

    assert len(ticks) <= 6
    assert all(10 <= scale.at(tick) <= 210 for tick in ticks)


@given(st.lists(st.floats(0, 1e6), max_size=9))
def test_an_axis_from_zero_holds_every_value_below_its_end(values):
    scale = from_zero(values, 0, 100)

    assert scale.low == 0
    assert all(value < scale.high for value in values)


@given(FOUND)
def test_a_config_is_on_the_front_exactly_if_no_other_is_as_cheap_and_as_good(found):
    front = pareto_front(found)

    assert front
    for name, (cost, rate) in found.items():
        beaten = any(
            (c <= cost and r >= rate) and (c < cost or r > rate) for c, r in found.values()
        )
        assert (name in front) is not beaten


def test_the_cost_figure_joins_the_best_configs_and_leads_to_their_samples():
    log = outcome_log(
        {
            "cheap": {"a": "pfff", "b": "ffff"},
            "good": {"a": "pppp", "b": "pppf"},
            "bad": {"a": "pfff", "b": "ffff"},
        },
        costs={"cheap": 0.1, "good": 0.4, "bad": 0.5},
    )
    _, comparison = suite_of(log)

    figure = cost_figure("shop", comparison.configs)

    points = {point.name: point for point in figure.points}
    assert {name for name, point in points.items() if point.is_best} == {"cheap", "good"}
    assert points["cheap"].x < points["good"].x < points["bad"].x
    assert points["good"].y < points["cheap"].y
    assert points["good"].high < points["good"].y < points["good"].low
    assert figure.front.startswith(f"{points['cheap'].x},{points['cheap'].y} ")
    assert figure.front.endswith(f" {points['good'].x},{points['good'].y}")
    assert points["good"].fragment == "samples?config=good&suite=shop"


def test_names_beside_the_marks_never_lie_on_each_other():
    names = [f"a-config-of-some-length-{number}" for number in range(9)]
    log = outcome_log({name: {"a": "pf"} for name in names}, costs=dict.fromkeys(names, 0.25))
    _, comparison = suite_of(log)

    lines = sorted(point.label_y for point in cost_figure("shop", comparison.configs).points)

    assert all(after - before >= 12 for before, after in itertools.pairwise(lines))


def test_a_name_does_not_lie_on_the_mark_of_another_config():
    log = outcome_log(
        {"left-one": {"a": "pp"}, "right-one": {"a": "pp"}},
        costs={"left-one": 0.0048, "right-one": 0.0052},
    )
    _, comparison = suite_of(log)

    left, right = cost_figure("shop", comparison.configs).points

    assert left.x < right.x
    assert left.is_left
    assert not right.is_left or right.label_y > left.label_y + 12


@pytest.mark.parametrize("costs", [{}, {"one": 0.1}, {"one": 0.0, "two": 0.0}])
def test_without_two_known_costs_there_is_no_cost_figure(costs):
    log = outcome_log({"one": {"a": "pf"}, "two": {"a": "pf"}}, costs=costs)

    assert cost_figure("shop", suite_of(log)[1].configs) is None


def test_every_completed_sample_is_a_mark_of_the_turns_at_its_own_place():
    log = realistic_log(epochs=5, suites=("sales_report",))
    _, comparison = suite_of(log)
    done = [sample for sample in log.samples if sample.status == "completed"]

    figure = turns_figure(log.samples, comparison.configs)

    marks = [mark for row in figure.rows for mark in row.marks]
    assert {mark.fragment for mark in marks} == {sample_fragment(s.key) for s in done}
    assert len({(mark.x, mark.y) for mark in marks}) == len(done)
    assert figure.left_out == len(log.samples) - len(done)
    tops = [(row.top, row.base) for row in figure.rows]
    assert all(base < after[0] for (_, base), after in itertools.pairwise(tops))


def test_more_samples_than_can_be_told_apart_are_not_drawn():
    log = outcome_log({"one": {"a": "p" * (MOST_MARKS + 1)}})

    assert turns_figure(log.samples, suite_of(log)[1].configs) is None


def test_a_matrix_is_a_heat_map_with_the_rate_of_every_cell():
    log = realistic_log(epochs=5, suites=("sales_report",))
    info, comparison = suite_of(log)

    (heat,) = heat_maps(info.name, info.configs, comparison.configs)

    assert (heat.down, heat.across, heat.columns) == ("prompts", "temperature", ("0.2", "1.0"))
    cells = {cell.config: cell for _, row in heat.rows for cell in row}
    assert {name: cell.rate for name, cell in cells.items()} == {
        each.config: each.success for each in comparison.configs
    }
    assert all(cell.shade == round(10 * cell.rate.value) for cell in cells.values())


def test_a_third_factor_makes_a_map_for_each_of_its_levels():
    names = {
        f"{a}{b}{c}": {"a": a, "b": b, "c": c} for a in "xy" for b in "12" for c in ("on", "off")
    }
    log = outcome_log({name: {"s": "pf"} for name in names}, factors=names)
    info, comparison = suite_of(log)

    maps = heat_maps(info.name, info.configs, comparison.configs)

    assert [(each.down, each.across, each.fixed) for each in maps] == [
        ("a", "b", "c = on"),
        ("a", "b", "c = off"),
        ("a", "c", "b = 1"),
        ("a", "c", "b = 2"),
        ("b", "c", "a = x"),
        ("b", "c", "a = y"),
    ]


def test_the_marks_of_a_contrast_are_the_scenarios_own_differences():
    log = outcome_log({"old": {"a": "pf", "b": "ff"}, "new": {"a": "pp", "b": "fp"}})
    info, comparison = suite_of(log)

    marks = scenario_marks("shop", comparison.contrasts, info.configs, log.samples)

    assert [(mark.told, mark.difference) for mark in marks["config", "new"]] == [
        ("a: +50 points", 0.5),
        ("b: +50 points", 0.5),
    ]


def test_the_marks_of_an_effect_hold_only_like_against_like():
    factors = {
        name: {"prompts": name[0], "temperature": name[1]} for name in ("a1", "a2", "b1", "b2")
    }
    outcomes = {
        "a1": {"s": "ff", "t": "ff"},
        "a2": {"s": "pp", "t": "ff"},
        "b1": {"s": "pp", "t": "ff"},
        "b2": {"s": "pp", "t": "pf"},
    }
    log = outcome_log(outcomes, factors=factors)
    info, comparison = suite_of(log)

    marks = scenario_marks("shop", comparison.effects, info.configs, log.samples)

    # Of s: b1 - a1 = 1 and b2 - a2 = 0.
    assert [mark.difference for mark in marks["prompts", "b"]] == [0.5, 0.25]


@given(st.text(max_size=20), st.text(min_size=1, max_size=20))
def test_a_fragment_of_the_list_holds_its_choices_whatever_they_are(suite, config):
    fragment = list_fragment(suite=suite, config=config)
    name, query = fragment.split("?")

    assert name == "samples"
    assert re.fullmatch(r"[A-Za-z0-9_.~%&=/+-]*", query)
    assert ("suite" in parse_qs(query, keep_blank_values=True)) is bool(suite)


@given(st.text(min_size=1, max_size=20))
def test_a_fragment_of_a_sample_names_it(config):
    key = SampleKey(suite="s", scenario="t", config=config, epoch=2)
    fragment = sample_fragment(key)

    assert re.fullmatch(r"[A-Za-z0-9_.~%/-]*", fragment)
    assert unquote(fragment).endswith("/2")
