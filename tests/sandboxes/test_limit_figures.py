"""What is told of a block that a limit ended: which one, and what it had used by then."""

from __future__ import annotations

from harness.model.execution import CodeLimits


def run(cells, folder, code, *, timeout_seconds=20.0, **limits):
    return cells.run(
        folder,
        code,
        language="python",
        filename="main.py",
        timeout_seconds=timeout_seconds,
        limits=CodeLimits(**limits),
    )


def test_a_block_that_ran_out_of_time_tells_the_processor_time_it_used(cells, tmp_path):
    # It says itself what it has used, as a busy machine may give it little.
    code = (
        "import time\nused = open('used', 'w')\nwhile True:\n"
        "    told = time.process_time()\n"
        "    if told < 0.3: used.seek(0); used.write(f'{told:.6f}'); used.flush()"
    )

    done = run(cells, tmp_path, code, timeout_seconds=2.0)

    told = float((tmp_path / "used").read_text())
    assert done.limit == "wall"
    assert told > 0
    # The kernel counts in hundredths.
    assert told - 0.02 < done.cpu_seconds <= done.duration_seconds + 0.5


def test_a_block_that_ran_out_of_processor_time_tells_how_much_that_was(cells, tmp_path):
    done = run(cells, tmp_path, "while True: pass", cpu_seconds=1)

    assert done.limit == "cpu"
    assert done.cpu_seconds >= 0.9


def test_a_block_that_the_kernel_ends_before_the_watcher_is_told_the_same(cells, tmp_path):
    code = (
        "import os, resource, signal\n"
        "soft, hard = resource.getrlimit(resource.RLIMIT_CPU)\n"
        # What the kernel sends depends on which of the two comes first.
        "os.kill(os.getpid(), signal.SIGXCPU if soft < hard else signal.SIGKILL)"
    )

    done = run(cells, tmp_path, code, cpu_seconds=1)

    assert done.limit == "cpu"


def test_one_file_beyond_the_limit_is_told_as_the_limit_it_is(cells, tmp_path):
    # Its only byte lies behind the limit: where a watcher guards the disk, it sees nothing to end.
    code = "large = open('large', 'wb', 0); large.seek(20_000_000); large.write(b'x')"

    done = run(cells, tmp_path, code, disk_mb=5)

    assert (done.limit, done.exit_code) == ("disk", 1)


def test_a_block_that_handles_the_refusal_has_met_no_limit(cells, tmp_path):
    code = (
        "import os\n"
        "large = os.open('large', os.O_CREAT | os.O_WRONLY)\n"
        # Far behind the limit, with nothing before it: no watcher of the disk sees any of it.
        "try: os.pwrite(large, b'x', 20_000_000)\n"
        "except OSError as error: print(error.strerror)\n"
    )

    done = run(cells, tmp_path, code, disk_mb=5)

    assert (done.limit, done.stdout) == (None, "File too large\n")


def test_words_of_the_block_s_own_about_size_are_no_limit(cells, tmp_path):
    done = run(cells, tmp_path, "raise ValueError('File too large')", disk_mb=5)

    assert (done.limit, done.exit_code) == (None, 1)


def test_a_program_that_writes_too_large_a_file_is_told_the_same(cells, tmp_path):
    done = cells.run(
        tmp_path,
        "head -c 20000000 /dev/zero > large",
        language="sh",
        filename="main.sh",
        timeout_seconds=20.0,
        limits=CodeLimits(disk_mb=5),
    )

    assert done.limit == "disk"
    assert done.exit_code != 0
