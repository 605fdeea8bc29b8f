from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import database_on, postgres_server
from sqlalchemy import URL

# importlib mode keeps test folders off sys.path; the log builders are plain modules.
sys.path.insert(0, str(Path(__file__).parents[1] / "reports" / "support"))


@pytest.fixture(scope="session")
def server() -> Iterator[URL]:
    with postgres_server() as url:
        yield url


@pytest.fixture
def database(server: URL) -> Iterator[URL]:
    """An empty database on a real PostgreSQL server."""
    with database_on(server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a history may be made: each test that asks for it runs on both databases."""
    if request.param == "sqlite":
        return str(tmp_path / "history.sqlite")
    url: URL = request.getfixturevalue("database")
    return url.render_as_string(hide_password=False)
