"""What a command started does not outlive it, and nothing else is touched."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandboxes.processes import CappedOutput

# Writes the process id of everything it starts to the file "pids".
FAMILY = """
    import os, sys, time

    def note():
        with open("pids", "a") as pids:
            pids.write(f"{os.getpid()}\\n")

    def child(*steps):
        if os.fork():
            return
        for step in steps:
            step()
        note()
        time.sleep(60)

    def fork_again():
        if os.fork():
            os._exit(0)

    def close_output():
        os.closerange(0, 3)

    child()
    child(os.setsid)
    child(os.setsid, fork_again)
    child(fork_again, os.setsid, fork_again, close_output, os.environ.clear)
    while not os.path.exists("pids") or len(open("pids").read().split()) < 4:
        time.sleep(0.01)
    print("family complete")
"""


def survivors(workspace):
    pids = [int(pid) for pid in (workspace / "pids").read_text().split()]
    assert len(pids) == 4
    return [pid for pid in pids if psutil.pid_exists(pid)]


@pytest.mark.skipif(sys.platform != "linux", reason="daemons are only found where Linux helps")
def test_a_block_that_ends_leaves_no_process_behind_whatever_session_it_fled_to(run, workspace):
    started = time.monotonic()

    execution = run(FAMILY)

    assert (execution.exit_code, execution.output) == (0, "family complete\n")
    assert survivors(workspace) == []
    assert time.monotonic() - started < 15


@pytest.mark.skipif(sys.platform != "linux", reason="daemons are only found where Linux helps")
def test_a_timeout_ends_the_whole_tree_with_exit_code_124(run, workspace):
    execution = run(FAMILY + "\n    time.sleep(60)", timeout_seconds=3)

    assert (execution.exit_code, execution.output, execution.timed_out) == (124, "Timeout", True)
    assert 3 <= execution.duration_seconds < 10
    assert survivors(workspace) == []


def test_ignoring_signals_does_not_help_against_the_timeout(run):
    execution = run(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)",
        timeout_seconds=0.5,
    )

    assert execution.timed_out
    assert execution.duration_seconds < 5


def test_a_background_child_that_holds_the_output_open_does_not_hold_up_the_block(run):
    execution = run("sleep 50 & echo done", language="sh")

    assert (execution.exit_code, execution.output) == (0, "done\n")
    assert execution.duration_seconds < 10


def test_a_block_may_close_its_output_and_go_on(run):
    execution = run("import os, time; os.closerange(0, 3); time.sleep(0.3); os._exit(5)")

    assert (execution.exit_code, execution.output) == (5, "")
    assert execution.duration_seconds >= 0.3


def test_zombies_of_a_block_are_reaped(run):
    # Another test's process may have ended unnoticed meanwhile: it is not the block's.
    before = {child.pid for child in psutil.Process().children()}

    run("import os\nfor _ in range(5):\n    if not os.fork(): os._exit(0)")

    children = [child for child in psutil.Process().children() if child.pid not in before]
    assert [child for child in children if child.status() == psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize("own_session", [False, True])
def test_processes_this_one_started_before_are_left_alone(run, own_session):
    with subprocess.Popen(["sleep", "60"], start_new_session=own_session) as bystander:
        run(FAMILY)

        still_running = bystander.poll() is None
        bystander.kill()

    assert still_running


class Interrupted(BaseException):
    pass


def test_an_interrupt_of_the_harness_ends_the_block_too(run, workspace):
    def interrupt(*_):
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.5)
    try:
        with pytest.raises(Interrupted):
            run(FAMILY + "\n    time.sleep(60)")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert survivors(workspace) == []


@given(st.lists(st.binary(max_size=30)), st.integers(1, 20))
def test_capped_output_keeps_both_ends_and_counts_the_rest(chunks, half):
    capped = CappedOutput(2 * half)
    whole = b"".join(chunks)

    for chunk in chunks:
        capped.add(chunk)

    if len(whole) <= 2 * half:
        assert capped.value() == whole
    else:
        note = f"\n[{len(whole) - 2 * half} bytes of output cut here]\n".encode()
        assert capped.value() == whole[:half] + note + whole[-half:]


def test_this_process_has_no_open_files_of_ended_blocks(run):
    run("print(1)")
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0

    for _ in range(3):
        run("print(1)")

    assert before == (len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0)


@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("setpriv") is None, reason="needs Linux's setpriv"
)
def test_a_block_dies_with_the_process_that_runs_it_even_if_that_is_killed(workspace):
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from harness.sandboxes.process import ProcessSandbox\n"
        'block = \'import os, time; open("pid", "w").write(str(os.getpid())); time.sleep(60)\'\n'
        "ProcessSandbox().run(Path(sys.argv[1]), block, language='python', filename='b.py',"
        " timeout_seconds=60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(workspace)]) as worker:
        try:
            pid = _eventually(lambda: int((workspace / "pid").read_text()))
            block = psutil.Process(pid)
        finally:
            worker.kill()

    # Nobody may wait for it but whoever adopted it: a zombie is as dead.
    assert _eventually(lambda: not block.is_running() or block.status() == psutil.STATUS_ZOMBIE)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _eventually(look):
    """What look returns as soon as that is true, or at last."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(OSError, ValueError, psutil.NoSuchProcess):
            if found := look():
                return found
        time.sleep(0.01)
    return look()
