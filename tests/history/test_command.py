"""The command line keeps the same history in a file and on a server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
from cli_project import environment
from report_logs import realistic_log

from harness.logs import create_log


def test_a_server_shows_what_a_file_shows_and_no_password_is_told(
    address: str, tmp_path: Path
) -> None:
    for day in (1, 2):
        log = realistic_log(epochs=2, seed=day)
        run_id = f"2026110{day}T120000-aaaaaa"
        facts = {"run_id": run_id, "started_at": f"2026-11-0{day}", "commit": f"{day}" * 40}
        store = create_log(tmp_path / "runs", msgspec.structs.replace(log.header, **facts))
        for sample in log.samples:
            store.append(sample)
        store.close()

    def harness(*arguments: str, **variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "harness", "history", *arguments],
            cwd=tmp_path,
            env=environment(**variables),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "7f3a" not in done.stdout + done.stderr
        return done.stdout

    added = harness("add", "--all", "--runs-folder", "runs", "--database", address)
    again = harness("add", "--runs-folder", "runs", HARNESS_HISTORY=address)
    harness("add", "--all", "--runs-folder", "runs", "--database", "copy.sqlite")
    here = harness("--json", HARNESS_HISTORY=address)

    assert [": added (48 samples)" in line for line in added.splitlines()] == [True, True]
    assert ": there already (48 samples)" in again
    assert here == harness("--json", "--database", "copy.sqlite")
    entries = json.loads(here)["entries"]
    assert [entry["commit"] for entry in entries] == ["1" * 40, "2" * 40] * 8
    assert all(entry["change"] is None for entry in entries[::2])
    assert "inconclusive" in harness(HARNESS_HISTORY=address)
