"""The database of the history: append runs, read them back.

One code path for SQLite and PostgreSQL, through SQLAlchemy Core. A run is added in one
transaction, and only one process writes at a time: SQLite by ``BEGIN IMMEDIATE``, PostgreSQL by
an advisory lock. So a run is in the history completely or not at all, and what is there is never
replaced, except samples without a result by their results.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Table, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from harness.errors import HistoryError
from harness.history.address import Address, parse_address
from harness.history.connecting import begun, connected, explained
from harness.history.runs import completes
from harness.history.tables import (
    CONFIG,
    LAYOUT_VERSION,
    METADATA,
    RUN,
    SAMPLE,
    SCENARIO,
    SCHEMA,
    SIZE,
    SUITE,
)
from harness.model.gate import SampleOutcome
from harness.model.history import HistoryRun, HistorySuite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Engine, Row

Added = Literal["added", "completed", "there already"]

_ADD = "Add a run with: harness history add"


def open_history(address: str) -> HistoryStore:
    """The history at an address; nothing is connected or made yet.

    Args:
        address: Path of a SQLite file, or a URL of SQLite or PostgreSQL.

    Raises:
        HistoryError: If it is neither, or the driver is not installed.
    """
    where = parse_address(address)
    return HistoryStore(where, connected(where))


class HistoryStore:
    """The history in one database."""

    def __init__(self, address: Address, engine: Engine) -> None:
        self.address = address
        self._engine = engine

    def add(self, run: HistoryRun) -> Added:
        """Keep a run, once.

        Args:
            run: The run.

        Returns:
            "added"; "completed" if it was there with fewer results, as a resumed run is; or
            "there already" if it was there with these results, or with more.

        Raises:
            HistoryError: If it is there with other results, or the database cannot be used.
        """
        if self.address.path is not None:
            _make_folder(self.address)
        try:
            with begun(self._engine, writes=True) as connection:
                self._require_layout(connection, makes=True)
                return self._add(connection, run)
        except (SQLAlchemyError, sqlite3.Error, UnicodeError) as error:
            raise explained(error, self.address) from None

    def _add(self, connection: Connection, run: HistoryRun) -> Added:
        kept = next(iter(_read(connection, run.run_id)), None)
        if kept is None:
            _insert(connection, run)
            return "added"
        if completes(kept, run):
            return "there already"
        if completes(run, kept):
            for table in (SAMPLE, CONFIG, SCENARIO, SIZE, SUITE, RUN):
                connection.execute(table.delete().where(table.c.run_id == run.run_id))
            _insert(connection, run)
            return "completed"
        raise HistoryError(
            f"{self.address.shown}: run {run.run_id!r} is in the history already, and not with "
            "the results that this run log holds. Nothing was overwritten. A log whose samples "
            "were scored again or changed by hand is another run; keep it in a history of its "
            "own: --database OTHER.sqlite"
        )

    def read(self) -> tuple[HistoryRun, ...]:
        """Every run, oldest first.

        Raises:
            HistoryError: If there is no history yet, or the database cannot be used.
        """
        if self.address.path is not None and not self.address.path.exists():
            raise HistoryError(f"{self.address.shown}: there is no history yet. {_ADD}")
        try:
            with begun(self._engine, writes=False) as connection:
                self._require_layout(connection, makes=False)
                return tuple(_read(connection))
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise explained(error, self.address) from None

    def close(self) -> None:
        """Release the database."""
        self._engine.dispose()

    def _require_layout(self, connection: Connection, *, makes: bool) -> None:
        names = set(inspect(connection).get_table_names())
        if SCHEMA.name not in names:
            self._refuse_strange(names)
            if not makes:
                raise HistoryError(f"{self.address.shown}: there is no history yet. {_ADD}")
            METADATA.create_all(connection)
            connection.execute(SCHEMA.insert().values(version=LAYOUT_VERSION))
            return
        versions = list(connection.execute(select(SCHEMA.c.version)).scalars())
        if versions != [LAYOUT_VERSION]:
            told = ", ".join(map(str, versions)) or "none"
            raise HistoryError(
                f"{self.address.shown}: the history has layout version {told}; this release "
                f"reads {LAYOUT_VERSION}. Nothing was changed. If it is newer: pip install -U "
                "conversation-harness"
            )
        if makes:
            SIZE.create(connection, checkfirst=True)

    def _refuse_strange(self, names: set[str]) -> None:
        """A server's database is shared; a file with other tables is something else, say a log."""
        if self.address.path is not None and names:
            raise HistoryError(
                f"{self.address.shown}: this is a SQLite file, but no history: it has the tables "
                f"{', '.join(sorted(names)):.200}. Nothing was changed. Name another file."
            )


def _make_folder(address: Address) -> None:
    assert address.path is not None
    try:
        address.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(
            f"{address.shown}: the folder of the history cannot be made: {error.strerror}."
        ) from None


def _insert(connection: Connection, run: HistoryRun) -> None:
    connection.execute(
        RUN.insert().values(
            run_id=run.run_id,
            digest=run.digest,
            started_at=run.started_at,
            commit_id=run.commit,
            mode=run.mode,
            harness_version=run.harness_version,
        )
    )
    rows: defaultdict[Table, list[dict[str, Any]]] = defaultdict(list)
    for suite in run.suites:
        names = {"run_id": run.run_id, "suite": suite.suite}
        rows[SUITE].append(names)
        if suite.samples_per_config is not None:
            rows[SIZE].append({**names, "samples_per_config": suite.samples_per_config})
        for scenario, digest in suite.scenarios.items():
            rows[SCENARIO].append({**names, "scenario": scenario, "digest": digest})
        for position, (config, digest) in enumerate(suite.configs.items()):
            place = {"config": config, "position": position}
            rows[CONFIG].append({**names, **place, "digest": digest})
        rows[SAMPLE] += [{**names, **_sample_row(each)} for each in suite.samples]
    for table, several in rows.items():
        if several:
            connection.execute(table.insert(), several)


def _sample_row(sample: SampleOutcome) -> dict[str, Any]:
    return {
        "scenario": sample.scenario,
        "config": sample.config,
        "epoch": sample.epoch,
        "outcome": sample.outcome,
        "turns": sample.turns,
        "cost_usd": sample.cost_usd,
    }


def _read(connection: Connection, run_id: str | None = None) -> list[HistoryRun]:
    """All runs, or the one with that id, oldest first."""
    parts = {
        table: _by_suite(connection, table, run_id) for table in (SUITE, SCENARIO, CONFIG, SAMPLE)
    }
    sizes = _sizes(connection, run_id)
    found: defaultdict[str, list[HistorySuite]] = defaultdict(list)
    runs = {row.run_id: row for row in _rows(connection, RUN, run_id)}
    for run, suite in sorted(parts[SUITE]):
        key = (run, suite)
        found[run].append(
            HistorySuite(
                suite=suite,
                scenarios={each.scenario: each.digest for each in parts[SCENARIO][key]},
                configs={
                    each.config: each.digest
                    for each in sorted(parts[CONFIG][key], key=lambda each: each.position)
                },
                samples=tuple(sorted(map(_sample, parts[SAMPLE][key]), key=_place)),
                samples_per_config=sizes.get(key),
            )
        )
    kept = [
        HistoryRun(
            run_id=row.run_id,
            started_at=row.started_at,
            commit=row.commit_id,
            mode=row.mode,
            harness_version=row.harness_version,
            suites=tuple(found[row.run_id]),
        )
        for row in runs.values()
    ]
    return sorted(kept, key=lambda run: (run.started_at, run.run_id))


def _place(sample: SampleOutcome) -> tuple[str, str, int]:
    # A database sorts texts by its own rules; Python's are those of sample keys.
    return sample.scenario, sample.config, sample.epoch


def _rows(connection: Connection, table: Table, run_id: str | None) -> Sequence[Row[Any]]:
    query = select(table)
    if run_id is not None:
        query = query.where(table.c.run_id == run_id)
    return connection.execute(query).all()


def _by_suite(
    connection: Connection, table: Table, run_id: str | None
) -> defaultdict[tuple[str, str], list[Row[Any]]]:
    groups: defaultdict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in _rows(connection, table, run_id):
        groups[row.run_id, row.suite].append(row)
    return groups


def _sizes(connection: Connection, run_id: str | None) -> dict[tuple[str, str], int]:
    if not inspect(connection).has_table(SIZE.name):
        return {}
    rows = _rows(connection, SIZE, run_id)
    return {(row.run_id, row.suite): row.samples_per_config for row in rows}


def _sample(row: Row[Any]) -> SampleOutcome:
    return SampleOutcome(
        scenario=row.scenario,
        config=row.config,
        epoch=row.epoch,
        outcome=row.outcome,
        cost_usd=row.cost_usd,
        turns=row.turns,
    )
