"""Who works on a run, and on what, can be seen from outside without touching anything."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from unittest.mock import ANY

import pytest
from work_on_runs import header, key, result

from harness.errors import LogError
from harness.logs import Work, create_log, locked, open_log_unchanged, work_on

HOLDER = textwrap.dedent(
    """
    import sys, time
    sys.path.insert(0, sys.argv[1])
    from pathlib import Path
    from work_on_runs import create_log, header, key, result
    from harness.logs import locked
    store = create_log(Path(sys.argv[2]), header())
    with locked(store.path) as lock:
        store.append(result(1))
        lock.began(key(1))
        lock.ended(key(1))
        lock.began(key(2))
        print("ready", flush=True)
        time.sleep(600)
    """
)


@pytest.fixture
def holder(tmp_path: Path) -> Path:
    """A log that another process holds until it is killed with the signal 9."""
    support = str(Path(__file__).parent / "support")
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, support, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield next(tmp_path.glob("*.sqlite")), process
    process.kill()
    process.wait()
    process.stdout.close()


def contents(folder: Path) -> dict[str, str]:
    """Digests of everything but the index that readers of a log share in memory."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if not path.name.endswith("-shm")
    }


def test_what_is_being_run_is_seen_by_other_processes(holder) -> None:
    path, _ = holder

    work = work_on(path)

    assert work is not None
    assert [each.key for each in work.running] == [key(2)]
    assert work.finished == 1
    assert work.started_at <= work.running[0].started_at


def test_nobody_works_on_a_run_whose_process_was_killed(holder) -> None:
    path, process = holder
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    assert path.with_suffix(".lock").exists()
    assert work_on(path) is None


def test_a_second_process_is_refused_and_leaves_what_the_first_tells(holder) -> None:
    path, _ = holder
    before = path.with_suffix(".lock").read_bytes()

    with pytest.raises(LogError, match="another process"), locked(path):
        pass

    assert path.with_suffix(".lock").read_bytes() == before
    assert work_on(path) is not None


@pytest.mark.parametrize("torn", [b"", b"{", b'{"running": [{"key"', b"\xff\xfe", b"[]", b"null"])
def test_what_is_half_written_is_work_of_which_nothing_is_known(tmp_path: Path, torn) -> None:
    store = create_log(tmp_path, header())
    store.close()
    with locked(store.path):
        store.path.with_suffix(".lock").write_bytes(torn)

        assert work_on(store.path) == Work()
    assert work_on(store.path) is None


def test_who_looks_at_the_moment_of_locking_keeps_nobody_from_it(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite"
    looking = os.open(path.with_suffix(".lock"), os.O_RDONLY | os.O_CREAT)
    fcntl.flock(looking, fcntl.LOCK_SH)
    done = threading.Timer(0.01, os.close, [looking])
    done.start()

    with locked(path):
        assert work_on(path) == Work(started_at=ANY)
    done.join()


@pytest.mark.parametrize("state", ["finished", "in flight", "killed"])
def test_reading_a_log_unchanged_writes_no_file(tmp_path: Path, state: str, request) -> None:
    if state == "finished":
        store = create_log(tmp_path, header())
        store.append(result(1))
        store.close()
        path = store.path
    else:
        path, process = request.getfixturevalue("holder")
        if state == "killed":
            process.kill()
            process.wait()
    before = contents(tmp_path)

    reading = open_log_unchanged(path)
    rows, log = reading.read_rows(), reading.read()
    reading.close()

    assert contents(tmp_path) == before
    assert [(row.key, row.outcome, row.turns) for row in rows] == [(key(1), "fail", 1)]
    assert [sample.key for sample in log.samples] == [key(1)]
    assert {each.name.partition(".")[2] for each in tmp_path.iterdir()} <= {
        *("sqlite", "sqlite-wal", "sqlite-shm", "lock")
    }


def test_rows_after_a_row_are_those_that_finished_since(tmp_path: Path) -> None:
    store = create_log(tmp_path, header())
    store.append(result(3))
    known = store.read_rows()[-1].number
    store.append(result(1))

    later = store.read_rows(known)

    assert [row.key for row in later] == [key(1)]
    assert store.read_sample(later[0].number) == result(1)
    assert store.read_sample(99) is None
    store.close()


def test_a_log_opened_for_reading_takes_no_sample(tmp_path: Path) -> None:
    create_log(tmp_path, header()).close()
    reading = open_log_unchanged(next(tmp_path.glob("*.sqlite")))

    with pytest.raises(LogError, match="readonly"):
        reading.append(result(1))
    reading.close()
