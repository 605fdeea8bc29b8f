"""How a history is told: on 80 columns, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress

import msgspec
import pytest
from report_hostile import ALL
from report_logs import outcome_log

from harness.history import history_of, run_of
from harness.model.history import History
from harness.reports.history import history_csv, history_json, print_history

COMMIT = "4debb6f2f36040e6016b48bea61dc22f1a557779"


def run(marks, number, *, commit=COMMIT, config="careful-t0.2"):
    log = outcome_log({config: {"a": marks}}, costs={config: 0.0012}, run_id=f"20261128T10{number}")
    return msgspec.structs.replace(
        run_of(log), commit=commit, started_at=f"2026-11-28T10:{number}:00"
    )


@pytest.fixture
def history() -> History:
    marks = ["p" * 15, "p" * 14 + "f", "f" * 15, "f" * 12 + "eem"]
    dirty = f"{COMMIT}-dirty"
    return history_of(
        run(each, number, commit=dirty if number == 12 else COMMIT)
        for number, each in enumerate(marks, 10)
    )


def printed(history: History) -> str:
    stream = io.StringIO()
    print_history(history, stream)
    return stream.getvalue()


def test_each_run_is_a_row_with_its_commit_and_what_it_changed(history: History) -> None:
    lines = [" ".join(line.split()) for line in printed(history).splitlines()]

    assert lines[:6] == [
        "shop careful-t0.2",
        "Run Commit Success 95 % Turns Cost Change",
        "20261128T1010 4debb6f 100 % (15) 80\u2013100 0 $0.0012 \u2013",
        "20261128T1011 4debb6f 93 % (15) 70\u201399 0 $0.0012 -7 inconclusive",
        "20261128T1012 4debb6f+ 0 % (15) 0\u201320 0 $0.0012 -93 worse",
        "20261128T1013 4debb6f 0 % (15) 0\u201320 0 $0.0012 not comparable",
    ]
    assert lines[6] == "20261128T1013: 2 errors; 1 cassette miss."
    assert "+ Files of the scenarios' repository differed from the commit." in lines
    assert not any(line.startswith("* ") for line in lines)


def test_what_is_not_known_of_a_run_is_told_below_it() -> None:
    log = outcome_log({"one": {"a": "pp.", "b": "p"}}, run_id="20261128T1010")
    other = outcome_log({"one": {"a": "mmp", "c": "p"}}, run_id="20261128T1011")

    text = printed(history_of([run_of(log), run_of(other)]))

    assert "1010: 1 sample without a result; 3 samples of unknown cost." in text
    assert "1011: 2 cassette misses; 4 samples of unknown cost; 2 scenarios not compared." in text


def test_tables_fit_into_80_columns(history: History) -> None:
    rows = [line for line in printed(history).splitlines() if line.startswith(("Run", "2026"))]

    assert max(len(line) for line in rows if ":" not in line) <= 80


SHOW = """
import sys, msgspec
from harness.model.history import History
from harness.reports.history import print_history
print_history(msgspec.json.decode(open(sys.argv[1], "rb").read(), type=History), sys.stdout)
"""


def on_a_terminal(*arguments: str) -> str:
    """What Python prints on a terminal of 80 columns, without its styles."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1"}
    shown = b""
    with subprocess.Popen([sys.executable, *arguments], stdout=theirs, env=environment) as process:
        os.close(theirs)
        # A terminal whose other end has gone is an error on Linux and an end elsewhere.
        with suppress(OSError):
            while piece := os.read(ours, 4096):
                shown += piece
    os.close(ours)
    assert process.returncode == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())


def test_a_terminal_of_80_columns_wraps_nothing_but_sentences(history: History, tmp_path) -> None:
    path = tmp_path / "history.json"
    path.write_text(history_json(history))

    lines = [line.rstrip() for line in on_a_terminal("-c", SHOW, str(path)).splitlines()]

    assert max(map(len, lines)) <= 80
    rows = [line for line in printed(history).splitlines() if line.startswith("2026")]
    words = [" ".join(row.split()) for row in rows]
    assert words[:4] == [" ".join(line.split()) for line in lines if line.startswith("2026")][:4]


def test_names_in_a_history_cannot_steer_the_terminal() -> None:
    text = printed(history_of([run("pf", 10, commit=ALL, config=f"c{ALL}")]))

    assert "\x1b" not in text
    assert "\u202e" not in text


def test_json_and_csv_hold_what_is_shown(history: History) -> None:
    assert msgspec.json.decode(history_json(history), type=History) == history
    rows = list(csv.DictReader(io.StringIO(history_csv(history))))
    assert [row["change"] for row in rows] == ["", "inconclusive", "worse", "not comparable"]
    assert [row["commit"] for row in rows][2] == f"{COMMIT}-dirty"
    assert [(row["successes"], row["samples"]) for row in rows][-1] == ("0", "15")
    assert json.loads(history_json(history))["schema_version"] == 1


def test_an_empty_history_is_told_in_every_form() -> None:
    assert "Success" in printed(History())
    assert history_csv(History()) == "\n"
    assert json.loads(history_json(History()))["entries"] == []
