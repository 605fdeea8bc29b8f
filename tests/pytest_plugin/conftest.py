from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pytest_project import copied, recorded, write_project

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def once_recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose one test is recorded; copied for each test that wants it."""
    project = write_project(tmp_path_factory.mktemp("recorded") / "project")
    done = recorded(project)
    assert done.returncode == 0, done.stdout + done.stderr
    return project


@pytest.fixture
def project(once_recorded: Path, tmp_path: Path) -> Path:
    """A project with a team of its own, and a test of it that has a cassette."""
    return copied(once_recorded, tmp_path / "project")


@pytest.fixture
def add_test(project: Path) -> Callable[[str], None]:
    """Add tests to the project's module, each with a copy of the one cassette it has."""

    def add(code: str, *names: str) -> None:
        module = project / "tests" / "test_team.py"
        module.write_text(module.read_text() + code)
        folder = project / "cassettes" / "pytest"
        text = (folder / "tests.test_team.test_mine.answer/default/1.jsonl").read_text()
        for name in names:
            # As "test_x.chat/config/epoch": a cassette knows whose it is.
            place = folder / f"tests.test_team.{name}.jsonl"
            place.parent.mkdir(parents=True, exist_ok=True)
            sample = f"tests.test_team.{name}"
            place.write_text(text.replace("tests.test_team.test_mine.answer/default/1", sample))

    return add
