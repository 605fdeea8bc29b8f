"""What the README says about a run as a data frame runs as it is written there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cli_project import environment, write_suite
from readme import readme_blocks


def test_the_table_of_the_newest_run_is_read_as_written(tmp_path: Path) -> None:
    write_suite(tmp_path)
    (block,) = readme_blocks("## Over time\n").values()
    (tmp_path / "table.py").write_text(block)

    def python(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    python("-m", "harness", "run", "--no-report")
    told = python("table.py").split()

    assert told[told.index("talk") :][:3] == ["talk", "plain", "1.0"]
