"""What a script's agents leave reaches the script, and nothing else of the user's is touched."""

from __future__ import annotations

from pathlib import Path

from harness.runner.files import WorkDirs
from harness.sandboxes.process import ProcessSandbox


def test_only_what_lies_in_a_folder_below_the_workspace_is_copied(tmp_path: Path) -> None:
    workspace, mine = tmp_path / "workspace", tmp_path / "mine"
    (workspace / "coding").mkdir(parents=True)
    (mine / "src").mkdir(parents=True)
    (mine / "src" / "team.py").write_text("precious")
    sandbox, files = ProcessSandbox(), WorkDirs(root=mine, gives_back=True)
    options = {"language": "python", "filename": "a.py", "timeout_seconds": 30}
    code = """
import os, pathlib
pathlib.Path("plot.png").write_text("good")
os.makedirs("../src", exist_ok=True)
pathlib.Path("../src/team.py").write_text("evil")
os.symlink("/etc/passwd", "link")
"""

    done = sandbox.run(workspace, code, folder="coding", **options)
    files.take(workspace / "coding", Path("coding"))
    sandbox.run(workspace, "open('top.txt', 'w').write('x')", **options)
    files.take(workspace, Path("."))
    sandbox.close()

    assert done.exit_code == 0, done.output
    assert (mine / "coding" / "plot.png").read_text() == "good"
    assert (mine / "src" / "team.py").read_text() == "precious"
    assert not (mine / "coding" / "link").exists()
    assert not (mine / "top.txt").exists()


def test_a_folder_that_holds_the_project_or_home_is_neither_read_nor_written(
    tmp_path: Path,
) -> None:
    workspace, mine = tmp_path / "workspace", tmp_path / "all" / "mine"
    workspace.mkdir()
    mine.mkdir(parents=True)
    (mine / "secret.txt").write_text("secret")
    (workspace / "left.txt").write_text("left")
    files = WorkDirs(root=mine, gives_back=True)

    for work_dir in (Path("."), Path(".."), mine, Path("/"), Path.home()):
        files.bring(work_dir, workspace, workspace)
        files.take(workspace, work_dir)

    assert sorted(path.name for path in workspace.iterdir()) == ["left.txt"]
    assert sorted(path.name for path in mine.iterdir()) == ["secret.txt"]
    assert not (Path.home() / "left.txt").exists()


def test_what_was_handed_back_is_not_shown_again_unless_it_was_changed(tmp_path: Path) -> None:
    mine, first, second = tmp_path / "mine", tmp_path / "first", tmp_path / "second"
    for folder in (mine / "coding", first, second):
        folder.mkdir(parents=True)
    (mine / "coding" / "input.txt").write_text("given")
    earlier = WorkDirs(root=mine, gives_back=True)
    earlier.bring(Path("coding"), first, first)
    (first / "output.txt").write_text("made")
    (first / "notes.txt").write_text("made")
    earlier.take(first, Path("coding"))
    (mine / "coding" / "notes.txt").write_text("changed by the user")

    later = WorkDirs(root=mine, gives_back=True)
    later.bring(Path("coding"), second, second)

    assert sorted(path.name for path in second.iterdir()) == ["input.txt", "notes.txt"]
    assert (second / "notes.txt").read_text() == "changed by the user"
