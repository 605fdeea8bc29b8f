"""A run as a table: one row per sample, the same in Python, CSV and JSON lines."""

import csv
import json

import pytest
from report_logs import outcome_log, realistic_log

from harness.errors import HarnessError
from harness.model.table import rows_of
from harness.reports.table import write_table


def test_every_sample_is_a_row_with_the_same_columns():
    log = outcome_log({"one": {"a": "pfe", "b": "m"}})

    rows = rows_of(log)

    assert [row["outcome"] for row in rows] == ["pass", "fail", "error", "miss"]
    assert [row["success"] for row in rows] == [True, False, False, False]
    assert len({tuple(row) for row in rows}) == 1
    assert [(row["scenario"], row["epoch"]) for row in rows] == [
        ("a", 1), ("a", 2), ("a", 3), ("b", 1),
    ]  # fmt: skip


def test_the_levels_of_a_matrix_are_columns():
    log = outcome_log(
        {"x": {"a": "p"}, "y": {"a": "p"}}, factors={"x": {"t": "0"}, "y": {"t": "1"}}
    )

    assert [row["factor.t"] for row in rows_of(log)] == ["0", "1"]


def test_pandas_csv_and_json_lines_tell_the_same(tmp_path):
    log = realistic_log()

    write_table(log, tmp_path / "r.csv")
    write_table(log, tmp_path / "r.jsonl")
    frame = log.to_pandas()

    rows = rows_of(log)
    assert [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()] == rows
    with (tmp_path / "r.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows] == read
    assert list(frame.columns) == list(rows[0])
    assert frame["success"].tolist() == [row["success"] for row in rows]


def test_nothing_is_overwritten_unasked(tmp_path):
    log = outcome_log({"one": {"a": "p"}})
    path = tmp_path / "new" / "r.csv"
    write_table(log, path)

    with pytest.raises(HarnessError, match="exists already"):
        write_table(log, path)
    assert write_table(log, path, overwrite=True) == 1


@pytest.mark.parametrize("name", ["r.xlsx", "r"])
def test_a_name_that_tells_no_format_is_refused_with_those_there_are(tmp_path, name):
    with pytest.raises(HarnessError, match=r"use one of \.csv, \.jsonl, \.parquet"):
        write_table(outcome_log({"one": {"a": "p"}}), tmp_path / name)


def test_what_agents_wrote_is_not_in_the_table():
    text = json.dumps(rows_of(realistic_log()))

    spoken = [
        m.content for s in realistic_log().samples for m in s.transcript.messages if m.content
    ]
    assert spoken
    assert not [content for content in spoken if len(content) > 20 and content in text]


def test_parquet_needs_pyarrow_and_says_so(tmp_path):
    log = outcome_log({"one": {"a": "p"}})
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        with pytest.raises(HarnessError, match="pip install pyarrow"):
            write_table(log, tmp_path / "r.parquet")
    else:
        assert write_table(log, tmp_path / "r.parquet") == 1
