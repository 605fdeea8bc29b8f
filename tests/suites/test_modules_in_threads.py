from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from harness.suites import sibling

if TYPE_CHECKING:
    from pathlib import Path


def test_no_thread_sees_a_module_that_is_half_imported(tmp_path: Path) -> None:
    (tmp_path / "parts.py").write_text("import time\ntime.sleep(0.2)\nPARTS = [1, 2, 3]\n")
    caller = str(tmp_path / "provider.py")

    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda _: sibling(caller, "parts").PARTS, range(8)))

    assert parts == [[1, 2, 3]] * 8
