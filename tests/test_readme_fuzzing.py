"""What the README says about fuzzing and faults runs as it is written there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli_project import write_suite

import harness.fuzzing
from harness.model.faults import FAULTS
from harness.suites import load_suite

pytest_plugins = ["pytester"]

README = Path(__file__).parents[1] / "README.md"


def block(name: str) -> str:
    text = README.read_text(encoding="utf-8")
    found = re.search(
        rf"^```\w+\n# {re.escape(name)}.*?\n(.*?)^```$", text, re.DOTALL | re.MULTILINE
    )
    assert found, f"the README has no block {name!r}"
    return found[1]


def test_the_test_of_a_team_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_my_team=block("test_my_team.py"))

    done = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", "-q")

    done.assert_outcomes(passed=1)


def test_the_keys_for_faults_and_fuzzing_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = write_suite(tmp_path)
    monkeypatch.chdir(tmp_path)
    text = (suite / "suite.yaml").read_text().replace("script: script.py:build\n", "")
    (suite / "suite.yaml").write_text(text + block("faults.yaml"))

    (scenario,) = load_suite(suite).scenarios

    assert scenario.resilience is not None
    assert set(scenario.resilience.survive) == set(FAULTS)
    assert len(scenario.resilience.plans) == 2 * len(FAULTS) + 1
    assert scenario.fuzz.approval == "LGTM"
    assert scenario.mocked == ("reviewer",)
    assert not scenario.is_scripted


def test_the_example_of_the_package_passes(pytester: pytest.Pytester) -> None:
    example = (harness.fuzzing.__doc__ or "").partition("Under pytest::\n")[2]
    assert "@harness.fuzz(" in example
    lines = [line.removeprefix("    ") for line in example.splitlines()]
    pytester.makepyfile(test_docs="\n".join(lines))

    done = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider", "-q")

    done.assert_outcomes(passed=1)
