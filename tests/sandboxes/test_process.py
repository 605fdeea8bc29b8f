from __future__ import annotations

import os
import sys
import textwrap
import threading
import time

import pytest

from harness.errors import HarnessError
from harness.protocols import Sandbox
from harness.sandboxes.process import ProcessSandbox
from harness.sandboxes.processes import ProcessLimits
from harness.sandboxes.workspace import WorkspaceFile

MEGABYTE = 1024 * 1024


def test_it_is_a_sandbox_that_says_it_isolates_nothing(sandbox):
    assert isinstance(sandbox, Sandbox)
    assert sandbox.label == "process (NOT ISOLATED)"


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


def test_stdout_and_stderr_come_in_the_order_they_were_written(run):
    execution = run("""
        import sys
        print("one")
        print("two", file=sys.stderr)
        print("three")
        raise ValueError("four")
    """)

    assert execution.output == (
        "one\ntwo\nthree\nTraceback (most recent call last):\n"
        '  File "/workspace/main.py", line 6, in <module>\n'
        '    raise ValueError("four")\nValueError: four\n'
    )


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


def test_home_and_temporary_folder_are_private_and_gone_afterwards(run, tmp_path):
    root = tmp_path / "private"
    root.mkdir()
    code = """
        import os, pathlib, tempfile
        pathlib.Path.home().joinpath("notes").write_text("n")
        folder = tempfile.mkdtemp()
        open(folder + "/x", "w").close()
        os.chmod(folder, 0)
        print(pathlib.Path.home(), tempfile.gettempdir(), len(os.listdir(pathlib.Path.home())))
    """

    first, second = (run(code, in_=ProcessSandbox(root=root)) for _ in range(2))

    assert first.output == second.output == "/home /tmp 1\n"
    assert list(root.iterdir()) == []


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


def test_a_file_cannot_grow_beyond_its_limit(run):
    small = ProcessSandbox(limits=ProcessLimits(file_bytes=MEGABYTE))

    execution = run("open('big', 'wb').write(bytes(2 << 20))", in_=small)

    assert execution.output.endswith("OSError: [Errno 27] File too large\n")


@pytest.mark.skipif(sys.platform != "linux", reason="limits are set through Linux's prlimit")
def test_memory_beyond_its_limit_is_refused(run):
    small = ProcessSandbox(limits=ProcessLimits(address_space_bytes=300 * MEGABYTE))

    assert run("bytearray(400 << 20)", in_=small).output.endswith("MemoryError\n")


@pytest.mark.skipif(sys.platform != "linux", reason="limits are set through Linux's prlimit")
def test_core_dumps_processes_and_processor_time_are_limited(run):
    execution = run("""
        import resource
        kinds = (resource.RLIMIT_CORE, resource.RLIMIT_NPROC, resource.RLIMIT_CPU)
        print(resource.getrlimit(kinds[0]), *(resource.getrlimit(k)[1] > 0 for k in kinds[1:]))
    """)

    assert execution.output == "(0, 0) True True\n"


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
def test_ordinary_code_works(run, code):
    assert run(code).output == "3\n"


def test_fonts_are_listed_once_per_sandbox_not_once_per_chart(run, workspace):
    sandbox = ProcessSandbox()
    draw = """
        import os
        print(len(os.listdir(os.environ["MPLCONFIGDIR"])))
        import matplotlib.pyplot as plt
        plt.bar(["a"], [1])
        plt.savefig("chart.png")
    """

    first, second = run(draw, in_=sandbox), run(draw, in_=sandbox)

    assert (first.output, second.output) == ("0\n", "1\n")
    assert (workspace / "chart.png").read_bytes().startswith(b"\x89PNG")


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


def test_a_copy_holds_no_symlinks_and_is_gone_afterwards(workspace, tmp_path):
    (tmp_path / "secret").write_text("s")
    (workspace / "link").symlink_to(tmp_path / "secret")
    (workspace / "folder").symlink_to(tmp_path)
    os.mkfifo(workspace / "pipe")
    root = tmp_path / "private"
    root.mkdir()

    execution = ProcessSandbox(root=root).run_in_copy(
        workspace, "import os; print(os.listdir())", files={}, timeout_seconds=20
    )

    assert execution.output == "['harness_check.py']\n"
    assert list(root.iterdir()) == []


def test_a_workspace_the_agents_filled_gives_a_failed_run(sandbox, workspace):
    with open(workspace / "huge", "wb") as stream:
        stream.truncate(2 * 1024**3)

    execution = sandbox.run_in_copy(workspace, "print('ran')", files={}, timeout_seconds=20)

    assert execution.exit_code == 1
    assert execution.output.startswith("The workspace holds 1 files with 2147483648 bytes; ")


def test_a_file_that_cannot_be_read_is_not_in_the_copy(sandbox, workspace, monkeypatch):
    for name in ("gone", "kept"):
        (workspace / name).write_text("x")
    # As by chmod 000, which root could read all the same.
    opened = WorkspaceFile.open

    def refuse(file):
        if file.relative == "gone":
            raise PermissionError(13, "Permission denied", file.location)
        return opened(file)

    monkeypatch.setattr(WorkspaceFile, "open", refuse)

    execution = sandbox.run_in_copy(
        workspace, "import os; print(sorted(os.listdir()))", files={}, timeout_seconds=20
    )

    assert execution.output == "['harness_check.py', 'kept']\n"


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
    started = time.monotonic()
    try:
        execution = run("while True: print('x' * 10_000)", timeout_seconds=1.0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert execution.timed_out
    assert time.monotonic() - started < 8
    assert peak < 6 * MEGABYTE
