"""What the runner that isolates nothing gives all the same."""

from __future__ import annotations

import os
import sys

import pytest

from harness.protocols import Sandbox
from harness.sandboxes.plain import PlainRunner
from harness.sandboxes.process import ProcessSandbox
from harness.sandboxes.processes import ProcessLimits
from harness.sandboxes.workspace import WorkspaceFile

MEGABYTE = 1024 * 1024


def test_it_is_a_sandbox_that_says_it_isolates_nothing():
    sandbox = ProcessSandbox(tier="none")

    assert isinstance(sandbox, Sandbox)
    assert not sandbox.is_isolated
    assert sandbox.label == "process (NOT ISOLATED)"


def test_home_and_temporary_folder_are_private_and_gone_afterwards(run_plain, tmp_path):
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

    first, second = (run_plain(code, in_=PlainRunner(root=root)) for _ in range(2))

    assert first.output == second.output == "/home /tmp 1\n"
    assert list(root.iterdir()) == []


def test_a_file_cannot_grow_beyond_its_limit(run_plain):
    small = PlainRunner(limits=ProcessLimits(file_bytes=MEGABYTE))

    execution = run_plain("open('big', 'wb').write(bytes(2 << 20))", in_=small)

    assert execution.output.endswith("OSError: [Errno 27] File too large\n")


@pytest.mark.skipif(sys.platform != "linux", reason="limits are set through Linux's prlimit")
def test_memory_beyond_its_limit_is_refused(run_plain):
    small = PlainRunner(limits=ProcessLimits(address_space_bytes=300 * MEGABYTE))

    assert run_plain("bytearray(400 << 20)", in_=small).output.endswith("MemoryError\n")


@pytest.mark.skipif(sys.platform != "linux", reason="limits are set through Linux's prlimit")
def test_core_dumps_processes_and_processor_time_are_limited(run_plain):
    execution = run_plain("""
        import resource
        kinds = (resource.RLIMIT_CORE, resource.RLIMIT_NPROC, resource.RLIMIT_CPU)
        print(resource.getrlimit(kinds[0]), *(resource.getrlimit(k)[1] > 0 for k in kinds[1:]))
    """)

    assert execution.output == "(0, 0) True True\n"


def test_fonts_are_listed_once_per_sandbox_not_once_per_chart(run_plain, workspace):
    sandbox = PlainRunner()
    draw = """
        import os
        print(len(os.listdir(os.environ["MPLCONFIGDIR"])))
        import matplotlib.pyplot as plt
        plt.bar(["a"], [1])
        plt.savefig("chart.png")
    """

    first, second = run_plain(draw, in_=sandbox), run_plain(draw, in_=sandbox)

    assert (first.output, second.output) == ("0\n", "1\n")
    assert (workspace / "chart.png").read_bytes().startswith(b"\x89PNG")


def test_a_copy_holds_no_symlinks_and_is_gone_afterwards(workspace, tmp_path):
    (tmp_path / "secret").write_text("s")
    (workspace / "link").symlink_to(tmp_path / "secret")
    (workspace / "folder").symlink_to(tmp_path)
    os.mkfifo(workspace / "pipe")
    root = tmp_path / "private"
    root.mkdir()

    execution = PlainRunner(root=root).run_in_copy(
        workspace, "import os; print(os.listdir())", files={}, timeout_seconds=20
    )

    assert execution.output == "['harness_check.py']\n"
    assert list(root.iterdir()) == []


def test_a_file_that_cannot_be_read_is_not_in_the_copy(plain, workspace, monkeypatch):
    for name in ("gone", "kept"):
        (workspace / name).write_text("x")
    # As by chmod 000, which root could read all the same.
    opened = WorkspaceFile.open

    def refuse(file):
        if file.relative == "gone":
            raise PermissionError(13, "Permission denied", file.location)
        return opened(file)

    monkeypatch.setattr(WorkspaceFile, "open", refuse)

    execution = plain.run_in_copy(
        workspace, "import os; print(sorted(os.listdir()))", files={}, timeout_seconds=20
    )

    assert execution.output == "['harness_check.py', 'kept']\n"
