"""The user's Python: loaded by path, once, and its failures told by file and line."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from harness.errors import HarnessError, SuiteError
from harness.model.scenario import PythonReference
from harness.suites import load_callable, load_checks, sibling

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def reference(folder: Path, text: str, *, file: str = "team.py") -> PythonReference:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return PythonReference(path=str(path), attribute="build")


def test_a_function_is_loaded_once_however_its_file_is_named(tmp_path: Path) -> None:
    loaded = reference(tmp_path, "calls = []\ndef build(x): return (x, calls)\n")
    (tmp_path / "again.py").symlink_to(tmp_path / "team.py")
    linked = PythonReference(path=str(tmp_path / "again.py"), attribute="build")

    assert load_callable(loaded)(1) == (1, [])
    assert load_callable(loaded) is load_callable(loaded)
    assert load_callable(linked)(1)[1] == []


def test_two_suites_may_use_the_same_file_names(tmp_path: Path) -> None:
    first = reference(tmp_path / "a", "def build(): return 'a'\n")
    second = reference(tmp_path / "b", "def build(): return 'b'\n")

    assert (load_callable(first)(), load_callable(second)()) == ("a", "b")


def test_loading_changes_neither_the_search_path_nor_the_folder(tmp_path: Path) -> None:
    before = list(sys.path)

    load_callable(reference(tmp_path, "def build(): pass\n"))

    assert sys.path == before
    assert [path.name for path in tmp_path.iterdir()] == ["team.py"]


def test_dataclasses_and_pickles_work_in_a_suite(tmp_path: Path) -> None:
    text = (
        "from __future__ import annotations\n"
        "import pickle\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Row:\n    x: int\n"
        "def build(): return pickle.loads(pickle.dumps(Row(3))).x\n"
    )

    assert load_callable(reference(tmp_path, text))() == 3


def test_checks_come_in_the_order_they_are_defined_in(tmp_path: Path) -> None:
    checks = load_checks(
        reference(tmp_path, "def check_b(s): pass\ndef helper(): pass\ndef check_a(s): pass\n")
    )

    assert list(checks) == ["b", "a"]


def test_a_file_without_checks_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"^team\.py:1: no function has a name beginning"):
        load_checks(reference(tmp_path, "def chek_b(s): pass\n"))


def test_siblings_are_found_beside_and_from_a_scenario_in_the_suite(tmp_path: Path) -> None:
    (tmp_path / "suite.yaml").touch()
    reference(tmp_path, "value = 'suite'\n", file="common.py")
    reference(tmp_path, "value = 'own'\n", file="first/parts.py")
    team = reference(
        tmp_path,
        "from harness.suites import sibling\n"
        "def build(): return [sibling(__file__, n).value for n in ('common', 'parts')]\n",
        file="first/team.py",
    )

    assert load_callable(team)() == ["suite", "own"]


@pytest.mark.parametrize("name", ["comon", "../common", "common.py"])
def test_a_missing_sibling_names_those_there_are(tmp_path: Path, name: str) -> None:
    (tmp_path / "suite.yaml").touch()
    reference(tmp_path, "", file="common.py")

    with pytest.raises(SuiteError, match=r"^team\.py:1: there is no module .*: common") as caught:
        sibling(str(tmp_path / "team.py"), name)

    assert "Did you mean 'common'?" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "\nraise ValueError('two\\nlines')\n",
            "team.py:2: importing this file raised ValueError: two; lines",
            id="exception",
        ),
        pytest.param(
            "\n\nimport no_such_module\n",
            "team.py:3: importing this file raised ModuleNotFoundError: No module named "
            "'no_such_module'. If it is a package, install it; if it lies beside this file, "
            "see sibling()",
            id="missing module",
        ),
        pytest.param("def build(:\n", "team.py:1: invalid Python: invalid syntax", id="syntax"),
        pytest.param("raise SystemExit(3)\n", "team.py:1: ... SystemExit: 3", id="exit"),
        pytest.param("build = 3\n", "team.py:1: 'build' is not a function", id="no function"),
        pytest.param(
            "def biuld(): pass\n",
            "team.py:1: 'build' is not defined in this file. Did you mean 'biuld'?",
            id="misspelt",
        ),
        pytest.param(
            "def f(): return 1 / 0\n\nf()\n",
            "team.py:1: ... ZeroDivisionError: division by zero",
            id="deepest line of the file",
        ),
    ],
)
def test_a_failing_import_names_file_line_and_exception(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(SuiteError) as caught:
        load_callable(reference(tmp_path, text))

    for part in said.split("..."):
        assert part in str(caught.value)


def test_a_sibling_that_fails_is_the_one_that_is_named(tmp_path: Path) -> None:
    reference(tmp_path, "1 / 0\n", file="common.py")
    team = reference(
        tmp_path, "from harness.suites import sibling\ncommon = sibling(__file__, 'common')\n"
    )

    with pytest.raises(SuiteError, match=r"^common\.py:1: .*ZeroDivisionError"):
        load_callable(team)


def test_our_own_errors_pass_through_and_a_repaired_file_loads(tmp_path: Path) -> None:
    text = "from harness.errors import HarnessError\nraise HarnessError('mine')\n"
    team = reference(tmp_path, text)
    with pytest.raises(HarnessError, match=r"^mine$"):
        load_callable(team)

    reference(tmp_path, "def build(): return 'repaired'\n")

    assert load_callable(team)() == "repaired"


@pytest.mark.parametrize("optimize", ["", "1", "2"])
def test_an_assert_in_a_check_fails_even_where_python_drops_asserts(
    tmp_path: Path, optimize: str
) -> None:
    (tmp_path / "common.py").write_text("def require(x):\n    assert x, 'in a sibling'\n")
    (tmp_path / "checks.py").write_text(
        "from harness.suites import sibling\n"
        "def check_a(s):\n    assert False, 'in a check'\n"
        "def check_b(s):\n    sibling(__file__, 'common').require(False)\n"
    )
    # What an optimising interpreter leaves behind must not be used either.
    environ = {**os.environ, "PYTHONOPTIMIZE": optimize}
    compiling = [sys.executable, "-m", "compileall", "-q", str(tmp_path)]
    subprocess.run(compiling, env=environ, check=True)
    code = (
        "from harness.model.scenario import PythonReference\n"
        "from harness.suites import load_checks\n"
        "for check in load_checks(PythonReference(path='checks.py', attribute='')).values():\n"
        "    try: check(None)\n"
        "    except AssertionError as error: print(error)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines() == ["in a check", "in a sibling"]
