"""Two replays write the same results and the same report, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Code that is run, charts that are drawn, faults that are injected.
SELECTION = ("support_handoff", "sales_report", "code_review")
FEW = "support_handoff or (widgets and careful) or (user_search and checklist)"


def results(folder: Path, workers: int, hash_seed: str) -> tuple[bytes, bytes]:
    """The results and the report of one replay."""
    report, found = folder / "report.html", folder / "results.json"
    command = [sys.executable, "-m", "harness", "run", *SELECTION, "-k", FEW, "-n", str(workers)]
    command += ["--runs-folder", str(folder / "runs"), "--report", str(report)]
    finished = subprocess.run(
        [*command, "--results", str(found)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return found.read_bytes(), report.read_bytes()


@pytest.mark.slow
def test_workers_and_hash_seeds_change_no_byte_of_results_and_report(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()

    one = results(tmp_path / "one", workers=1, hash_seed="1")
    other = results(tmp_path / "other", workers=3, hash_seed="2")

    assert one[0].count(b'"outcome"') > 20
    assert one == other
