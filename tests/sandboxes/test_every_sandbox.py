"""What holds for code wherever it runs."""

from __future__ import annotations

import textwrap
import threading

import pytest

from harness.errors import HarnessError
from harness.protocols import Sandbox

MEGABYTE = 1024 * 1024


def test_it_is_a_sandbox_that_says_whether_it_isolates(sandbox, tier):
    assert isinstance(sandbox, Sandbox)
    assert sandbox.is_isolated == (tier != "none")
    assert ("NOT ISOLATED" in sandbox.label) == (tier == "none")


def test_a_block_prints_into_its_execution(run):
    execution = run("print('hello')")

    assert (execution.exit_code, execution.output, execution.timed_out) == (0, "hello\n", False)
    assert 0 < execution.duration_seconds < 20


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [("raise SystemExit(3)", 3), ("1/0", 1), ("import os; os.kill(os.getpid(), 9)", -9)],
)
def test_the_exit_code_is_the_processes_own(run, code, exit_code):
    assert run(code).exit_code == exit_code


TWO_STREAMS = """
import sys
print("one")
print("two", file=sys.stderr)
print("three")
raise ValueError("four")
"""
TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "/workspace/{name}", line 6, in <module>\n'
    '    raise ValueError("four")\nValueError: four\n'
)


def test_stdout_and_stderr_are_told_apart(run):
    execution = run(TWO_STREAMS)

    assert execution.stdout == "one\nthree\n"
    assert execution.stderr == "two\n" + TRACEBACK.format(name="main.py")


def test_in_a_copy_stdout_and_stderr_come_in_the_order_they_were_written(sandbox, workspace):
    execution = sandbox.run_in_copy(workspace, TWO_STREAMS, files={}, timeout_seconds=20)

    assert execution.stdout == "one\ntwo\nthree\n" + TRACEBACK.format(name="harness_check.py")
    assert execution.stderr == ""


def test_bytes_that_are_not_utf8_do_not_matter(run):
    assert run("import os; os.write(1, b'caf\\xe9')").output == "caf\ufffd"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shell_blocks_run_in_their_shell(run, shell):
    execution = run('echo "$HOME"; pwd; python -c "print(6 * 7)"; exit 4', language=shell)

    assert (execution.exit_code, execution.output) == (4, "/home\n/workspace\n42\n")


def test_another_language_is_refused_naming_the_choices(run):
    with pytest.raises(HarnessError, match=r"cannot run 'ruby'; it runs: bash, python, sh\."):
        run("puts 1", language="ruby")


def test_input_is_at_its_end_at_once(run):
    assert run("input()").output.endswith("EOFError: EOF when reading a line\n")


def test_a_block_imports_what_earlier_blocks_stored(run):
    run("def add(a, b): return a + b", filename="adder.py")

    assert run("import adder, os; print(adder.add(1, 2), sorted(os.listdir()))").output == (
        "3 ['adder.py', 'main.py']\n"
    )


def test_a_block_gets_nothing_of_the_users_environment(run, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")

    execution = run("import os; print(sorted(os.environ)); print(os.environ['PATH'])")

    assert "sk-secret" not in execution.output
    assert "OPENAI_API_KEY" not in execution.output
    assert "'PYTHONPATH'" not in execution.output
    assert execution.output.endswith("\n<python>/bin:/usr/bin:/bin\n")


@pytest.mark.parametrize("name", ["../x.py", "/tmp/x.py", "a/../../x.py", "", ".", "a\0b"])
def test_a_script_is_never_stored_outside_the_workspace(run, tmp_path, name):
    execution = run("print('ran')", filename=name)

    assert (execution.exit_code, execution.output) == (1, "Filename is not in the workspace")
    assert [path.name for path in tmp_path.rglob("*")] == ["workspace"]


def test_a_symlink_in_the_scripts_place_is_replaced_not_followed(run, workspace, tmp_path):
    outside = tmp_path / "outside.py"
    outside.write_text("print('outside')")
    (workspace / "main.py").symlink_to(outside)

    execution = run("print('inside')")

    assert execution.output == "inside\n"
    assert outside.read_text() == "print('outside')"
    assert not (workspace / "main.py").is_symlink()


def test_a_script_is_not_stored_through_a_symlinked_folder(run, workspace, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (workspace / "src").symlink_to(tmp_path / "elsewhere")

    execution = run("print('ran')", filename="src/main.py")

    assert execution.output == "Filename is not in the workspace"
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("name", ["Q1/Q2 sales report", "x" * 300])
def test_a_name_that_cannot_be_stored_is_the_systems_error(run, name):
    with pytest.raises(OSError, match=r"No such file|File name too long"):
        run("print('ran')", filename=name)


def test_output_is_capped_in_the_middle_saying_how_much_is_missing(run):
    execution = run("print('start'); print('x' * 5_000_000); print('end')")

    half = MEGABYTE // 2
    cut = 6 + 5_000_001 + 4 - 2 * half
    assert execution.output.startswith("start\nxxx")
    assert execution.output.endswith("xxx\nend\n")
    assert execution.output[half : half + 50].startswith(f"\n[{cut} bytes of output cut here]\n")


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            "import pandas as pd; print(int(pd.DataFrame({'n': [1, 2]}).n.sum()))", id="pandas"
        ),
        pytest.param(
            "import threading as t\nts = [t.Thread(target=lambda: None) for _ in range(64)]\n"
            "[x.start() for x in ts]; [x.join() for x in ts]; print(3)",
            id="threads",
        ),
        pytest.param(
            "import multiprocessing as m\nif __name__ == '__main__':\n"
            "    with m.Pool(2) as pool: print(sum(pool.map(int, '12')))",
            id="multiprocessing",
        ),
        pytest.param(
            "import subprocess as s, sys; s.run([sys.executable, '-c', 'print(3)'])",
            id="subprocess",
        ),
        pytest.param(
            "import tempfile as t\nwith t.TemporaryFile('w+') as f:\n"
            "    f.write('3'); f.seek(0); print(f.read())",
            id="temporary file",
        ),
    ],
)
def test_ordinary_code_works(run, sandbox, code):
    if (
        "multiprocessing" in code
        and "Landlock" in sandbox.label
        and "namespaces" not in sandbox.label
    ):
        pytest.skip("without namespaces there is no /dev/shm of one's own: see test_benign.py")

    assert run(code).output == "3\n"


def test_two_threads_may_run_blocks_at_the_same_time(sandbox, tmp_path):
    outputs = {}

    def work(number):
        folder = tmp_path / str(number)
        folder.mkdir()
        code = f"import time; time.sleep(0.1); print({number})"
        outputs[number] = sandbox.run(
            folder, code, language="python", filename="main.py", timeout_seconds=20
        ).output

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outputs == {number: f"{number}\n" for number in range(3)}


def test_a_copy_is_run_with_files_replaced_and_leaves_the_workspace_alone(sandbox, workspace):
    (workspace / "adder.py").write_text("def add(a, b): return a - b")
    (workspace / "data").mkdir()
    (workspace / "data" / "n.txt").write_text("4")
    (workspace / "hidden").mkdir()
    before = sorted(path.relative_to(workspace) for path in workspace.rglob("*"))

    execution = sandbox.run_in_copy(
        workspace,
        "import adder, os; print(adder.add(1, int(open('data/n.txt').read())), os.getcwd())\n"
        "print(open('hidden').read()); open('new', 'w'); os.remove('data/n.txt')",
        files={"adder.py": "def add(a, b): return a + b", "hidden": "h", "new/er.txt": "n"},
        timeout_seconds=20,
    )

    assert execution.output.startswith("5 /workspace\nh\n")
    assert sorted(path.relative_to(workspace) for path in workspace.rglob("*")) == before
    assert (workspace / "adder.py").read_text() == "def add(a, b): return a - b"


def test_a_workspace_the_agents_filled_gives_a_failed_run(sandbox, workspace):
    with open(workspace / "huge", "wb") as stream:
        stream.truncate(2 * 1024**3)

    execution = sandbox.run_in_copy(workspace, "print('ran')", files={}, timeout_seconds=20)

    assert execution.exit_code == 1
    assert execution.output.startswith("The workspace holds 1 files with 2147483648 bytes; ")


def test_files_for_a_copy_stay_inside_it(sandbox, workspace, tmp_path):
    with pytest.raises(HarnessError, match=r"'\.\./x\.py' is not inside the workspace"):
        sandbox.run_in_copy(workspace, "", files={"../x.py": ""}, timeout_seconds=20)

    assert not (tmp_path / "x.py").exists()


def test_a_workspace_path_through_a_symlink_reads_the_same(sandbox, workspace, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(workspace)
    code = textwrap.dedent("""
        import os
        print(os.getcwd(), __file__)
    """)

    execution = sandbox.run(link, code, language="python", filename="main.py", timeout_seconds=20)

    assert execution.output == "/workspace /workspace/main.py\n"


def test_memory_stays_flat_while_output_does_not_end(run):
    import tracemalloc

    tracemalloc.start()
    try:
        execution = run("while True: print('x' * 10_000)", timeout_seconds=1.0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert execution.limit in ("wall", "output")
    assert execution.duration_seconds < 8
    assert peak < 6 * MEGABYTE
