"""What a script's agents leave reaches the script, and nothing else of the user's is touched."""

from __future__ import annotations

from pathlib import Path

from harness.runner.files import CopyingSandbox
from harness.sandboxes.process import ProcessSandbox


def test_only_what_lies_in_a_folder_below_the_workspace_is_copied(tmp_path: Path) -> None:
    workspace, mine = tmp_path / "workspace", tmp_path / "mine"
    (workspace / "coding").mkdir(parents=True)
    (mine / "src").mkdir(parents=True)
    (mine / "src" / "team.py").write_text("precious")
    sandbox = CopyingSandbox(ProcessSandbox(), mine)
    options = {"language": "python", "filename": "a.py", "timeout_seconds": 30}
    code = """
import os, pathlib
pathlib.Path("plot.png").write_text("good")
os.makedirs("../src", exist_ok=True)
pathlib.Path("../src/team.py").write_text("evil")
os.symlink("/etc/passwd", "link")
"""

    done = sandbox.run(workspace, code, folder="coding", **options)
    sandbox.run(workspace, "open('top.txt', 'w').write('x')", **options)
    sandbox.close()

    assert done.exit_code == 0, done.output
    assert (mine / "coding" / "plot.png").read_text() == "good"
    assert (mine / "src" / "team.py").read_text() == "precious"
    assert not (mine / "coding" / "link").exists()
    assert not (mine / "top.txt").exists()
