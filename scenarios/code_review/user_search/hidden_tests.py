"""Run against the final user_search.py; test_<defect> fails as long as that defect is there."""

import warnings
from pathlib import Path

import user_search


class Address(str):
    """A mail address that counts how often it is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Address.compared += 1
        return str.__eq__(self, other)

    def lower(self):
        return Address(str.lower(self))

    casefold = lower


def directory(count=45):
    connection = user_search.open_directory(":memory:")
    connection.executescript(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, password TEXT);"
        "CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT);"
        "CREATE TABLE members (user_id INTEGER, team_id INTEGER);"
        "INSERT INTO teams VALUES (1, 'night shift'), (2, 'billing');"
    )
    people = [
        (number, f"Person {number:02}", f"p{number}@example.org", f"pw{number}")
        for number in range(1, count + 1)
    ]
    connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", people)
    connection.executemany("INSERT INTO members VALUES (?, 1)", [(row[0],) for row in people])
    connection.execute("INSERT INTO members VALUES (1, 2)")
    return connection


def test_sql_injection():
    connection = directory()
    # Enough of them to be on page 1 wherever it begins: paging has a test of its own.
    irish = [(number, "Una O'Hara", "una@example.org", "x") for number in range(100, 150)]
    connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", irish)

    terms = {
        "a stolen password column": "' UNION SELECT id, password, email FROM users "
        "WHERE name LIKE '",
        "a condition that is always true": "zzz' OR '1' LIKE '1",
    }
    for what, term in terms.items():
        found = user_search.search_users(connection, term)
        assert found == [], f"a search term got {what}"
    names = {user["name"] for user in user_search.search_users(connection, "O'Hara")}
    assert names == {"Una O'Hara"}, "a name with an apostrophe is not found"


def test_page_offset():
    connection = directory(45)

    pages = [user_search.search_users(connection, "Person", page) for page in (1, 2, 3, 4)]

    assert [len(page) for page in pages] == [20, 20, 5, 0], "the pages have the wrong sizes"
    found = [user["id"] for page in pages for user in page]
    assert found == list(range(1, 46)), "the pages do not show everybody exactly once"


def test_query_per_user():
    connection = directory(60)
    users = [{"id": number, "name": "", "email": ""} for number in range(1, 61)]
    statements = []
    connection.set_trace_callback(statements.append)

    user_search.with_teams(connection, users)

    assert len(statements) <= 2, "the number of queries grows with the number of users"


def test_open_file():
    users = [{"id": 1, "name": "A", "email": "a@example.org"}]

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        user_search.export_csv(users, "export.csv")

    leaks = [entry for entry in caught if issubclass(entry.category, ResourceWarning)]
    assert not leaks, "the exported file is left open"


def test_slow_merge():
    users = [{"id": n, "name": "", "email": Address(f"Person{n}@x.org")} for n in range(150)]
    Address.compared = 0

    user_search.merge_duplicates(users)

    assert Address.compared <= 5 * len(users), "comparisons grow with the square of the users"


def test_still_merges():
    addresses = ["A@x.org", "b@x.org", "a@X.org", "c@x.org", "B@x.org"]
    users = [{"id": number, "email": address} for number, address in enumerate(addresses)]

    kept = user_search.merge_duplicates(users)

    assert [user["id"] for user in kept] == [0, 1, 3], "the wrong users are kept"
    assert kept[0]["email"] == "A@x.org", "an address was changed"


def test_still_adds_teams():
    users = [{"id": 1, "name": "A", "email": ""}, {"id": 99, "name": "B", "email": ""}]

    found = user_search.with_teams(directory(3), users)

    assert [user["teams"] for user in found] == [["billing", "night shift"], []], "wrong teams"
    assert [user["name"] for user in found] == ["A", "B"], "wrong users"
    assert user_search.with_teams(directory(3), []) == [], "no users give no result"


def test_still_exports():
    users = [{"id": 1, "name": "A, B", "email": "a@x.org"}, {"id": 2, "name": "C", "email": ""}]

    count = user_search.export_csv(users, "export.csv")

    lines = Path("export.csv").read_text(encoding="utf-8").splitlines()
    assert count == 2, "the wrong count is returned"
    assert lines == ["id,name,email", '1,"A, B",a@x.org', "2,C,"], "the file is not as promised"


def test_still_twenty_per_page():
    assert user_search.PAGE_SIZE == 20, "a page no longer holds twenty users"
