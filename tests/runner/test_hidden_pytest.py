"""Hidden tests run by `sample.run_pytest` are passed by the right code and by nothing else."""

from __future__ import annotations

import py_compile
from collections.abc import Iterator
from pathlib import Path

import pytest
from judged import EVERY, outcomes, sample_of, write_suite

from harness.protocols import Sandbox

CHECKS = '''
TESTS = """
import pytest
from adder import add

def test_adds():
    assert add(2, 2) == 4

@pytest.mark.parametrize("number", [3, 5])
def test_adds_more(number):
    assert add(number, 1) == number + 1

class TestMany:
    def test_nothing(self, tmp_path):
        assert add(0, 0) == 0
"""

def check_hidden(sample):
    sample.run_pytest({"test_adder.py": TESTS}).require_passed()
'''
NAMES = """
def check_names(sample):
    always_four = {"adder.py": "def add(a, b): return 4"}
    found = sample.run_pytest({"test_adder.py": TESTS}, files=always_four)
    assert found.tests["test_adder.py::test_adds"] == ""
    assert "test_adder.py::test_adds_more[5]" in found.failed, found.tests
"""
ODD = """
def check_name(sample):
    sample.run_pytest({"../test_x.py": ""})

def check_own(sample):
    sample.run_pytest({"test_own.py": "def helper(): pass"}).require_passed()
"""
TRUSTING = """
def check_trusting(sample):
    test = "from adder import add\\ndef test_adds(): assert add(2, 2) == 4"
    code = "import pytest; raise SystemExit(pytest.main(['test_adder.py']))"
    assert sample.run_python(code, files={"test_adder.py": test}).exit_code == 0
"""
RIGHT = "def add(a, b):\n    return a + b\n"
WRONG = "def add(a, b):\n    return 41\n"
PASS_ALL = """
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome, report.longrepr = "passed", None
    return report

def pytest_sessionfinish(session):
    session.exitstatus = 0
"""
CHEAT = "import os, sys\nprint('4 passed')\nsys.stdout.flush()\nos._exit(0)\n"
PLANTED: dict[str, dict[str, str]] = {
    "a conftest": {"conftest.py": PASS_ALL},
    "a plugin named in every ini file": {
        "evil.py": PASS_ALL,
        "pytest.ini": "[pytest]\naddopts = -p evil\n",
        "tox.ini": "[pytest]\naddopts = -p evil\n",
        "setup.cfg": "[tool:pytest]\naddopts = -p evil\n",
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-p evil"\n',
    },
    "an installed plugin": {
        "evil.py": PASS_ALL,
        "evil-1.dist-info/entry_points.txt": "[pytest11]\nevil = evil\n",
        "evil-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1\n",
    },
    "another pytest": dict.fromkeys(
        ("pytest.py", "_pytest/__init__.py", "pluggy.py", "sitecustomize.py"), CHEAT
    ),
    "another standard library": {f"{name}.py": CHEAT for name in ("tempfile", "ast", "inspect")},
    "a test of the same name": {"test_adder.py": "def test_adds(): pass\n"},
    "an end": {"adder.py": f"{CHEAT}{WRONG}"},
    "an exit": {"adder.py": f"raise SystemExit(0)\n{WRONG}"},
    "a skip": {"adder.py": f"import pytest\npytest.skip('done', allow_module_level=True)\n{WRONG}"},
    "an end of pytest": {"adder.py": f"import pytest\npytest.exit('done', 0)\n{WRONG}"},
    "a late skip": {"adder.py": "import pytest\ndef add(a, b):\n    pytest.skip('done')\n"},
    "an expected failure": {
        "adder.py": "import pytest\ndef add(a, b):\n    pytest.xfail('done')\n"
    },
    "a late interrupt": {"adder.py": "def add(a, b):\n    raise KeyboardInterrupt\n"},
    "a late end": {"adder.py": "import os\ndef add(a, b):\n    os._exit(0)\n"},
    "wrong code": {},
}


@pytest.fixture(params=EVERY)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    made = EVERY[request.param]()
    if made.fault is not None:
        pytest.skip(made.fault)
    yield made
    made.close()


def workspace_with(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def test_the_right_code_passes_and_each_test_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    workspace = workspace_with(tmp_path / "work", {"adder.py": RIGHT})

    found = outcomes(sample_of(write_suite(tmp_path / "suite", CHECKS + NAMES), workspace, sandbox))

    assert found == {"hidden": "passed", "names": "passed"}


@pytest.mark.parametrize("planted", PLANTED)
def test_nothing_that_agents_plant_passes_for_them(planted: str, tmp_path: Path) -> None:
    sandbox = EVERY["plain"]()
    files = {"adder.py": WRONG, **PLANTED[planted]}
    workspace = workspace_with(tmp_path / "work", files)
    suite = write_suite(tmp_path / "suite", CHECKS)

    verdict = outcomes(sample_of(suite, workspace, sandbox))["hidden"]

    sandbox.close()
    assert verdict.startswith("failed: test_adder.py")


STOPS = {
    "an interrupt": "def add(a, b):\n    if a == 9: raise KeyboardInterrupt\n    return a + b\n",
    "an end of pytest": (
        "import pytest\ndef add(a, b):\n    if a == 9: pytest.exit('done', 0)\n    return a + b\n"
    ),
}
LAST = """
TEST = '''
import unittest
from adder import add

def test_adds():
    assert add(1, 1) == 2

class Hidden(unittest.TestCase):
    def test_within(self):
        self.assertEqual(add(9, 1), 10)

class TestOuter:
    class TestInner:
        def test_deep(self):
            assert add(2, 2) == 5
'''

def check_all(sample):
    sample.run_pytest({"test_adder.py": TEST}).require_passed()

def check_place(sample):
    sample.run_pytest({"test_x.py": "def test_a(no_such): pass"}).require_passed()
"""


@pytest.mark.parametrize("way", STOPS)
def test_a_session_that_is_stopped_early_passes_no_test_that_was_not_over(
    way: str, tmp_path: Path
) -> None:
    sandbox = EVERY["plain"]()
    workspace = workspace_with(tmp_path / "work", {"adder.py": STOPS[way]})

    found = outcomes(sample_of(write_suite(tmp_path / "suite", LAST), workspace, sandbox))

    sandbox.close()
    assert found["all"].startswith("failed: test_adder.py::Hidden::test_within: ")
    assert "hidden-" not in found["place"]


def test_a_planted_cache_is_not_what_runs(tmp_path: Path) -> None:
    sandbox = EVERY["plain"]()
    files = {"adder.py": WRONG, "fake.py": "def test_adds(): 0"}
    workspace = workspace_with(tmp_path / "work", files)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    name = py_compile.compile(str(workspace / "fake.py"), invalidation_mode=mode)
    Path(name).rename(name.replace("fake", "test_adder"))

    verdict = outcomes(sample_of(write_suite(tmp_path / "suite", CHECKS), workspace, sandbox))[
        "hidden"
    ]

    sandbox.close()
    assert verdict.startswith("failed: test_adder.py::test_adds: assert 41 == 4")


def test_no_test_is_no_pass_and_a_name_that_leads_out_is_a_mistake(tmp_path: Path) -> None:
    sandbox = EVERY["plain"]()
    workspace = workspace_with(tmp_path / "work", {"adder.py": RIGHT})

    found = outcomes(sample_of(write_suite(tmp_path / "suite", ODD), workspace, sandbox))

    sandbox.close()
    assert "'../test_x.py' is no file name of a test module" in found["name"]
    assert found["own"].startswith("failed: no test ran")


def test_what_is_planted_does_pass_where_the_exit_code_of_pytest_is_trusted(tmp_path: Path) -> None:
    sandbox = EVERY["plain"]()
    files = {"adder.py": WRONG, "conftest.py": PASS_ALL}
    workspace = workspace_with(tmp_path / "work", files)

    verdict = outcomes(sample_of(write_suite(tmp_path / "suite", TRUSTING), workspace, sandbox))

    sandbox.close()
    assert verdict == {"trusting": "passed"}
