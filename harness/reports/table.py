"""A run's samples as a table in a file: CSV, JSON lines or Parquet."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from harness.errors import HarnessError
from harness.model.table import rows_of
from harness.reports.files import write_file

if TYPE_CHECKING:
    from pathlib import Path

    from harness.model.run import RunLog

SUFFIXES = (".csv", ".jsonl", ".parquet")


def write_table(log: RunLog, path: Path, *, overwrite: bool = False) -> int:
    """Write one row per sample, in the format that the file's name ends with.

    Args:
        log: The run.
        path: Ends with one of `SUFFIXES`.
        overwrite: Whether a file that is there may be replaced.

    Returns:
        The number of rows.

    Raises:
        HarnessError: If the file is there, its name tells no format, or Parquet needs a
            package that is not installed.
        EnvironmentFault: If the file cannot be written.
    """
    if path.suffix not in SUFFIXES:
        raise HarnessError(
            f"{path}: the end of the name says the format, and {path.suffix or 'no ending'!r} is "
            f"none: use one of {', '.join(SUFFIXES)}."
        )
    if path.exists() and not overwrite:
        raise HarnessError(f"{path} exists already. Choose another name, or add --overwrite.")
    rows = rows_of(log)
    content = _parquet(log, path) if path.suffix == ".parquet" else _text(path.suffix, rows)
    write_file(path, content, "table")
    return len(rows)


def _text(suffix: str, rows: list[dict[str, str | int | float | bool | None]]) -> bytes:
    if suffix == ".jsonl":
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    stream = io.StringIO(newline="")
    # An unknown value is an empty cell; what is there is never quoted away.
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def _parquet(log: RunLog, path: Path) -> bytes:
    try:
        import pyarrow  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401
    except ImportError:
        raise HarnessError(
            f"{path}: Parquet needs the package pyarrow. Install it with: pip install pyarrow; "
            "or write a .csv or .jsonl file."
        ) from None
    stream = io.BytesIO()
    log.to_pandas().to_parquet(stream, index=False)
    return stream.getvalue()
