"""What the pytest plugin costs a project that has no conversation to test."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cpu_time import Timed, in_turns
from pytest_project import environment

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.benchmark

ROUNDS = 15
MOST_SECONDS = 0.010
PROBE = """
import sys, time, pytest
started = time.process_time()
code = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", *sys.argv[1:]])
print("CPU", time.process_time() - started)
print("LOADED", *sorted(name for name in sys.modules if name.startswith("harness")))
assert code == 5, code
"""
# Plugins of other distributions, which would only add noise.
OTHERS = [
    argument
    for name in ("cassetter", "randomly", "asyncio", "anyio", "hypothesispytest", "xdist")
    for argument in ("-p", f"no:{name}")
]


def collect(folder: Path, *arguments: str) -> tuple[float, list[str]]:
    """CPU seconds of a pytest session that collects nothing, and what it loaded of ours."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *OTHERS, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    lines = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    return float(lines["CPU"]), lines["LOADED"].split()


def test_collecting_an_empty_project_with_the_plugin_takes_at_most_10_ms_more(
    tmp_path: Path,
) -> None:
    collect(tmp_path)  # writes the compiled files
    with_plugin = Timed(lambda: collect(tmp_path)[0])
    without = Timed(lambda: collect(tmp_path, "-p", "no:harness")[0])

    in_turns(
        {with_plugin: 1, without: 1},
        turns=ROUNDS,
        holds=lambda: with_plugin.seconds - without.seconds <= MOST_SECONDS,
    )

    # The least of each is what it takes when nothing else is running.
    on, off = with_plugin.seconds, without.seconds
    print(
        f"\npytest --collect-only of an empty project, plugin on / off: {on / off:.3f} "
        f"({1000 * on:.1f} ms, {1000 * off:.1f} ms, {1000 * (on - off):+.1f} ms CPU)"
    )
    assert on - off <= MOST_SECONDS


def test_nothing_but_the_hooks_is_loaded(tmp_path: Path) -> None:
    _, loaded = collect(tmp_path)

    assert loaded == ["harness", "harness.pytest_plugin"]
