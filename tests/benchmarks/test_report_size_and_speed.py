"""How large a report of many conversations is, how long it takes to write and until it is usable.

Sizes and memory are held to limits: they are the same on every machine. Seconds are printed, and
compared only with each other: a page of ten times as much must not take ten times as long to open.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from report_browser import CHROMIUM, Browser

pytestmark = pytest.mark.benchmark

# Conversations, turns of each, and the most megabytes that a report of them may have.
RUNS = {"a thousand of six turns": (1_000, 6, 2), "ten thousand of twenty": (10_000, 20, 30)}
MOST_MEMORY_MB = 600
OPENINGS = 5
SUPPORT = Path(__file__).parents[1] / "support"
KEEP = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from report_run import run_of
from harness.logs.sqlite import create_log

log = run_of(int(sys.argv[2]), int(sys.argv[3]))
store = create_log(Path(sys.argv[4]), log.header)
for sample in log.samples:
    store.append(sample)
store.close()
print(store.path)
"""
WRITE = """
import json, sys, time
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from peak_memory import peak_mb
from harness.comparison import compare_configs
from harness.logs.sqlite import open_log_unchanged
from harness.reports.files import write_report

wall, processor = time.perf_counter(), time.process_time()
log = open_log_unchanged(Path(sys.argv[1])).read()
comparison = compare_configs(log)
write_report("html", Path(sys.argv[2]), log, comparison)
print(json.dumps({
    "wall_seconds": time.perf_counter() - wall,
    "cpu_seconds": time.process_time() - processor,
    "peak_mb": peak_mb(),
}))
"""
USABLE = "performance.getEntriesByName('listed').map(each => each.startTime)[0]"


def told_by(code: str, *arguments: object) -> str:
    """The last line that a Python process of its own prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def written(path: Path, conversations: int, turns: int) -> dict[str, float]:
    """Seconds and memory of a process that reads such a run from its log and writes the report."""
    log = told_by(KEEP, SUPPORT, conversations, turns, path.parent)
    facts: dict[str, float] = json.loads(told_by(WRITE, log, path, SUPPORT))
    Path(log).unlink()
    return facts


def seconds_until_usable(path: Path, fragment: str, ready: str) -> float:
    """From the start of the navigation until the list, or what the fragment names, can be used."""
    browser = Browser()
    times = []
    for _ in range(OPENINGS):
        page = browser.open(path, fragment)
        page.wait(ready, seconds=60)
        times.append(page.evaluate(USABLE) / 1000)
    browser.close()
    return statistics.median(times)


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH: apt-get install chromium")
def test_a_report_of_many_conversations_stays_small_and_opens_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = {}
    for name, (conversations, turns, most_mb) in RUNS.items():
        path = tmp_path / f"{conversations}.html"
        facts = written(path, conversations, turns)
        size_mb = path.stat().st_size / 1e6
        listed = "document.getElementById('shown').textContent.includes(' of ')"
        opened[name] = seconds_until_usable(path, "", listed)
        with capsys.disabled():
            sys.stdout.write(
                f"\n{name}: {size_mb:.2f} MB, written in {facts['wall_seconds']:.1f} s "
                f"({facts['cpu_seconds']:.1f} s of processor time), {facts['peak_mb']:.0f} MB at "
                f"most, usable after {opened[name]:.2f} s\n"
            )
        assert size_mb <= most_mb
        assert facts["peak_mb"] <= MOST_MEMORY_MB

    small, large = opened.values()
    assert large < 10 * small
