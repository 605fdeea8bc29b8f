"""Two levels of a factor are compared: all configs of the one with all of the other."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_logs import outcome_log, realistic_log

from harness.comparison import compare_config_pair, compare_configs
from harness.errors import SelectionError
from harness.reports.console import print_config_pair

FACTORS = {
    f"{prompts}-t{heat}": {"prompts": prompts, "temperature": heat}
    for prompts in ("brief", "careful")
    for heat in ("0.2", "1.0")
}
MARKS = st.text("pf", min_size=2, max_size=2)


def grid(outcomes, **changes):
    """A log of a matrix of two prompts and two temperatures, from marks by config and scenario."""
    return outcome_log(outcomes, factors=FACTORS, baseline="brief-t0.2", **changes)


@given(
    st.fixed_dictionaries(
        {name: st.fixed_dictionaries({"a": MARKS, "b": MARKS}) for name in FACTORS}
    )
)
def test_the_difference_of_two_levels_is_the_effect_that_the_report_tells(outcomes):
    log = grid(outcomes)
    effects = {each.factor: each for each in compare_configs(log).suites[0].effects}

    for factor, levels in (("prompts", ("brief", "careful")), ("temperature", ("0.2", "1.0"))):
        named = [f"{factor}={level}" for level in levels]
        (suite,) = compare_config_pair(log, log, *named).suites

        effect = effects[factor]
        for field in ("factor", "candidate", "reference", "scope", "strata", "wins", "losses"):
            assert getattr(suite.contrast, field) == getattr(effect, field)
        assert suite.contrast.difference.value == pytest.approx(effect.difference.value)
        assert suite.contrast.p_value == pytest.approx(effect.p_value)
        # One comparison is corrected for less than all that the report shows.
        assert suite.contrast.p_adjusted <= effect.p_adjusted


def test_pairs_have_scenario_epoch_and_the_other_factors_levels_in_common():
    log = grid({name: {"a": "pf"} for name in FACTORS})

    found = compare_config_pair(log, log, "prompts=brief", "prompts=careful")

    assert [(str(each.key_a), str(each.key_b)) for each in found.pairs.samples] == [
        (f"shop/a/brief-t{heat}/{epoch}", f"shop/a/careful-t{heat}/{epoch}")
        for epoch in (1, 2)
        for heat in ("0.2", "1.0")
    ]
    assert (found.config_a, found.config_b) == ("prompts=brief", "prompts=careful")


def test_a_combination_that_one_level_lacks_is_not_compared_and_named():
    log = grid({name: {"a": "pp"} for name in FACTORS if name != "careful-t1.0"})

    found = compare_config_pair(log, log, "prompts=brief", "prompts=careful")

    assert found.samples == 2
    assert [str(key) for key in found.only_in_a] == ["shop/a/brief-t1.0/1", "shop/a/brief-t1.0/2"]


def test_a_level_is_compared_with_itself_in_another_run():
    before = grid({name: {"a": "pp"} for name in FACTORS})
    after = grid({name: {"a": "pf"} for name in FACTORS}, run_id="run-2")

    found = compare_config_pair(before, after, "temperature=0.2", "temperature=0.2")

    assert found.suites[0].contrast.difference.value == -0.5


def test_the_two_configs_of_a_pair_that_parts_are_named():
    log = realistic_log(epochs=1)
    stream = io.StringIO()

    print_config_pair(
        compare_config_pair(log, log, "temperature=0.2", "temperature=1.0"), stream, is_whole=True
    )

    told = stream.getvalue()
    assert "Settings: temperature 1 instead of 0.2" in told
    assert "sales_report/energy_use, epoch 1, careful-t0.2 and careful-t1.0, turn" in told


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (
            ("prompt=brief", "prompt=careful"),
            r"no factor 'prompt'\. Did you mean 'prompts'\? Its factors: "
            r"prompts \(brief, careful\); temperature \(0\.2, 1\.0\)\.",
        ),
        (
            ("prompts=brief", "prompts=carefull"),
            r"no level 'carefull' .*Did you mean 'careful'\? Its levels: brief, careful\.",
        ),
        (
            ("brief", "careful"),
            r"'brief'; it is a level of the factor prompts, which these configs have: "
            r"brief-t0\.2, brief-t1\.0\. To compare all of them, write prompts=brief\.",
        ),
        (
            ("prompts=brief", "temperature=0.2"),
            "no two of a kind. Compare two configs, or two levels of one factor, e.g. "
            r"temperature=0\.2 temperature=1\.0",
        ),
        (("prompts=brief", "careful-t0.2"), r"e\.g\. prompts=brief prompts=careful"),
        (
            ("prompts=brief", "prompts=brief"),
            r"level 'prompts=brief' of run run-1\. Name another level of prompts \(careful\)",
        ),
    ],
    ids=["no such factor", "no such level", "a level alone", "two factors", "a config", "the same"],
)
def test_what_is_no_two_levels_is_refused_with_what_there_is(names, told):
    log = grid({name: {"a": "pp"} for name in FACTORS})

    with pytest.raises(SelectionError, match=told):
        compare_config_pair(log, log, *names)


def test_configs_of_no_matrix_have_no_factors():
    log = outcome_log({"one": {"a": "p"}, "two": {"a": "p"}})

    with pytest.raises(SelectionError, match=r"come from no matrix\. Name two of them: one, two"):
        compare_config_pair(log, log, "prompts=a", "prompts=b")


@pytest.mark.parametrize("written", ["1", "1.00", "1e0", "+1.0"])
def test_a_level_that_is_a_number_is_found_by_its_value(written):
    log = grid({name: {"a": "pf"} for name in FACTORS})

    found = compare_config_pair(log, log, "temperature=.2", f"temperature={written}")

    assert (found.config_a, found.config_b) == ("temperature=0.2", "temperature=1.0")
    assert found.samples == 4


def test_a_level_of_its_own_name_comes_before_one_of_its_value():
    factors = {f"t{heat}": {"temperature": heat} for heat in ("0.2", "1", "1.0")}
    log = outcome_log({name: {"a": "pf"} for name in factors}, factors=factors)

    found = compare_config_pair(log, log, "temperature=1", "temperature=1.0")

    assert (found.config_a, found.config_b) == ("temperature=1", "temperature=1.0")
    with pytest.raises(SelectionError, match=r"no level '1\.00' .* Its levels: 0\.2, 1, 1\.0"):
        compare_config_pair(log, log, "temperature=0.2", "temperature=1.00")
