from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"
CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from peak_memory import peak_mb
print(peak_mb())
"""
# A process of 300 MB that starts a small one.
PARENT = f"""
import subprocess, sys
held = bytearray(b"x") * (300 << 20)
subprocess.run([sys.executable, "-c", {CHILD!r}, sys.argv[1]], check=True)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")
def test_the_peak_of_a_process_is_its_own_and_not_that_of_the_one_which_started_it() -> None:
    command = [sys.executable, "-c", PARENT, str(SUPPORT)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert 1 < float(told) < 150
