"""An address is read or refused, and no password of it is ever told."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL

from harness.errors import HistoryError
from harness.history import open_history
from harness.history.address import parse_address

SECRET = "hunter2-x9"
NOWHERE = "127.0.0.1:1"  # nothing listens on it


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (f"postgresql+psycopg://ci:{SECRET}@db:5432/results", "database results on db:5432"),
        (f"postgresql://ci:{SECRET}@db/results", "database results on db"),
        (f"postgres:///results?host=db&user=ci&password={SECRET}", "database results on db"),
        ("postgresql:///results", "database results on this machine"),
        ("some/where.sqlite", "some/where.sqlite"),
        ("sqlite:///some/where.sqlite", "some/where.sqlite"),
    ],
)
def test_an_address_is_told_without_user_and_password(address: str, told: str) -> None:
    assert parse_address(address).shown == told


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(f"mysql://ci:{SECRET}@db/results", id="another database"),
        pytest.param(f"postgresql+asyncpg://ci:{SECRET}@db/results", id="another driver"),
        pytest.param(f"postgresql:ci:{SECRET}@db/results", id="no slashes"),
        pytest.param(f"postgresql:/ci:{SECRET}@db/results", id="one slash"),
        pytest.param(f"postgresql://ci:a@{SECRET}@db/results", id="an unescaped @"),
        pytest.param(f"postgresql://ci:a/{SECRET}@db/results", id="an unescaped slash"),
        pytest.param(f"postgresql://ci:{SECRET}@db:port/results", id="a port that is none"),
        pytest.param(f"host=db password={SECRET} dbname=results", id="libpq's own words"),
        pytest.param(f"u:{SECRET}@db/results", id="no scheme"),
        pytest.param(f"postgresql//ci:{SECRET}@db/results", id="no colon"),
        pytest.param(f"{SECRET}://ci@db/results", id="a secret for a scheme"),
        pytest.param("sqlite://", id="no file"),
        pytest.param("sqlite:///:memory:", id="nothing that stays"),
        pytest.param(" ", id="nothing"),
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(HistoryError) as refused:
        parse_address(address)

    assert SECRET not in str(refused.value)
    assert "hunter2" not in repr(refused.value.__cause__)


CLEANED = "FATAL: [redacted] is wrong"


@given(
    # What stands in the cleaned text anyway tells nothing.
    password=st.text(min_size=6).filter(
        lambda text: text.isprintable() and text.isascii() and text not in CLEANED
    ),
    host=st.sampled_from(["db", "127.0.0.1", "db.example.test"]),
)
def test_any_escaped_password_stays_untold(password: str, host: str) -> None:
    url = URL.create("postgresql+psycopg", "ci", password, host, 5432, "results")

    found = parse_address(url.render_as_string(hide_password=False))

    assert found.url == url
    assert found.shown == f"database results on {host}:5432"
    assert password not in found.cleaned(f"FATAL: {password} is wrong")


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with (
        closing(open_history(f"postgresql://ci:{SECRET}@{NOWHERE}/results")) as store,
        pytest.raises(HistoryError) as refused,
    ):
        store.read()

    assert "database results on 127.0.0.1:1: the history cannot be used" in str(refused.value)
    assert "refused" in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_wrong_password_is_refused_by_the_server_and_not_told(server: URL) -> None:
    wrong = server.set(password=SECRET).render_as_string(hide_password=False)

    with closing(open_history(wrong)) as store, pytest.raises(HistoryError) as refused:
        store.read()

    assert "password authentication failed" in str(refused.value)
    assert SECRET not in str(refused.value)


WITHOUT = """
import sys
sys.modules["psycopg"] = None
from harness.errors import HistoryError
from harness.history import open_history
try:
    open_history("postgresql://db/results")
except HistoryError as error:
    print(error)
open_history("history.sqlite")
"""


def test_without_psycopg_a_server_names_what_to_install_and_a_file_needs_nothing(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert 'pip install "conversation-harness[history]"' in done.stdout


def test_every_secret_that_a_driver_may_repeat_is_cleaned_away() -> None:
    query = "password=first1&password=second2&sslpassword=third3&options=fourth4"
    address = parse_address(f"postgresql://ci@db/results?{query}")

    told = address.cleaned("first1 second2 third3 fourth4 db")

    assert told == "[redacted] [redacted] [redacted] [redacted] db"
