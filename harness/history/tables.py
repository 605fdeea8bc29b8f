"""The tables of the history, the same in SQLite and PostgreSQL.

`harness_schema` holds one row, the version of this layout. All names begin with ``harness_``, as a
database on a server may hold other things, too.
"""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Integer, MetaData, Table, Text

LAYOUT_VERSION = 1

METADATA = MetaData()

SCHEMA = Table(
    "harness_schema",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
)

RUN = Table(
    "harness_run",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("commit_id", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("harness_version", Text, nullable=False),
)


def _run_id() -> Column[str]:
    return Column("run_id", Text, ForeignKey("harness_run.run_id"), primary_key=True)


SUITE = Table(
    "harness_suite",
    METADATA,
    _run_id(),
    Column("suite", Text, primary_key=True),
)

# An addition to the layout: a history of an older release gets it with the next run, and such a
# release does not look at it. It would not delete from it either, so nothing refers to runs here.
SIZE = Table(
    "harness_suite_size",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("suite", Text, primary_key=True),
    Column("samples_per_config", Integer, nullable=False),
)

SCENARIO = Table(
    "harness_scenario",
    METADATA,
    _run_id(),
    Column("suite", Text, primary_key=True),
    Column("scenario", Text, primary_key=True),
    Column("digest", Text, nullable=False),
)

CONFIG = Table(
    "harness_config",
    METADATA,
    _run_id(),
    Column("suite", Text, primary_key=True),
    Column("config", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("digest", Text, nullable=False),
)

SAMPLE = Table(
    "harness_sample",
    METADATA,
    _run_id(),
    Column("suite", Text, primary_key=True),
    Column("scenario", Text, primary_key=True),
    Column("config", Text, primary_key=True),
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    # "missing" until the run has a result of it.
    Column("outcome", Text, nullable=False),
    Column("turns", Integer),
    Column("cost_usd", Double),
)
