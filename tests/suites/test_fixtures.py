"""What lies in a scenario's files/ either becomes a fixture or is a fault, never ignored."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import SuiteError
from harness.suites import load_suite

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLACE = "demo/first/scenario.yaml:1: "


def faults_of(suite: Any) -> tuple[str, ...]:
    with pytest.raises(SuiteError) as caught:
        load_suite(suite.root)
    return caught.value.faults


def test_a_name_that_is_not_utf8_is_a_fault_that_shows_its_bytes(suite: Any) -> None:
    suite.write("first/files/a.txt", "1")
    folder = os.fsencode(suite.root / "first/files")
    try:
        with open(folder + b"/caf\xe9.txt", "wb"):
            pass
    except OSError:
        pytest.skip("this file system refuses such names itself")

    assert faults_of(suite) == (
        PLACE + r"'demo/first/files/caf\xe9.txt' has a name that is not UTF-8, so no report "
        "could show it; rename it",
    )


def pipe(path: Path) -> None:
    os.mkfifo(path)


def local_socket(path: Path) -> None:
    # The whole path may be longer than a socket's name can be.
    with socket.socket(socket.AF_UNIX) as server:
        before = os.getcwd()
        os.chdir(path.parent)
        try:
            server.bind(path.name)
        finally:
            os.chdir(before)


def device(path: Path) -> None:
    path.symlink_to("/dev/null")


def folder_outside(path: Path) -> None:
    outside = path.parents[3] / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("mine")
    path.symlink_to(outside)


def folder_inside(path: Path) -> None:
    path.symlink_to(path.parents[1])


def nothing(path: Path) -> None:
    path.symlink_to(path.with_name("gone"))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (pipe, "is no regular file but a pipe, socket or device; remove it"),
        (local_socket, "is no regular file but a pipe, socket or device; remove it"),
        (device, "is a link that leads out of the suite's folder"),
        (folder_outside, "is a link that leads out of the suite's folder"),
        (folder_inside, "is a link to a folder, and links are not followed; copy the folder here"),
        (nothing, "is a link to nothing"),
    ],
)
def test_what_cannot_be_copied_is_a_fault(
    suite: Any, make: Callable[[Path], None], said: str
) -> None:
    suite.write("first/files/a.txt", "1")
    make(suite.root / "first/files/odd")

    assert faults_of(suite) == (f"{PLACE}demo/first/files/odd {said}",)


def test_a_files_folder_that_leads_out_is_one_fault(suite: Any, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in "ab":
        (outside / name).write_text("mine")
    (suite.root / "first/files").symlink_to(outside)

    said = "is a link that leads out of the suite's folder"
    assert faults_of(suite) == (f"{PLACE}demo/first/files {said}",)


def test_a_file_in_the_place_of_the_folder_is_a_fault(suite: Any) -> None:
    suite.write("first/files", "1")

    said = "must be a folder; the fixtures are the files in it"
    assert faults_of(suite) == (f"{PLACE}demo/first/files {said}",)


def test_links_to_files_of_the_suite_and_folders_without_files_are_fine(suite: Any) -> None:
    suite.write("shared.csv", "1,2")
    suite.write("first/files/deep/a.txt", "1")
    (suite.root / "first/files/empty").mkdir()
    (suite.root / "first/files/b.csv").symlink_to(suite.root / "shared.csv")

    (scenario,) = load_suite(suite.root).scenarios

    assert [target for _, target in scenario.files] == ["b.csv", "deep/a.txt"]
