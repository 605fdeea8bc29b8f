"""How a block ended is told by what it did, with real programs in a real sandbox."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model.execution import CodeLimits
from harness.model.outcomes import OUTCOME_KINDS, outcome_of
from harness.model.transcript import CodeExecution
from harness.sandboxes.process import ProcessSandbox

UNITTEST = """\
import unittest
class Sums(unittest.TestCase):
    def test_good(self): self.assertEqual(1 + 1, 2)
    def test_bad(self): {body}
unittest.main({options})
"""
PYTEST = """\
import subprocess, sys
open("test_it.py", "w").write('''{test}''')
command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
sys.exit(subprocess.run(command).returncode)
"""
DOCTEST = '''\
def double(x):
    """
    >>> double(2)
    5
    """
    return 2 * x
import doctest
doctest.testmod()
'''

# code, kind, what is shown of it
PROGRAMS = {
    "it printed": ("print(1)", "passed", ""),
    "its tests passed": (UNITTEST.format(body="pass", options=""), "passed", ""),
    "an assertion failed": (
        "assert 1 == 2, 'sums\\nare off'",
        "wrong",
        "AssertionError: sums",
    ),
    "a bare assertion failed": ("assert not [0]", "wrong", "AssertionError"),
    "a unit test failed": (
        UNITTEST.format(body="self.fail()", options=""),
        "wrong",
        "FAILED (failures=1)",
    ),
    "a unit test failed, and the code hid it": (
        UNITTEST.format(body="self.fail()", options="exit=False"),
        "wrong",
        "FAILED (failures=1)",
    ),
    "a unit test crashed": (
        UNITTEST.format(body="1 / 0", options=""),
        "crashed",
        "FAILED (errors=1)",
    ),
    "a test of pytest failed": (
        PYTEST.format(test="def test_a(): assert 1 == 2\ndef test_b(): pass"),
        "wrong",
        "1 failed, 1 passed",
    ),
    "pytest could not import its tests": (
        PYTEST.format(test="import no_such_module"),
        "crashed",
        "1 error",
    ),
    "a doctest failed": (DOCTEST, "wrong", "***Test Failed*** 1 failures."),
    "it raised": ("{}['rows']", "crashed", "KeyError: 'rows'"),
    "it raised while it handled a failed assertion": (
        "try:\n    assert False\nexcept AssertionError:\n    int('x')",
        "crashed",
        "ValueError: invalid literal for int() with base 10: 'x'",
    ),
    "it only printed about an assertion, and left": (
        "import sys\nsys.stderr.write('AssertionError: no\\n')\nsys.exit(3)",
        "crashed",
        "exit code 3",
    ),
    "it does not compile": ("def broken(:", "crashed", "SyntaxError: invalid syntax"),
    "a signal ended it": ("import os\nos.kill(os.getpid(), 11)", "crashed", "SIGSEGV"),
}


@pytest.fixture(scope="module")
def sandbox():
    made = ProcessSandbox()
    yield made
    made.close()


@pytest.fixture
def outcome(sandbox, tmp_path):
    """Runs a program and tells how it ended."""

    def run(code, *, seconds=20.0, limits=None):
        done = sandbox.run(
            tmp_path,
            code,
            language="python",
            filename="block.py",
            timeout_seconds=seconds,
            limits=limits,
        )
        return outcome_of(
            event(
                code=code,
                exit_code=done.exit_code,
                output=done.output,
                stdout=done.stdout,
                stderr=done.stderr,
                timed_out=done.timed_out,
                limit=done.limit,
                sandbox=sandbox.label,
                duration_seconds=done.duration_seconds,
            )
        )

    return run


def event(**fields):
    given = {
        "agent": "executor",
        "language": "python",
        "code": "pass",
        "exit_code": 0,
        "output": "",
        "duration_seconds": 0.1,
        "sandbox": "process",
    }
    return CodeExecution(index=0, offset_seconds=0.0, **{**given, **fields})


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_ends_in_one_of_the_ways(program, outcome):
    code, kind, what = PROGRAMS[program]

    ended = outcome(code)

    assert (ended.kind, ended.what) == (kind, what)
    assert ended.is_success == (kind == "passed")
    assert ended.was_executed


def test_running_out_of_time_is_no_crash(outcome):
    ended = outcome("while True: pass", seconds=0.4)

    assert ended.kind == "timed out"
    assert ended.what.startswith("after 0.")


def test_a_limit_is_named(outcome, sandbox):
    if not sandbox.is_isolated:
        pytest.skip(f"limits are not enforced by: {sandbox.label}")
    ended = outcome("while True: print('x' * 1000)", limits=CodeLimits(output_kb=1))

    assert (ended.kind, ended.what) == ("limit", "output")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"infrastructure": "OSError: File name too long"}, "infrastructure (OSError: File name"),
        ({"sandbox": "", "output": "unknown language cobol"}, "not run (unknown language cobol)"),
        ({"timed_out": True, "limit": "wall"}, "timed out (after 0.1 s)"),
        ({"limit": "disk", "exit_code": 0}, "limit (disk)"),
        ({"limit": "cpu", "contained": ("OSError: [Errno 1] no",)}, "limit (cpu)"),
        ({"contained": ("OSError: a", "OSError: b")}, "contained (OSError: a; OSError: b)"),
        ({"contained": ("OSError: a",), "exit_code": 0}, "passed"),
        ({"exit_code": -70}, "crashed (signal 70)"),
    ],
)
def test_what_kept_it_from_its_end_goes_before_what_it_printed(fields, told):
    failing = "Traceback (most recent call last):\nAssertionError: no\n"
    printed = {} if fields.get("exit_code") in (0, -70) else {"stderr": failing}

    assert str(outcome_of(event(**{"exit_code": 1, **printed, **fields}))).startswith(told)


def test_where_only_the_told_output_is_known_it_is_read_instead():
    told = 'Traceback (most recent call last):\n  File "x", line 1\nAssertionError: 3 != 4\n'

    assert str(outcome_of(event(exit_code=1, output=told))) == "wrong (AssertionError: 3 != 4)"


def test_the_last_summary_of_a_stream_counts():
    first, then = "1 failed in 0.10s\n", "1 passed in 0.10s\n"

    assert outcome_of(event(stdout=first + then)).kind == "passed"
    assert outcome_of(event(stdout=then + first)).kind == "wrong"


TEXT = st.lists(
    st.sampled_from(
        [
            "Traceback (most recent call last):\n",
            "AssertionError\n",
            "Ran 1 test in 0.000s\n\n",
            "FAILED (failures=1)\n",
            "1 failed in 0.1s\n",
            "\x1b[31m\u202e",
        ]
    )
    | st.text(max_size=20)
).map("".join)


@given(
    st.fixed_dictionaries(
        {
            "exit_code": st.integers(-80, 300),
            "output": TEXT,
            "stdout": TEXT,
            "stderr": TEXT,
            "timed_out": st.booleans(),
            "limit": st.sampled_from([None, "wall", "cpu", "memory", "output"]),
            "infrastructure": st.sampled_from(["", "OSError: x"]),
            "sandbox": st.sampled_from(["", "process"]),
            "contained": st.lists(TEXT, max_size=2).map(tuple),
        }
    )
)
def test_every_block_has_one_outcome_and_one_line_for_it(fields):
    ended = outcome_of(event(**fields))

    assert ended.kind in OUTCOME_KINDS
    assert len(ended.what.splitlines()) <= 1
    assert len(ended.what) <= 160
    if ended.kind == "passed":
        assert fields["exit_code"] == 0
        assert not fields["timed_out"]
