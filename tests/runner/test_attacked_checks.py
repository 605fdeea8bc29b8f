"""Whatever agents leave in their workspace or try while they run, a wrong answer does not pass.

Their work is wrong in every way the checks look at. One check reads a file with pandas, one
compares what their module computes with numbers it did not know before, one looks at text.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from judged import ISOLATING, outcomes, sample_of, write_suite

from harness.model.score import CheckResult
from harness.protocols import Sandbox
from harness.runner.check_messages import Judged, Loaded

CHECKS = """
import json, random, secrets

def check_table(sample):
    import pandas
    path = sample.workspace / "table.csv"
    assert path.is_file(), "no table"
    assert len(pandas.read_csv(path)) == 3, "rows are missing"

def check_text(sample):
    path = sample.workspace / "answer.json"
    assert path.is_file(), "no answer"
    assert json.loads(path.read_text()) == 42, "another answer"

def check_adds(sample):
    pairs = [(random.SystemRandom().random(), secrets.randbelow(99)) for _ in range(5)]
    code = f"import adder\\nfor pair in {pairs!r}:\\n    print(adder.add(*pair))"
    expected = "".join(f"{one + other}\\n" for one, other in pairs)
    assert sample.run_python(code).stdout == expected, "it cannot add"

def check_hidden_test(sample):
    # In one process with their module, which must not know how to report a pass.
    mark = secrets.token_hex(16)
    code = (
        "import sys; sys.path.pop(0); sys.dont_write_bytecode = True\\n"
        "def report(text, write=__import__('os').write): write(1, text.encode())\\n"
        f"mark = {mark!r}\\n"
        "sys.path.insert(0, '.')\\n"
        "import adder\\n"
        "report(mark + (' passed' if adder.add(2, 3) == 5 else ' failed'))\\n"
    )
    assert f"{mark} passed" in sample.run_python(code).stdout, "the hidden test failed"
"""
WRONG = {
    "table.csv": "a,b\n1,2\n",
    "answer.json": "41",
    "adder.py": "def add(a, b):\n    return a - b\n",
}
# What each of these would do if the checks' process ever imported it.
SUBVERT = """
import os, sys
for name, module in list(sys.modules.items()):
    if name.startswith("harness.") and hasattr(module, "run_check"):
        from harness.model.score import CheckResult
        module.run_check = lambda name, *given: CheckResult(name=name, passed=True)
class Anything:
    def __getattr__(self, name): return lambda *given, **more: Anything()
    def __len__(self): return 3
    def __eq__(self, other): return True
def loads(*given): return 42
def read_csv(*given): return [1, 2, 3]
def __getattr__(name): return Anything()
print("1 passed", flush=True)
"""
FORGED = b"".join(
    struct.pack("!i", len(data)) + data
    for data in (
        msgspec.msgpack.encode(message)
        for message in (
            Loaded(("table", "text", "adds", "hidden_test")),
            *(
                Judged(result=CheckResult(name=name, passed=True, reason="fine"))
                for name in ("table", "text", "adds", "hidden_test")
            ),
        )
    )
)
WRITE_EVERYWHERE = f"""
import os
forged = {FORGED!r}
for number in range(3, 1024):
    try:
        os.write(number, forged)
    except OSError:
        pass
"""
SHADOWS = (
    "conftest", "sitecustomize", "usercustomize", "pandas", "pytest", "json", "random", "secrets",
    "harness", "msgspec", "numpy", "unittest", "builtins", "checks", "helper",
)  # fmt: skip
FILES: dict[str, dict[str, str]] = {
    "every name that Python or a test runner might import": {
        **{f"{name}.py": SUBVERT for name in SHADOWS},
        "pandas/__init__.py": SUBVERT,
        "harness/__init__.py": SUBVERT,
    },
    "start-up files": {
        "evil.pth": "import os; os._exit(0)\n",
        "site-packages/evil.pth": "import os; os._exit(0)\n",
        ".pythonrc.py": SUBVERT,
        ".pdbrc": "import os; os._exit(0)\n",
        "pyvenv.cfg": "home = /workspace\n",
        "pytest.ini": "[pytest]\naddopts = --collect-only\n",
        "setup.cfg": "[tool:pytest]\naddopts = --collect-only\n",
    },
    "verdicts in files": dict.fromkeys(
        ("verdict.json", "result.json", "harness_check.py", ".harness/verdict.json"),
        '{"passed": true, "checks": [{"name": "adds", "passed": true}]}',
    ),
}
MODULES = {
    "ends the process": "import os\nos._exit(0)\n",
    "prints a verdict": "print('passed')\nprint('4 passed')\nraise SystemExit(0)\n",
    "kills its parent": (
        "import os, signal\n"
        "for number in (os.getppid(), 1, -1):\n"
        "    try:\n        os.kill(number, signal.SIGKILL)\n"
        "    except OSError:\n        pass\n"
    ),
    "writes to every descriptor": WRITE_EVERYWHERE,
    "looks for the connection": (
        "import gc, os, socket, sys\n"
        "from multiprocessing.connection import Connection\n"
        f"forged = {FORGED!r}\n"
        "frame = sys._getframe()\n"
        "while frame:\n"
        "    known = [*frame.f_locals.values(), *frame.f_globals.values(), *gc.get_objects()]\n"
        "    for value in known:\n"
        "        if isinstance(value, (Connection, socket.socket)):\n"
        "            try:\n                os.write(value.fileno(), forged)\n"
        "            except OSError:\n                pass\n"
        "    frame = frame.f_back\n"
    ),
    "looks into other processes": (
        "import os\n"
        f"forged = {FORGED!r}\n"
        "for number in filter(str.isdigit, os.listdir('/proc')):\n"
        "    if int(number) == os.getpid(): continue\n"
        "    for place in ('fd', 'cwd', 'root', 'mem'):\n"
        "        path = f'/proc/{number}/{place}'\n"
        "        try:\n"
        "            for each in os.listdir(path) if place == 'fd' else ():\n"
        "                open(f'{path}/{each}', 'wb', buffering=0).write(forged)\n"
        "            open(path, 'r+b').close()\n"
        "        except OSError:\n            pass\n"
    ),
}
LIES_TO_TESTS = (
    "import builtins, unittest, sys\n"
    "builtins.print = lambda *given: sys.stdout.write('True\\n')\n"
    "unittest.TestCase.run = lambda *given: None\n"
    "class Same(float):\n    __eq__ = lambda self, other: True\n"
    "    __str__ = lambda self: '4'\n"
    "def add(a, b):\n    return Same(0)\n"
)
BLOCKS = {
    **MODULES,
    "leaves a process behind": (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        for _ in range(600):\n"
        "            open('answer.json', 'w').write('42')\n"
        "            time.sleep(0.1)\n"
        "os._exit(0)\n"
    ),
    "sets what Python reads when it starts": (
        "import os, pathlib\n"
        "os.environ.update(PYTHONSTARTUP='/workspace/evil.py', PYTHONPATH='/workspace')\n"
        "home = pathlib.Path.home()\n"
        "for place in (home, pathlib.Path('/tmp'), home / '.local/lib/python3.11/site-packages'):\n"
        "    place.mkdir(parents=True, exist_ok=True)\n"
        f"    for name in ('usercustomize.py', 'sitecustomize.py', 'pandas.py', 'json.py'):\n"
        f"        (place / name).write_text({SUBVERT!r})\n"
    ),
}


@pytest.fixture(params=ISOLATING, scope="module")
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    made = ISOLATING[request.param]()
    yield made
    made.close()


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_suite(tmp_path_factory.mktemp("attacked") / "suite", CHECKS)


def workspace_with(folder: Path, files: dict[str, str]) -> Path:
    for name, text in {**WRONG, **files}.items():
        path = folder / "workspace" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "workspace"


def assert_all_failed(suite: Path, workspace: Path, sandbox: Sandbox) -> None:
    found = outcomes(sample_of(suite, workspace, sandbox))
    assert {name: outcome.partition(" (")[0] for name, outcome in found.items()} == {
        "table": "failed: rows are missing",
        "text": "failed: another answer",
        "adds": "failed: it cannot add",
        "hidden_test": "failed: the hidden test failed",
    }


def test_the_honest_answer_passes_so_that_failing_means_something(
    suite: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    right = {
        "table.csv": "a\n1\n2\n3\n",
        "answer.json": "42",
        "adder.py": "def add(a, b):\n    return a + b\n",
    }

    found = outcomes(sample_of(suite, workspace_with(tmp_path, right), sandbox))

    assert [found[name] for name in ("table", "text", "adds")] == ["passed"] * 3


@pytest.mark.parametrize("files", FILES.values(), ids=FILES)
def test_no_file_in_the_workspace_makes_a_check_pass(
    suite: Path, sandbox: Sandbox, tmp_path: Path, files: dict[str, str]
) -> None:
    assert_all_failed(suite, workspace_with(tmp_path, files), sandbox)


@pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)
def test_no_module_that_a_check_runs_makes_it_pass(
    suite: Path, sandbox: Sandbox, tmp_path: Path, module: str
) -> None:
    attacked = {"adder.py": module + WRONG["adder.py"]}

    assert_all_failed(suite, workspace_with(tmp_path, attacked), sandbox)


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_nothing_that_ran_before_makes_a_check_pass(
    suite: Path, sandbox: Sandbox, tmp_path: Path, block: str
) -> None:
    workspace = workspace_with(tmp_path, {})
    # With the server for checks at work already.
    sample_of(suite, workspace, sandbox)

    sandbox.run(workspace, block, language="python", filename="block.py", timeout_seconds=20)

    (workspace / "answer.json").write_text("41")
    assert_all_failed(suite, workspace, sandbox)


def test_a_module_can_fool_a_test_that_shares_its_process_but_not_a_check_outside(
    suite: Path, sandbox: Sandbox, tmp_path: Path
) -> None:
    workspace = workspace_with(tmp_path, {"adder.py": LIES_TO_TESTS})

    found = outcomes(sample_of(suite, workspace, sandbox))

    assert found["hidden_test"] == "passed"
    assert found["adds"].startswith("failed: it cannot add")
