from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harness.errors import SuiteError
from harness.logs import find_log, read_log
from harness.suites import load_callable, load_checks, load_suite, new_scenario

if TYPE_CHECKING:
    from pathlib import Path

SUITE_FILES = {
    "suite.yaml",
    "team.py",
    "checks.py",
    "script.py",
    "prompts/brief.md",
    "prompts/careful.md",
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def relative(paths: list[Path], root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in paths}


def test_a_new_suite_is_valid_as_it_is(tmp_path: Path) -> None:
    written = new_scenario(tmp_path / "scenarios", "demo/adding")

    root = tmp_path / "scenarios/demo"
    loaded = load_suite(root)
    assert relative(written, root) == SUITE_FILES | {
        "adding/scenario.yaml",
        "adding/files/numbers.txt",
    }
    assert [scenario.name for scenario in loaded.scenarios] == ["adding"]
    assert len(loaded.configs) == 4
    assert loaded.scenarios[0].script is not None
    assert loaded.scenarios[0].checks is not None
    assert callable(load_callable(loaded.scenarios[0].team))
    assert list(load_checks(loaded.scenarios[0].checks)) == [
        "printed_the_sum",
        "answered_with_the_sum",
    ]


def test_one_name_stands_for_suite_and_scenario(tmp_path: Path) -> None:
    new_scenario(tmp_path, "demo")

    (scenario,) = load_suite(tmp_path / "demo").scenarios
    assert (scenario.suite, scenario.name) == ("demo", "demo")


def test_in_a_suite_that_exists_only_the_scenario_is_made(tmp_path: Path) -> None:
    new_scenario(tmp_path, "demo/first")
    before = (tmp_path / "demo/suite.yaml").read_text()

    written = new_scenario(tmp_path, "demo/second")

    assert relative(written, tmp_path / "demo/second") == {"scenario.yaml", "files/numbers.txt"}
    assert (tmp_path / "demo/suite.yaml").read_text() == before
    assert len(load_suite(tmp_path / "demo").scenarios) == 2


@pytest.mark.parametrize(
    "there",
    [
        pytest.param("demo/first/scenario.yaml", id="the scenario"),
        pytest.param("demo/team.py", id="another file in the suite's folder"),
        pytest.param("demo", id="a file in the folder's place"),
    ],
)
def test_nothing_is_ever_overwritten(tmp_path: Path, there: str) -> None:
    path = tmp_path / there
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")

    with pytest.raises(SuiteError, match="already there and nothing is overwritten"):
        new_scenario(tmp_path, "demo/first")

    assert path.read_text() == "mine"
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [path]


def test_a_folder_that_is_there_is_named_without_a_line(tmp_path: Path) -> None:
    new_scenario(tmp_path / "scenarios", "demo/first")

    with pytest.raises(SuiteError) as caught:
        new_scenario(tmp_path / "scenarios", "demo/first")

    assert str(caught.value).startswith("scenarios/demo/first: this is already there and ")


def test_scenarios_made_from_the_template_have_tasks_of_their_own(tmp_path: Path) -> None:
    for name in ("demo/first", "demo/second", "other/first"):
        new_scenario(tmp_path, name)

    suites = [load_suite(tmp_path / name) for name in ("demo", "other")]
    assert len({scenario.task for suite in suites for scenario in suite.scenarios}) == 3


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/../b", "a/b/c", "/", "-x", 'a"b', ".x"])
def test_a_bad_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SuiteError, match="is not valid; use up to 100 letters"):
        new_scenario(tmp_path, name)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("zürich", r"\(a to z, A to Z\).* \(for example 'zurich'\); 'ü' is none of these"),
        ("größe", r"\(a to z, A to Z\).*letter or digit; 'öß' is none of these"),
        ("привет", r"\(a to z, A to Z\).*; 'привет' is none of these"),
    ],
)
def test_a_name_of_letters_is_told_which_letters_a_name_may_have(
    tmp_path: Path, name: str, told: str
) -> None:
    with pytest.raises(SuiteError, match=told):
        new_scenario(tmp_path, f"demo/{name}")


def test_the_python_that_is_written_is_documented_and_needs_no_framework_to_load(
    tmp_path: Path,
) -> None:
    new_scenario(tmp_path, "demo")

    for path in (tmp_path / "demo").glob("*.py"):
        tree = ast.parse(path.read_text())
        imported = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
        assert ast.get_docstring(tree), path
        assert imported <= {"harness.mocks", "harness.model.team"}, path


def test_a_new_suite_runs_at_once_and_passes(tmp_path: Path) -> None:
    new_scenario(tmp_path / "scenarios", "demo/adding")
    command = [sys.executable, "-m", "harness", "run", "demo", "-e", "1", "-n", "1", "--no-report"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    samples = read_log(find_log(tmp_path / ".harness/runs", "latest")).samples
    assert [sample.is_success for sample in samples] == [True] * 4
    # The story the template tells: the brief prompt's program fails first and is mended.
    exit_codes = {
        sample.key.config: [each.exit_code for each in sample.transcript.code_executions]
        for sample in samples
    }
    assert exit_codes == {
        "brief-t0.2": [1, 0],
        "brief-t1.0": [1, 0],
        "careful-t0.2": [0],
        "careful-t1.0": [0],
    }
