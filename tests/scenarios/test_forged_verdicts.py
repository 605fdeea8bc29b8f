"""A module that attacks what tests it passes no more of the hidden tests than it would honestly.

The attacks share the tests' process; those that inspect frames are not among them, because only
a sandbox that isolates can stop them.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from harness.model.sample import SampleKey
from harness.model.score import CheckResult
from harness.model.team import FinishedSample
from harness.model.transcript import Transcript
from harness.sandboxes.process import ProcessSandbox
from harness.suites import load_checks, load_suite

ROOT = Path(__file__).parents[2] / "scenarios"
TOPICS = ("refill", "burst", "timeout", "threads")

REPLACE_VERDICT = """\
import __main__
for name in ("verdict", "hidden", "own", "outcome"):
    setattr(__main__, name, lambda *given: None)
"""
REPLACE_TESTS = """\
import sys
class Anything:
    def __getattr__(self, name):
        return lambda *given, **more: None
for name in ("hidden_tests", "harness_fakes", "harness_refill", "harness_burst"):
    sys.modules[name] = Anything()
"""
READ_WORD = """\
import __main__, os, pathlib, re, sys
beside = [path for path in pathlib.Path(__file__).parent.rglob("*") if path.is_file()]
texts = [path.read_text() for path in beside] + [repr(vars(__main__)), repr(sys.argv)]
for word in re.findall(r"\\b[0-9a-f]{32}\\b", " ".join(texts)):
    print(f"\\n{word}" + <<report>>, flush=True)
    os._exit(0)
"""
PRINT_REPORT = """\
import os
print("\\n" + "0" * 32 + <<report>>, flush=True)
os._exit(0)
"""
REPLACE_WRITE = """\
import os, re, sys
def changed(write):
    def writing(*given):
        *where, text = given
        is_text = isinstance(text, str)
        text = text if is_text else text.decode()
        text = re.sub(r'''(['"]test_\\w+['"]: )("[^"]*"|'[^']*')''', r"\\1<<value>>", text)
        return write(*where, text if is_text else text.encode())
    return writing
os.write = changed(os.write)
sys.__stdout__ = type("Out", (), {"write": staticmethod(changed(sys.__stdout__.write))})
"""
REPLACE_BUILTINS = """\
import builtins
class Same(list):
    def __eq__(self, other):
        return True
builtins.sum = builtins.list = builtins.sorted = lambda *given: Same()
builtins.ascii = builtins.repr = lambda found: "{}"
"""
ATTACKS = {
    "replaces the verdict": REPLACE_VERDICT,
    "replaces the tests": REPLACE_TESTS,
    "reads the word": READ_WORD,
    "prints a report": PRINT_REPORT,
    "replaces write": REPLACE_WRITE,
    "replaces builtins": REPLACE_BUILTINS,
    "ends the process": "import os\nos._exit(0)\n",
    "exits": "import sys\nsys.exit(0)\n",
}
EACH_ATTACK = pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
SHADOW = """\
def dumps(found):
    tests, value = (found["tests"], "null") if "tests" in found else (found, '""')
    passed = "{" + ", ".join(f'"{name}": {value}' for name in tests) + "}"
    return f'{{"tests": {passed}}}' if "tests" in found else passed
"""


def checked(suite: str, scenario: str, workspace: Path, *names: str) -> dict[str, str]:
    """Why each of the named checks fails."""
    loaded = load_suite(ROOT / suite)
    found = next(each for each in loaded.scenarios if each.name == scenario)
    sample = FinishedSample(
        key=SampleKey(suite=suite, scenario=scenario, config="brief-t0.2", epoch=1),
        scenario=found,
        config=loaded.configs[0],
        transcript=Transcript(engine="autogen", engine_version="-"),
        workspace=workspace,
        sandbox=ProcessSandbox(),
    )
    assert found.checks is not None
    failed = {}
    for name in names:
        try:
            result = load_checks(found.checks)[name](sample)
        except AssertionError as error:
            failed[name] = str(error)
        else:
            if isinstance(result, CheckResult) and not result.passed:
                failed[name] = result.reason
    return failed


def armed(attack: str, tests: Path, passed: str | None) -> str:
    """The attack's code, which knows the hidden tests' names and how a pass is reported."""
    tree = ast.parse(tests.read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if getattr(node, "name", "").startswith("test_")]
    verdicts = dict.fromkeys(names, passed)
    report = f" {{'tests': {verdicts}}}" if passed is None else str(verdicts)
    return attack.replace("<<report>>", repr(report)).replace("<<value>>", repr(passed))


def limiter(name: str) -> str:
    return (ROOT / "rate_limiter" / "token_bucket" / "hidden" / name).read_text(encoding="utf-8")


@EACH_ATTACK
@pytest.mark.parametrize("topic", TOPICS)
def test_a_limiter_that_attacks_fails_every_topic(topic: str, attack: str, tmp_path: Path) -> None:
    tests = ROOT / "rate_limiter" / "token_bucket" / "hidden" / f"harness_{topic}.py"
    code = armed(attack, tests, None) + limiter("harness_never_refuses.py")
    (tmp_path / "rate_limiter.py").write_text(code, encoding="utf-8")

    assert set(checked("rate_limiter", "token_bucket", tmp_path, topic)) == {topic}


@EACH_ATTACK
@pytest.mark.parametrize("name", ["user_search", "session_cache", "invoice_import"])
def test_an_unrepaired_module_that_attacks_fails(name: str, attack: str, tmp_path: Path) -> None:
    folder = ROOT / "code_review" / name
    planted = (folder / "files" / f"{name}.py").read_text(encoding="utf-8")
    code = armed(attack, folder / "hidden_tests.py", "") + planted
    (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")

    assert checked("code_review", name, tmp_path, "hidden_tests")


@pytest.mark.parametrize("shadow", ["json", "os", "traceback", "linecache", "types"])
def test_files_named_like_the_standard_library_forge_nothing(shadow: str, tmp_path: Path) -> None:
    (tmp_path / f"{shadow}.py").write_text(SHADOW, encoding="utf-8")
    (tmp_path / "rate_limiter.py").write_text(limiter("harness_never_refuses.py"))
    planted = ROOT / "code_review" / "user_search" / "files" / "user_search.py"
    (tmp_path / "user_search.py").write_bytes(planted.read_bytes())

    failed = checked("rate_limiter", "token_bucket", tmp_path, *TOPICS)

    assert set(failed) == set(TOPICS)
    assert all(" failed: AssertionError: " in reason for reason in failed.values())
    reason = checked("code_review", "user_search", tmp_path, "hidden_tests")["hidden_tests"]
    assert reason.startswith("4 of 9 hidden tests passed")


OWN_TESTS = """\
import unittest
class Tests(unittest.TestCase):
    def test_one(self):
        self.fail("one")
    def test_two(self):
        self.fail("two")
"""
STAND_IN = """\
class TestCase:
    pass
class TestResult:
    failures = errors = skipped = ()
class defaultTestLoader:
    def loadTestsFromModule(module):
        return defaultTestLoader
    def run(names):
        names.result.names.extend(["test_one", "test_two"])
"""


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"unittest.py": STAND_IN}, id="a unittest of their own"),
        pytest.param(
            {
                "rate_limiter.py": "import unittest\n"
                "unittest.TestCase.fail = lambda self, text: None\n"
                "unittest.TestResult.addFailure = lambda self, test, error: None\n",
                "test_rate_limiter.py": "import rate_limiter\n" + OWN_TESTS,
            },
            id="changes unittest",
        ),
        pytest.param(
            {"test_rate_limiter.py": REPLACE_VERDICT + OWN_TESTS},
            id="replaces the verdict",
        ),
    ],
)
def test_own_tests_that_fail_do_not_pass(files: dict[str, str], tmp_path: Path) -> None:
    given = {"rate_limiter.py": "", "test_rate_limiter.py": OWN_TESTS, **files}
    for name, text in given.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    assert set(checked("rate_limiter", "token_bucket", tmp_path, "own_tests")) == {"own_tests"}
