"""The key ``gate`` of suite.yaml."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import SuiteError
from harness.model.gate import Gate, Thresholds
from harness.suites import load_suite


def test_a_suite_without_a_gate_has_none(suite: Any) -> None:
    assert load_suite(suite.root).gate is None


def test_every_documented_key_reaches_the_gate(suite: Any) -> None:
    suite.suite(
        "gate:",
        "  success: {at_least: 0.8}",
        "  cost_usd: {at_most: 0.05}",
        "  turns: {at_most: 12}",
        "  configs: {plain: {success: {at_least: 1}}}",
        "  against_baseline: {success: {margin: 0.1}}",
        "  on_inconclusive: fail",
    )

    gate = load_suite(suite.root).gate

    assert gate == Gate(
        thresholds=Thresholds(success_at_least=0.8, cost_usd_at_most=0.05, turns_at_most=12),
        configs={"plain": Thresholds(success_at_least=1)},
        success_margin=0.1,
        fails_inconclusive=True,
    )
    assert gate.thresholds_of("plain") == Thresholds(
        success_at_least=1, cost_usd_at_most=0.05, turns_at_most=12
    )
    assert gate.thresholds_of("other") == gate.thresholds


def test_every_mistake_in_a_gate_is_told_at_once_with_its_line(suite: Any) -> None:
    suite.suite(
        "gate:",
        "  success: {at_least: 80}",
        "  cost_usd: {at_least: 1}",
        "  turn: {at_most: 1}",
        "  configs:",
        "    plane: {success: {at_least: 0.5}}",
        "    plain: {}",
        "  against_baseline: {success: {margin: -0.1}}",
        "  on_inconclusive: maybe",
    )

    with pytest.raises(SuiteError) as caught:
        load_suite(suite.root)

    faults = caught.value.faults
    begins = [
        ("7", "gate.success.at_least", "for 80 % write 0.8"),
        ("8", "gate.cost_usd", "the key 'at_most' is missing"),
        ("8", "gate.cost_usd.at_least", "unknown key"),
        ("9", "gate.turn", "Did you mean 'turns'?"),
        ("11", "gate.configs.plane", "Did you mean 'plain'?"),
        ("12", "gate.configs.plain", "at least one threshold"),
        ("13", "gate.against_baseline.success.margin", "-0.1 is out of range"),
        ("14", "gate.on_inconclusive", "valid choices: pass, fail"),
    ]
    assert len(faults) == len(begins), faults
    for line, key, said in begins:
        assert any(
            fault.startswith(f"demo/suite.yaml:{line}: {key}: ") and said in fault
            for fault in faults
        ), (line, key, faults)


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("gate: {}", id="empty"),
        pytest.param("gate: {on_inconclusive: fail}", id="no threshold"),
        pytest.param("gate: 0.8", id="no mapping"),
        pytest.param("gate: {configs: {}}", id="no config"),
        pytest.param("gate: {success: {at_least: 0}}", id="a rate that all reach"),
        pytest.param("gate: {success: {at_least: 1.5}}", id="a rate that none reaches"),
        pytest.param("gate: {success: {at_least: true}}", id="no number"),
        pytest.param("gate: {against_baseline: {}}", id="no margin"),
    ],
)
def test_a_gate_that_demands_nothing_or_the_impossible_is_a_mistake(
    suite: Any, written: str
) -> None:
    suite.suite(written)

    with pytest.raises(SuiteError, match=r"suite\.yaml:6: gate"):
        load_suite(suite.root)
