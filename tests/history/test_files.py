"""What can be wrong with the file of a history is said, and the file stays as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from report_logs import outcome_log

from harness.errors import HistoryError
from harness.history import open_history, run_of
from harness.logs import create_log

LOG = outcome_log({"one": {"a": "ppf"}})


def test_a_file_that_is_written_to_is_waited_for_and_then_said_to_be_busy(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    with closing(open_history(str(path))) as store:
        store.add(run_of(LOG))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with closing(open_history(f"sqlite:///{path}?timeout=0.2")) as store:
        with pytest.raises(HistoryError, match=r"another process is writing .* Try again"):
            store.add(run_of(LOG))
        assert len(store.read()) == 1
    other.close()


@pytest.mark.parametrize("does", ["read", "add"])
def test_a_run_log_is_no_history_and_is_not_touched(tmp_path: Path, does: str) -> None:
    log = create_log(tmp_path, LOG.header)
    log.close()
    before = log.path.read_bytes()

    with (
        closing(open_history(str(log.path))) as store,
        pytest.raises(HistoryError, match="no history: it has the tables run, sample"),
    ):
        store.read() if does == "read" else store.add(run_of(LOG))
    assert log.path.read_bytes() == before


def test_a_file_that_is_no_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes, and they are long enough to be taken for something else.")
    before = path.read_bytes()

    with (
        closing(open_history(str(path))) as store,
        pytest.raises(HistoryError, match=r"notes\.txt: the history cannot be used: .*database"),
    ):
        store.add(run_of(LOG))
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        closing(open_history(str(tmp_path / "file" / "history.sqlite"))) as store,
        pytest.raises(HistoryError, match="the folder of the history cannot be made"),
    ):
        store.add(run_of(LOG))
