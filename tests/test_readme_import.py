"""The mapping that the README shows imports a folder of chats as it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from cli_project import environment
from readme import README, readme_blocks

HEADING = "## Conversations from elsewhere\n"


def test_a_folder_of_chats_is_imported_by_the_mapping_as_written(tmp_path: Path) -> None:
    section = README.read_text(encoding="utf-8").partition(HEADING)[2]
    found = re.search(r"^```json\n(.*?)^```$", section, re.S | re.M)
    assert found is not None
    chat = json.loads(found[1])
    (tmp_path / "chats.yaml").write_text(readme_blocks(HEADING)["chats.yaml"])
    (tmp_path / "chats").mkdir()
    for model in ("gpt-4o", "gpt-4o-mini"):
        for seed in (7, 8):
            chat["run"] = {"model": model, "seed": seed}
            chat["result"]["solved"] = (model, seed) != ("gpt-4o-mini", 8)
            (tmp_path / "chats" / f"{model}-{seed}.json").write_text(json.dumps(chat))

    def harness(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    harness("import", "chats/", "--mapping", "chats.yaml")

    assert harness("list", "--samples", "--run", "latest").splitlines() == [
        "support/refund/gpt-4o/1  pass",
        "support/refund/gpt-4o/2  pass",
        "support/refund/gpt-4o-mini/1  pass",
        "support/refund/gpt-4o-mini/2  fail",
    ]
    assert "  scenario refund: I want my money back for order 17." in harness("list")
    assert "support/refund, epoch" not in harness("compare", "--configs", "gpt-4o", "gpt-4o-mini")
