"""Checks run in a process of their own, whatever sandbox: what they say counts, nothing else."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from judged import EVERY, ISOLATING, outcomes, sample_of, write_suite

from harness.errors import CheckError, SocketBlocked, SuiteError
from harness.model.score import Score
from harness.protocols import Sandbox
from harness.scorers.acceptance import Acceptance

CHECKS = """
import os
from pathlib import Path

import pytest

from harness.model.score import CheckResult
from harness.suites import sibling

helper = sibling(__file__, "helper")

def check_helper(sample):
    assert helper.double(21) == sample.scenario.parameters["sum"]
    assert sample.transcript.messages[0].content == "done"

def check_files(sample):
    assert (sample.workspace / "answer.txt").read_text() == "41", "not 41"
    assert (Path(sample.scenario.folder).parent / "helper.py").is_file()

def check_wrong(sample):
    print("looked at it")
    found = (sample.workspace / "answer.txt").read_text()
    assert found == "42"

def check_graded(sample):
    import numpy
    return CheckResult(passed=numpy.bool_(True), value=numpy.float64(0.5), evidence=[0])

def check_no(sample):
    return False

def check_leaves(sample):
    raise SystemExit(0)

def check_coroutine(sample):
    async def late(): ...
    return late()

def check_runs_code(sample):
    run = sample.run_python(
        "import adder, pathlib; print(adder.add(2, 2), sorted(map(str, pathlib.Path().iterdir())))",
        files={"hidden.txt": "x"},
    )
    assert run.stdout == "4 ['adder.py', 'answer.txt', 'hidden.txt', 'harness_check.py']\\n" or (
        run.stdout.startswith("4 ") and "hidden.txt" in run.stdout
    )
    again = sample.run_python("import os; print(os.path.exists('hidden.txt'))")
    assert again.stdout == "False\\n"

def check_name_that_leads_out(sample):
    sample.run_python("", files={"../x": ""})

def check_key(sample):
    assert "OPENAI_API_KEY" not in os.environ
"""
HELPER = "def double(number):\n    return 2 * number\n"
DEADLY = """
import os, signal, subprocess, sys, time

def check_before(sample): ...

def check_exits(sample):
    os._exit(0)

def check_killed(sample):
    os.kill(os.getpid(), signal.SIGKILL)

def check_crashes(sample):
    import ctypes
    ctypes.string_at(0)

def check_says_what_is_no_verdict(sample):
    for number in range(3, 4096):
        try:
            os.write(number, b"\\0\\0\\0\\4junk")
        except OSError:
            pass
    time.sleep(5)

def check_forks(sample):
    os.fork()

def check_leaves_a_process(sample):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(50)"])

def check_closes(sample):
    os.closerange(0, 4096)

def check_after(sample):
    assert sample.workspace.is_dir()
"""


@pytest.fixture(params=EVERY, scope="module")
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    made = EVERY[request.param]()
    yield made
    made.close()


@pytest.fixture(params=ISOLATING, scope="module")
def isolating(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    made = ISOLATING[request.param]()
    yield made
    made.close()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    (folder / "answer.txt").write_text("41")
    (folder / "adder.py").write_text("def add(a, b):\n    return a + b\n")
    return folder


def test_checks_mean_there_what_they_mean_here(
    sandbox: Sandbox, workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    suite = write_suite(tmp_path / "suite", CHECKS, helper=HELPER)

    found = outcomes(sample_of(suite, workspace, sandbox))

    passed = ["helper", "files", "graded", "runs_code", "key"]
    assert [name for name, outcome in found.items() if outcome == "passed"] == passed
    assert found["wrong"].startswith("failed: assert found == '42', where found = '41' (checks.py:")
    assert found["wrong"].endswith("It printed: looked at it")
    assert found["no"] == "failed: The check returned False."
    assert found["leaves"].startswith("broken: check_leaves raised SystemExit: 0 (")
    assert "checks.py:" in found["leaves"]
    assert found["coroutine"].startswith("broken: check_coroutine returned a coroutine")
    led_out = found["name_that_leads_out"]
    assert led_out.startswith("broken: check_name_that_leads_out raised HarnessError: ")
    assert sorted(os.listdir(workspace)) == ["adder.py", "answer.txt"]


def test_a_check_that_ends_its_process_is_broken_and_the_others_are_judged(
    sandbox: Sandbox, workspace: Path, tmp_path: Path
) -> None:
    suite = write_suite(tmp_path / "suite", DEADLY)
    sample = sample_of(suite, workspace, sandbox)

    found = outcomes(sample)

    assert list(found) == [
        "before", "exits", "killed", "crashes", "says_what_is_no_verdict", "forks",
        "leaves_a_process", "closes", "after",
    ]  # fmt: skip
    passed = ["before", "forks", "leaves_a_process", "after"]
    assert [name for name, outcome in found.items() if outcome == "passed"] == passed
    assert "check_exits ended the process it ran in (exit code 0)" in found["exits"]
    assert "check_killed ended the process it ran in (signal 9: " in found["killed"]
    assert "check_crashes ended the process it ran in (signal 11: " in found["crashes"]
    assert found["says_what_is_no_verdict"].endswith("said something that is no verdict")
    assert found["closes"].startswith("broken: check_closes ended the process it ran in")
    with pytest.raises(CheckError, match=r"check_exits ended the process .* mistake in the check"):
        Acceptance().score(sample)


def test_a_check_that_hangs_is_broken(sandbox: Sandbox, workspace: Path, tmp_path: Path) -> None:
    suite = write_suite(
        tmp_path / "suite",
        """
        import time
        def check_quick(sample): ...
        def check_hangs(sample):
            time.sleep(60)
        def check_late(sample): ...
        """,
    )

    found = outcomes(sample_of(suite, workspace, sandbox, wall_seconds=6))

    assert found["quick"] == "passed"
    assert found["hangs"] == "broken: check_hangs did not end in time and was ended"
    assert found["late"] == "broken: check_late did not run: no time was left for it"


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        pytest.param("import nowhere\n", "checks.py:1: importing this file raised", id="import"),
        pytest.param("import os\nos._exit(0)\n", "ended the process it ran in", id="exit"),
        pytest.param("def chek_b(s): pass\n", "no function has a name beginning", id="no check"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told_before_anything_is_judged(
    sandbox: Sandbox, workspace: Path, tmp_path: Path, checks: str, said: str
) -> None:
    suite = write_suite(tmp_path / "suite", checks)

    with pytest.raises(SuiteError) as caught:
        sample_of(suite, workspace, sandbox)

    assert said in str(caught.value)


CONNECTS = """
import socket

def check_connects(sample):
    try:
        socket.create_connection(("127.0.0.1", {port}), 1)
    except BaseException:
        pass
"""


def test_a_connection_is_refused_even_if_the_check_hides_it(
    sandbox: Sandbox, workspace: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        checks = CONNECTS.format(port=listener.getsockname()[1])
        sample = sample_of(write_suite(tmp_path / "suite", checks), workspace, sandbox)

        # Where there are no sockets to connect, there is nothing to tell of either.
        has_sockets = "Landlock, seccomp" not in sandbox.label or "namespaces" in sandbox.label
        with pytest.raises(SocketBlocked) if has_sockets else nullcontext():
            Acceptance().score(sample)

        with pytest.raises(TimeoutError):
            listener.accept()


def test_what_an_agent_said_in_half_a_character_reaches_the_checks(
    sandbox: Sandbox, workspace: Path, tmp_path: Path
) -> None:
    suite = write_suite(
        tmp_path / "suite",
        """
        def check_said(sample):
            assert sample.transcript.messages[0].content == "a?"
            raise AssertionError("\\udc80")
        """,
    )

    found = outcomes(sample_of(suite, workspace, sandbox, said="a\udc80"))

    assert found["said"].startswith("failed: ? (checks.py:")


def test_a_check_that_passes_gives_a_score(
    sandbox: Sandbox, workspace: Path, tmp_path: Path
) -> None:
    suite = write_suite(tmp_path / "suite", "def check_it(sample): ...\n")

    score = Acceptance().score(sample_of(suite, workspace, sandbox))

    assert isinstance(score, Score)
    assert (score.value, score.passed) == (1.0, True)


def test_a_check_cannot_change_what_it_judges(
    isolating: Sandbox, workspace: Path, tmp_path: Path
) -> None:
    suite = write_suite(
        tmp_path / "suite",
        """
        import os, tempfile
        def check_writes(sample):
            (sample.workspace / "answer.txt").write_text("42")
        def check_adds(sample):
            (sample.workspace / "more.txt").write_text("42")
        def check_removes(sample):
            os.remove(sample.workspace / "answer.txt")
        def check_writes_beside_itself(sample):
            open(__file__, "a").close()
        def check_temporary_files(sample):
            tempfile.NamedTemporaryFile().write(b"x")
        """,
    )

    found = outcomes(sample_of(suite, workspace, isolating))

    kept_out = [name for name, outcome in found.items() if outcome.startswith("broken: ")]
    assert kept_out == ["writes", "adds", "removes", "writes_beside_itself"]
    assert found["temporary_files"] == "passed"
    assert (workspace / "answer.txt").read_text() == "41"
    assert sorted(os.listdir(workspace)) == ["adder.py", "answer.txt"]


def test_a_check_has_limits(isolating: Sandbox, workspace: Path, tmp_path: Path) -> None:
    suite = write_suite(
        tmp_path / "suite",
        """
        import time
        def check_memory(sample):
            held = []
            for _ in range(40):
                held.append(bytearray(b"x" * 50_000_000))
                time.sleep(0.02)
        """,
    )

    found = outcomes(sample_of(suite, workspace, isolating, code_memory_mb=500))

    assert found["memory"].startswith(
        "broken: check_memory was ended by its limit on memory (500 MiB)"
    )


def test_agents_cannot_read_what_checks_can(
    isolating: Sandbox, workspace: Path, tmp_path: Path
) -> None:
    suite = write_suite(
        tmp_path / "suite",
        """
        def check_code_it_runs(sample):
            run = sample.run_python(f"print(open({__file__!r}).read())")
            assert run.exit_code == 0, "cannot be read"
        """,
    )
    sample = sample_of(suite, workspace, isolating)

    found = outcomes(sample)
    block = isolating.run(
        workspace,
        f"print(open({str(suite / 'checks.py')!r}).read())",
        language="python",
        filename="spy.py",
        timeout_seconds=20,
    )

    assert found["code_it_runs"].startswith("failed: cannot be read")
    assert block.exit_code == 1
    assert "check_code_it_runs" not in block.stdout


def test_where_files_are_its_own_a_check_sees_the_workspace_by_its_plain_name(
    isolating: Sandbox, workspace: Path, tmp_path: Path
) -> None:
    suite = write_suite(
        tmp_path / "suite", "def check_it(sample):\n    raise AssertionError(sample.workspace)\n"
    )

    said = outcomes(sample_of(suite, workspace, isolating))["it"]

    assert said == "failed: /workspace (checks.py:2)"
