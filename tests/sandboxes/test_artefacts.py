from __future__ import annotations

import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.sandboxes import artefacts
from harness.sandboxes.artefacts import changes, collect_artefacts, digests
from harness.sandboxes.workspace import copy_workspace, printable, remove_tree, unprinted


@pytest.fixture
def filled(workspace):
    (workspace / "b.txt").write_text("b")
    (workspace / "a").mkdir()
    (workspace / "a" / "c.txt").write_text("cc")
    return workspace


def paths(found):
    return [artefact.path for artefact in found]


def test_files_are_listed_in_order_of_path_with_size_and_digest(filled):
    first, second = collect_artefacts(filled)

    assert (first.path, first.size_bytes, second.path) == ("a/c.txt", 2, "b.txt")
    assert first.digest == hashlib.blake2b(b"cc", digest_size=16).hexdigest()


def test_fixtures_given_by_name_are_left_out(filled):
    assert paths(collect_artefacts(filled, ("b.txt",))) == ["a/c.txt"]


def test_fixtures_given_with_their_digest_are_listed_once_they_changed(filled):
    before = digests(filled)
    (filled / "b.txt").write_text("changed")

    assert paths(collect_artefacts(filled, before)) == ["b.txt"]


def test_nothing_is_reached_through_a_symlink(filled, tmp_path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("k")
    (filled / "link").symlink_to(secret / "key")
    (filled / "folder").symlink_to(secret)
    (filled / "loop").symlink_to(filled)

    assert paths(collect_artefacts(filled)) == ["a/c.txt", "b.txt"]


def test_pipes_sockets_and_pythons_caches_are_not_artefacts(filled):
    os.mkfifo(filled / "pipe")
    (filled / "a" / "__pycache__").mkdir()
    (filled / "a" / "__pycache__" / "x.pyc").write_bytes(b"")

    assert paths(collect_artefacts(filled)) == ["a/c.txt", "b.txt"]


def test_a_name_that_is_not_utf8_can_still_be_logged(workspace):
    with open(os.fsencode(workspace) + b"/caf\xe9", "w"):
        pass

    assert paths(collect_artefacts(workspace)) == ["caf\\xe9"]


def test_names_that_are_not_utf8_are_told_apart(workspace, tmp_path):
    odd = [b"a\xff", b"a\xfe", b"a\xef\xbf\xbd", b"a\\xff", b"a\\x5cxff", b"d\xff/a"]
    os.mkdir(os.fsencode(workspace) + b"/d\xff")
    for number, name in enumerate(odd):
        with open(os.path.join(os.fsencode(workspace), name), "w") as file:
            file.write(str(number))
    before = digests(workspace)
    os.remove(os.path.join(os.fsencode(workspace), odd[0]))
    copy = tmp_path / "copy"
    copy_workspace(workspace, copy, max_files=10, max_bytes=1000)

    assert len(before) == len(odd)
    removed = [(each.path, each.kind) for each in changes(before, workspace)]
    assert removed == [("a\\xff", "removed")]
    listed = {name for name in os.listdir(os.fsencode(copy)) if name.startswith(b"a")}
    assert listed == set(odd[1:5])


@given(
    st.lists(st.sampled_from([b"\\", b"x", b"ff", b"5c", b"\xff", b"\xc3\xa9", b"a"]), min_size=1)
)
def test_a_path_can_be_told_from_what_is_logged_of_it(pieces):
    path = os.fsdecode(b"".join(pieces))

    assert unprinted(printable(path)) == path
    printable(path).encode()


def test_there_are_no_more_artefacts_than_the_cap(filled, monkeypatch):
    monkeypatch.setattr(artefacts, "MAX_ARTEFACTS", 1)

    assert paths(collect_artefacts(filled)) == ["a/c.txt"]


def test_a_file_too_large_to_digest_is_listed_without_reading_it(filled):
    size = artefacts.MAX_DIGESTED_BYTES + 1
    with open(filled / "huge", "wb") as stream:
        stream.truncate(size)

    (huge,) = (file for file in collect_artefacts(filled) if file.path == "huge")

    assert (huge.size_bytes, huge.digest) == (size, "")


def nest(folder, depth):
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


def test_thousands_of_folders_inside_each_other_do_no_harm_and_can_be_removed(workspace):
    nest(workspace, 3000)

    assert collect_artefacts(workspace) == ()
    remove_tree(workspace)
    assert not workspace.exists()


def test_removing_a_link_to_a_folder_leaves_the_folder_alone(tmp_path):
    (tmp_path / "kept" / "inner").mkdir(parents=True)
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "kept")

    remove_tree(tmp_path / "link")

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "inner", "kept"]


def test_removing_a_tree_never_leaves_it(workspace, tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("k")
    (workspace / "link").symlink_to(tmp_path / "kept")
    nest(workspace, 1200)

    remove_tree(workspace)

    assert not workspace.exists()
    assert (tmp_path / "kept" / "file").read_text() == "k"


def test_a_workspace_that_is_gone_has_no_artefacts(workspace):
    workspace.rmdir()

    assert collect_artefacts(workspace) == ()
