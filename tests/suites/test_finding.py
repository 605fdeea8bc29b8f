from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import SuiteError
from harness.suites import find_suites


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("b_suite", "a_suite"):
        for file in ("suite.yaml", "first/scenario.yaml", "first/files/x.txt"):
            path = tmp_path / "scenarios" / folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    (tmp_path / "scenarios" / "notes").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("root", "found"),
    [
        pytest.param("scenarios", ["a_suite", "b_suite"], id="folder of suites"),
        pytest.param(".", ["a_suite", "b_suite"], id="project"),
        pytest.param("scenarios/a_suite", ["a_suite"], id="suite"),
        pytest.param("scenarios/a_suite/suite.yaml", ["a_suite"], id="suite file"),
        pytest.param("scenarios/b_suite/first", ["b_suite"], id="scenario"),
        pytest.param("scenarios/b_suite/first/scenario.yaml", ["b_suite"], id="scenario file"),
    ],
)
def test_suites_are_found_from(project: Path, root: str, found: list[str]) -> None:
    assert find_suites(Path(root)) == [project / "scenarios" / name for name in found]


@pytest.mark.parametrize(
    ("root", "said"),
    [
        pytest.param("scenarios/notes", "looked for suite.yaml in it", id="no suite"),
        pytest.param("scenarios/notes", "harness new scenario my_suite/my_scenario", id="advice"),
        pytest.param("scenarios/a_suite/first/files/x.txt", "expected a folder", id="other file"),
    ],
)
def test_finding_nothing_tells_what_was_looked_for(project: Path, root: str, said: str) -> None:
    with pytest.raises(SuiteError) as caught:
        find_suites(Path(root))

    assert said in str(caught.value)


def test_outside_a_project_one_sentence_says_how_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SuiteError) as caught:
        find_suites(Path("scenarios"))

    assert str(caught.value) == (
        f"There is no folder scenarios here ({tmp_path}). Start one with: harness new scenario "
        "my_suite/hello, or name yours with --scenarios."
    )


@pytest.mark.parametrize(
    ("root", "said"),
    [
        pytest.param(
            "talks",
            "There is no folder talks here ({here}). Start one with: harness new scenario "
            "my_suite/hello --scenarios talks, or name yours with --scenarios.",
            id="another name",
        ),
        pytest.param(
            "/nowhere/talks",
            "There is no folder /nowhere/talks. Start one with: harness new scenario "
            "my_suite/hello --scenarios /nowhere/talks, or name yours with --scenarios.",
            id="elsewhere",
        ),
        pytest.param(
            "talks/suite.yaml",
            "There is no file talks/suite.yaml here ({here}). Name yours with --scenarios.",
            id="a file",
        ),
    ],
)
def test_a_place_that_is_not_there_is_named_without_a_line(
    project: Path, root: str, said: str
) -> None:
    with pytest.raises(SuiteError) as caught:
        find_suites(Path(root))

    assert str(caught.value) == said.format(here=project)


def test_a_folder_has_no_line(project: Path) -> None:
    with pytest.raises(SuiteError) as caught:
        find_suites(Path("scenarios/notes"))

    assert str(caught.value).startswith("scenarios/notes: there is no suite here: ")


def test_a_misnamed_suite_file_is_pointed_out(project: Path) -> None:
    (project / "scenarios/notes/suite.yml").touch()

    with pytest.raises(SuiteError, match=r"Rename scenarios/notes/suite\.yml to suite\.yaml"):
        find_suites(Path("scenarios/notes"))
