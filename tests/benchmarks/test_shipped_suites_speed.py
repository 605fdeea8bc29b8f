"""How fast the shipped suites replay: every scenario, config and epoch. A figure, not a limit."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.logs import find_log, read_log

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.benchmark
def test_all_shipped_suites_replay(tmp_path: Path) -> None:
    options = ["--no-report", "--runs-folder", str(tmp_path)]
    command = [sys.executable, "-m", "harness", "run", *options]
    started = time.perf_counter()
    finished = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    seconds = time.perf_counter() - started

    assert finished.returncode == 0, finished.stdout + finished.stderr
    log = read_log(find_log(tmp_path))
    print(
        f"\n{len(log.samples)} samples of the shipped suites, code executed and checked, in "
        f"{seconds:.1f} s on {os.cpu_count()} cores: {len(log.samples) / seconds:.1f} samples/s"
    )
    assert not log.missing
