"""The report that is committed as an example is what a replay writes now."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "reports" / "example.html"
AGAIN = "harness run code_review --report reports/example.html"


@pytest.mark.slow
def test_the_example_is_made_again_byte_for_byte(tmp_path: Path) -> None:
    made_with = json.loads(EXAMPLE.with_suffix(".run.json").read_text())["run"]["python"]
    if made_with.split(".")[:2] != platform.python_version().split(".")[:2]:
        pytest.skip(f"the example was made with Python {made_with}, whose tracebacks differ")
    report, results = tmp_path / "example.html", tmp_path / "results.json"
    command = [sys.executable, "-m", "harness", "run", "code_review", "--report", str(report)]
    command += ["--results", str(results), "--runs-folder", str(tmp_path / "runs")]

    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    sandbox = json.loads(results.read_text())["sandbox"]
    if sandbox not in EXAMPLE.read_text(encoding="utf-8"):
        pytest.skip(f"the example was made in another sandbox than {sandbox}")
    same = report.read_bytes() == EXAMPLE.read_bytes()
    assert same, f"reports/example.html is not what a replay writes now. If it should be: {AGAIN}"
