"""What is told of a block that a limit ended: which one, and what it had used by then."""

from __future__ import annotations

import pytest
from sandbox_tiers import ISOLATING, made, missing

from harness.model.execution import CodeLimits


@pytest.fixture(scope="module", params=ISOLATING)
def sandbox(request):
    reason = missing(request.param)
    if reason is not None:
        pytest.skip(f"{request.param}: {reason}")
    sandbox = made(request.param)
    yield sandbox
    sandbox.close()


def run(sandbox, folder, code, *, timeout_seconds=20.0, **limits):
    return sandbox.run(
        folder,
        code,
        language="python",
        filename="main.py",
        timeout_seconds=timeout_seconds,
        limits=CodeLimits(**limits),
    )


def test_a_block_that_ran_out_of_time_tells_the_processor_time_it_used(sandbox, tmp_path):
    done = run(sandbox, tmp_path, "while True: pass", timeout_seconds=2.0)

    assert done.limit == "wall"
    assert 0.2 < done.cpu_seconds <= done.duration_seconds + 0.5


def test_a_block_that_ran_out_of_processor_time_tells_how_much_that_was(sandbox, tmp_path):
    done = run(sandbox, tmp_path, "while True: pass", cpu_seconds=1)

    assert done.limit == "cpu"
    assert done.cpu_seconds >= 0.9


def test_one_file_beyond_the_limit_is_told_as_the_limit_it_is(sandbox, tmp_path):
    code = "open('large', 'wb').write(b'x' * 20_000_000)"

    done = run(sandbox, tmp_path, code, disk_mb=5)

    assert (done.limit, done.exit_code) == ("disk", 1)


def test_a_block_that_handles_the_refusal_has_met_no_limit(sandbox, tmp_path):
    code = (
        "try: open('large', 'wb').write(b'x' * 20_000_000)\n"
        "except OSError as error: print(error.strerror)\n"
        "import os; os.remove('large')"
    )

    done = run(sandbox, tmp_path, code, disk_mb=5)

    assert (done.limit, done.stdout) == (None, "File too large\n")
