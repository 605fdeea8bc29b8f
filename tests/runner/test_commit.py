"""The commit that a run names is that of its scenarios, and costs nothing where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.runner.commit import commit_of


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A Tester", "-c", "user.email=tester@example.test")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "suite.yaml").write_text("title: One\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "One")
    return tmp_path


def test_it_is_the_head_of_the_folders_repository(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "-a", "v1", "-m", "v1")

    assert commit_of(repository / "scenarios") == head


def test_a_changed_tracked_file_makes_it_dirty_and_a_new_one_does_not(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    (repository / "report.html").write_text("new")
    assert commit_of(repository) == head

    (repository / "scenarios" / "suite.yaml").write_text("title: Two\n")
    assert commit_of(repository) == f"{head}-dirty"


def test_a_hook_of_another_repository_does_not_change_it(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "-q")
    head = git(repository, "rev-parse", "HEAD")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))

    assert commit_of(repository) == head


def test_there_is_none_outside_of_git_and_before_the_first_commit(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == ""
    git(tmp_path, "init", "-q")
    assert commit_of(tmp_path) == ""
    assert commit_of(tmp_path / "missing") == ""


def test_there_is_none_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))

    assert commit_of(repository) == ""


def test_a_git_that_hangs_is_not_waited_for(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    slow = folder / "git"
    slow.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    assert commit_of(repository) == ""
