"""The same block leaves the same bytes, whenever and however often it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.model.execution import SandboxSettings
from harness.sandboxes.process import ProcessSandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.protocols import Execution

CHARTS = """
import random
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
numbers = [random.random() for _ in range(5)] + list(np.random.rand(5))
pd.DataFrame({"n": numbers, "s": [hash(str(n)) for n in numbers]}).to_csv("n.csv")
plt.bar(range(10), numbers)
for kind in ("png", "svg", "pdf"):
    plt.savefig(f"chart.{kind}")
print(numbers, {"b", "a", "c"}, sorted(__import__("os").environ))
"""


def started(**settings: object) -> ProcessSandbox:
    sandbox = ProcessSandbox(settings=SandboxSettings(**settings))
    if not sandbox.is_isolated:
        pytest.skip(f"seeds are set in the warm interpreter only: {sandbox.label}")
    return sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    sandbox = started()
    yield sandbox
    sandbox.close()


@pytest.fixture
def run(tmp_path: Path) -> Callable[[ProcessSandbox, str], Execution]:
    def start(sandbox: ProcessSandbox, code: str) -> Execution:
        workspace = tmp_path / str(len(list(tmp_path.iterdir())))
        workspace.mkdir()
        return sandbox.run(
            workspace, code, language="python", filename="main.py", timeout_seconds=60
        )

    return start


def test_random_numbers_charts_and_tables_are_the_same_every_time(sandbox, run) -> None:
    first, second = run(sandbox, CHARTS), run(sandbox, CHARTS)

    assert first.exit_code == 0, first.stderr
    assert [change.path for change in first.files] == [
        "chart.pdf",
        "chart.png",
        "chart.svg",
        "n.csv",
    ]
    assert second.files == first.files
    assert second.stdout == first.stdout


def test_another_server_makes_the_same_bytes(sandbox, run) -> None:
    other = started()

    first, second = run(sandbox, CHARTS), run(other, CHARTS)
    other.close()

    assert second.files == first.files


def test_another_seed_makes_other_numbers(sandbox, run) -> None:
    other = started(seed=1)

    first, second = run(sandbox, CHARTS), run(other, CHARTS)
    other.close()

    assert second.files != first.files


def test_a_frozen_clock_stands_still_for_python_and_pandas(run) -> None:
    frozen = started(frozen_at="2026-01-31T12:00:00+01:00", preload=("pandas",))
    code = (
        "import time, datetime, pandas\n"
        "time.sleep(0.01)\n"
        "print(datetime.datetime.now(), pandas.Timestamp.now(), time.time())\n"
    )

    done = run(frozen, code)
    frozen.close()

    assert done.stdout == "2026-01-31 11:00:00 2026-01-31 11:00:00 1769857200.0\n"


def test_time_passes_unless_told_otherwise(sandbox, run) -> None:
    code = "import time\na = time.time()\ntime.sleep(0.01)\nprint(time.time() > a > 1.7e9)\n"

    assert run(sandbox, code).stdout == "True\n"
