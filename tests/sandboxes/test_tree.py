"""What a command started does not outlive it, and nothing else is touched."""

from __future__ import annotations

import gc
import os
import secrets
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import sandbox_tiers
from hypothesis import given
from hypothesis import strategies as st

from harness.sandboxes.processes import CappedOutput

# Everything it starts has a name by which it is found from outside, whatever ids it has there.
FAMILY = """
    import ctypes, os, sys, time

    def note():
        ctypes.CDLL(None).prctl(15, b"{name}", 0, 0, 0)
        open(f"started {{os.getpid()}}", "w").close()

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
    while len([name for name in os.listdir() if name.startswith("started")]) < 4:
        time.sleep(0.01)
    print("family complete")
"""


@pytest.fixture
def family():
    """A name for processes that no other test uses, and the code of a block that starts four."""
    name = f"kin-{secrets.token_hex(5)}"
    return SimpleNamespace(name=name, code=FAMILY.format(name=name))


def survivors(name):
    """Processes of that name, given a moment to be gone."""

    deadline = time.monotonic() + 5
    while (found := named(name)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def named(name):
    return [one for one in psutil.process_iter() if _name_of(one) == name]


def _name_of(process):
    with suppress(psutil.Error):
        if process.status() != psutil.STATUS_ZOMBIE:
            return process.name()
    return ""


@pytest.mark.skipif(sys.platform != "linux", reason="daemons are only found where Linux helps")
def test_a_block_that_ends_leaves_no_process_behind_whatever_session_it_fled_to(run, family):
    started = time.monotonic()

    execution = run(family.code)

    assert (execution.exit_code, execution.output) == (0, "family complete\n")
    assert survivors(family.name) == []
    assert time.monotonic() - started < 15


@pytest.mark.skipif(sys.platform != "linux", reason="daemons are only found where Linux helps")
def test_a_timeout_ends_the_whole_tree_with_exit_code_124(run, family):
    execution = run(family.code + "\n    time.sleep(60)", timeout_seconds=3)

    assert (execution.exit_code, execution.output, execution.timed_out) == (124, "Timeout", True)
    assert 3 <= execution.duration_seconds < 10
    assert survivors(family.name) == []


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
def test_processes_this_one_started_before_are_left_alone(run, family, own_session):
    with subprocess.Popen(["sleep", "60"], start_new_session=own_session) as bystander:
        run(family.code)

        still_running = bystander.poll() is None
        bystander.kill()

    assert still_running


class Interrupted(BaseException):
    pass


def test_an_interrupt_of_the_harness_ends_the_block_too(run, family):
    def interrupt(*_):
        raise Interrupted

    def interrupt_when_complete():
        while len(named(family.name)) < 4 and not is_over.wait(0.05):
            pass
        os.kill(os.getpid(), signal.SIGALRM)

    is_over = threading.Event()
    watcher = threading.Thread(target=interrupt_when_complete)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        watcher.start()
        with pytest.raises(Interrupted):
            run(family.code + "\n    time.sleep(60)")
    finally:
        is_over.set()
        watcher.join()
        signal.signal(signal.SIGALRM, before)

    assert survivors(family.name) == []


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
    gc.collect()  # Or files that another test has forgotten would be closed meanwhile.
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0

    for _ in range(3):
        run("print(1)")

    assert before == (len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0)


@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("setpriv") is None, reason="needs Linux's setpriv"
)
def test_a_block_dies_with_the_process_that_runs_it_even_if_that_is_killed(tier, workspace, family):
    code = (
        "import sys\nfrom pathlib import Path\nfrom sandbox_tiers import made\n"
        "made(sys.argv[1]).run(Path(sys.argv[2]), sys.argv[3], language='python',"
        " filename='b.py', timeout_seconds=60)\n"
    )
    block = textwrap.dedent(family.code).splitlines()
    # Its children are on their own where nothing isolates: only the block itself.
    note = "\n".join([*block[: block.index("def child(*steps):")], "note()", "time.sleep(60)"])
    support = str(Path(sandbox_tiers.__file__).parent)
    environ = {**os.environ, "PYTHONPATH": support}
    command = [sys.executable, "-c", code, tier, str(workspace), note]
    with subprocess.Popen(command, env=environ) as worker:
        try:
            while not (running := named(family.name)) and worker.poll() is None:
                time.sleep(0.05)
        finally:
            worker.kill()

    assert len(running) == 1
    assert survivors(family.name) == []
