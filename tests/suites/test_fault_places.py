"""A mistake is reported where it is to be mended, with an example, and none hides another."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import SuiteError
from harness.suites import load_suite

BROKEN = "def check_a(sample):\n    pass\n\ndef check_b(sample)\n    pass\n"


def faults_of(suite: Any) -> tuple[str, ...]:
    with pytest.raises(SuiteError) as caught:
        load_suite(suite.root)
    return caught.value.faults


@pytest.mark.parametrize("written", [[], ["checks: checks.py"]], ids=["found", "written"])
def test_a_syntax_error_is_reported_at_its_own_line(suite: Any, written: list[str]) -> None:
    suite.write("checks.py", BROKEN)
    suite.suite(*written)

    assert faults_of(suite) == ("demo/checks.py:4: invalid Python: expected ':'",)


def test_a_broken_file_that_several_scenarios_name_is_reported_once(suite: Any) -> None:
    suite.write("checks.py", BROKEN)
    for name in ("first", "second"):
        suite.scenario(f"task: {name}", "checks: ../checks.py", name=name)

    assert faults_of(suite) == ("demo/checks.py:4: invalid Python: expected ':'",)


def test_a_file_that_no_yaml_names_is_itself_the_place_of_what_it_lacks(suite: Any) -> None:
    suite.write("team.py", "def biuld(context): pass\n")
    suite.write("checks.py", "x = 1\n")

    assert faults_of(suite) == (
        "demo/checks.py:1: this file defines no function whose name begins with 'check_', "
        "so it would check nothing",
        "demo/team.py:1: this file has no 'build'; it defines: biuld. Did you mean 'biuld'?",
    )


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["matrix:", "  temperature: [0.2, 5]"], id="a level out of range"),
        pytest.param(["matrix:", "  prompts: {a: {w: {file: no.md}}}"], id="a missing prompt"),
        pytest.param(["matrix:", "  prompts: {a: hello}"], id="a level of the wrong shape"),
    ],
)
def test_an_unknown_baseline_is_reported_beside_mistakes_in_the_matrix(
    suite: Any, lines: list[str]
) -> None:
    suite.suite(*lines, "baseline: t0.3")

    faults = faults_of(suite)

    assert len(faults) == 2, faults
    assert "baseline: unknown config 't0.3'; valid choices: plain, " in faults[1]


@pytest.mark.parametrize(
    ("lines", "baseline"),
    [
        pytest.param(["matrix: {temperature: [0.2, 5]}"], "t5", id="the level that is wrong"),
        pytest.param(["matrix: {prompts: {a: hello, b: {w: x}}}"], "a", id="a broken prompt"),
        pytest.param(["matrix: {temprature: [0.2]}"], "t0.2", id="a factor nobody knows"),
        pytest.param(["matrix: {temperature: []}"], "t0.2", id="a factor without levels"),
        pytest.param(["matrix: 3"], "t0.2", id="no matrix at all"),
    ],
)
def test_a_baseline_that_may_be_right_is_not_called_unknown(
    suite: Any, lines: list[str], baseline: str
) -> None:
    suite.suite(*lines, f"baseline: {baseline}")

    assert not [fault for fault in faults_of(suite) if "baseline" in fault]


@pytest.mark.parametrize(
    ("configs", "baseline", "is_known"),
    [
        pytest.param("[{name: a, temperature: 5}]", "a", True, id="another field is wrong"),
        pytest.param("[{name: a, temperature: 5}]", "b", False, id="and the baseline, too"),
        pytest.param("{a: {temperature: 1}}", "a", True, id="a mapping by name"),
        pytest.param("{a: {temperature: 1}}", "b", False, id="not even in the mapping"),
        pytest.param("[{temperature: 5}]", "a", True, id="a config without a name"),
        pytest.param("plain", "a", True, id="no list at all"),
    ],
)
def test_the_baseline_is_compared_with_the_names_as_written(
    suite: Any, configs: str, baseline: str, *, is_known: bool
) -> None:
    suite.write(
        "suite.yaml", f"model: m\naccept: [no_reply]\nconfigs: {configs}\nbaseline: {baseline}\n"
    )

    faults = faults_of(suite)

    assert any("baseline: unknown config 'b'" in fault for fault in faults) is not is_known
    assert any(fault.startswith("demo/suite.yaml:3: configs") for fault in faults)


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("configs", "{a: 1}"),
        ("configs", "[a]"),
        ("configs", "[{name: a, prompts: Write.}]"),
        ("configs", "[]"),
        ("matrix", "[a]"),
        ("matrix", "{}"),
        ("matrix", "{prompts: [a]}"),
        ("matrix", "{prompts: {a: Write.}}"),
        ("prices", "[a]"),
        ("prices", "{m: 0.5}"),
        ("limits", "[turns]"),
        ("scorers", "cost"),
        ("accept", "termination_message"),
        ("human", "exit"),
    ],
)
def test_a_wrong_shape_comes_with_an_example_that_is_right(
    suite: Any, key: str, wrong: str
) -> None:
    others = {
        "model": "m",
        "accept": "[no_reply]",
        "configs": "[{name: z}]",
        "matrix": "{prompts: {brief: {writer: Be brief.}}}",
    }
    settings = {**others, key: wrong}
    suite.write("suite.yaml", "".join(f"{name}: {text}\n" for name, text in settings.items()))

    (fault,) = faults_of(suite)
    _, found, example = fault.partition("; for example: ")

    assert found, fault
    where = fault.split(": ")[1]
    right = {
        "configs[0]": f"[{example}]",
        "configs[0].prompts": f"[{{name: a, prompts: {example}}}]",
        "matrix.prompts": f"{{prompts: {example}}}",
        "matrix.prompts.a": f"{{prompts: {{a: {example}}}}}",
        "prices.m": f"{{m: {example}}}",
    }.get(where, example)
    settings[key] = right
    suite.write("suite.yaml", "".join(f"{name}: {text}\n" for name, text in settings.items()))
    assert load_suite(suite.root).name == "demo"
