"""Written parts for the scenario user_search."""

from __future__ import annotations

from harness.suites import sibling

parts = sibling(__file__, "parts")
Change, Defect, Mistake, Parts = parts.Change, parts.Defect, parts.Mistake, parts.Parts

QUERY = """\
    query = (
        f"SELECT id, name, email FROM users WHERE name LIKE '%{term}%' "
        f"ORDER BY name, id LIMIT {PAGE_SIZE} OFFSET {offset}"
    )
    return [dict(row) for row in connection.execute(query)]
"""
QUERY_POSITIONAL = """\
    query = (
        "SELECT id, name, email FROM users WHERE name LIKE ? "
        "ORDER BY name, id LIMIT ? OFFSET ?"
    )
    rows = connection.execute(query, (f"%{term}%", PAGE_SIZE, offset))
    return [dict(row) for row in rows]
"""
QUERY_NAMED = """\
    query = (
        "SELECT id, name, email FROM users WHERE name LIKE '%' || :term || '%' "
        "ORDER BY name, id LIMIT :size OFFSET :offset"
    )
    values = {"term": term, "size": PAGE_SIZE, "offset": offset}
    return [dict(row) for row in connection.execute(query, values)]
"""
QUERY_STRIPPED = (
    """\
    term = term.replace(";", "").replace("--", "")
"""
    + QUERY
)

injection = Defect(
    name="sql_injection",
    kind="security",
    where="search_users",
    severity="high",
    subtlety=0.0,
    planted=QUERY,
    findings=(
        "SQL injection: term is pasted into the statement with an f-string; bind it instead",
        "the search term becomes part of the SQL text, so a quote in it can run any query "
        "(and O'Brien breaks it); use a placeholder",
        "term is not escaped or bound; a crafted search reads the password column by injection",
    ),
    fixes=(
        Change(
            "search_users binds term, size and offset as parameters", ((QUERY, QUERY_POSITIONAL),)
        ),
        Change("search_users passes its values as named parameters", ((QUERY, QUERY_NAMED),)),
    ),
    half_fix=Change(
        "search_users takes semicolons and comment marks out of term", ((QUERY, QUERY_STRIPPED),)
    ),
    half_findings=(
        "removing ; and -- is no protection: a quote still ends the string, so the SQL "
        "injection remains; bind the term",
    ),
    probe="""\
connection = directory()
connection.execute("INSERT INTO users VALUES (70, 'O''Brien', 'ob@x.org', 'pw')")
assert [user["id"] for user in search_users(connection, "O'Brien", 1)] in ([70], [])
""",
)

OFFSET = "    offset = page * PAGE_SIZE\n"

paging = Defect(
    name="page_offset",
    kind="correctness",
    where="search_users",
    severity="high",
    subtlety=0.35,
    planted=OFFSET,
    findings=(
        "pages count from 1 but the offset is page * PAGE_SIZE, so the first twenty users "
        "never show up",
        "off by one: page 1 skips a whole page of results",
        "offset should be (page - 1) * PAGE_SIZE; as it is the first page is lost",
    ),
    fixes=(
        Change(
            "search_users starts page 1 at offset 0",
            ((OFFSET, "    offset = (page - 1) * PAGE_SIZE\n"),),
        ),
        Change(
            "search_users counts pages from 1",
            ((OFFSET, "    offset = PAGE_SIZE * max(page - 1, 0)\n"),),
        ),
    ),
    half_fix=Change(
        "search_users corrects the offset by one",
        ((OFFSET, "    offset = page * PAGE_SIZE - 1\n"),),
    ),
    half_findings=(
        "the offset is off by a page, not by one row: page 1 still skips the first nineteen users",
    ),
    probe="""\
first = search_users(directory(), "Person", 1)
assert [user["id"] for user in first] == list(range(1, 21))
""",
)

PER_USER = """\
    result = []
    for user in users:
        rows = connection.execute(
            "SELECT teams.name FROM teams JOIN members ON members.team_id = teams.id "
            "WHERE members.user_id = ? ORDER BY teams.name",
            (user["id"],),
        )
        result.append({**user, "teams": [row["name"] for row in rows]})
    return result
"""
BY_MARKS = """\
    teams = {user["id"]: [] for user in users}
    marks = ", ".join("?" for _ in teams)
    rows = connection.execute(
        "SELECT members.user_id, teams.name FROM teams "
        "JOIN members ON members.team_id = teams.id "
        f"WHERE members.user_id IN ({marks}) ORDER BY teams.name",
        tuple(teams),
    )
    for row in rows:
        teams[row["user_id"]].append(row["name"])
    return [{**user, "teams": teams[user["id"]]} for user in users]
"""
BY_GROUPS = """\
    teams = {}
    rows = connection.execute(
        "SELECT members.user_id, teams.name FROM teams "
        "JOIN members ON members.team_id = teams.id ORDER BY teams.name"
    )
    for row in rows:
        teams.setdefault(row["user_id"], []).append(row["name"])
    return [{**user, "teams": teams.get(user["id"], [])} for user in users]
"""
PREPARED = """\
    query = (
        "SELECT teams.name FROM teams JOIN members ON members.team_id = teams.id "
        "WHERE members.user_id = ? ORDER BY teams.name"
    )
    teams_of = {
        user["id"]: [row["name"] for row in connection.execute(query, (user["id"],))]
        for user in users
    }
    return [{**user, "teams": teams_of[user["id"]]} for user in users]
"""

per_user = Defect(
    name="query_per_user",
    kind="performance",
    where="with_teams",
    severity="medium",
    subtlety=0.3,
    planted=PER_USER,
    findings=(
        "N+1 queries: the loop asks the database once per user; fetch all teams in one query",
        "one query for every user; a page of twenty costs twenty round trips",
        "the query sits inside the loop, so the number of statements grows with the users",
    ),
    fixes=(
        Change("with_teams fetches the teams of all users in one query", ((PER_USER, BY_MARKS),)),
        Change("with_teams reads the memberships once and groups them", ((PER_USER, BY_GROUPS),)),
    ),
    half_fix=Change(
        "with_teams builds the query once and collects the teams first", ((PER_USER, PREPARED),)
    ),
    half_findings=(
        "the statement is written once now but still runs once per user: N+1 queries as before",
    ),
    probe="""\
connection, seen = directory(), []
connection.set_trace_callback(seen.append)
with_teams(connection, [{"id": number} for number in range(1, 31)])
assert len(seen) == 1
""",
)

MERGE = """\
    kept = []
    for user in users:
        if user["email"].lower() not in [other["email"].lower() for other in kept]:
            kept.append(user)
    return kept
"""
MERGE_SEEN = """\
    kept, seen = [], set()
    for user in users:
        address = user["email"].lower()
        if address not in seen:
            seen.add(address)
            kept.append(user)
    return kept
"""
MERGE_DICT = """\
    first = {}
    for user in users:
        first.setdefault(user["email"].lower(), user)
    return list(first.values())
"""
MERGE_LIST = """\
    kept, addresses = [], []
    for user in users:
        address = user["email"].lower()
        if address not in addresses:
            addresses.append(address)
            kept.append(user)
    return kept
"""

merge = Defect(
    name="slow_merge",
    kind="performance",
    where="merge_duplicates",
    severity="medium",
    subtlety=0.25,
    planted=MERGE,
    findings=(
        "quadratic: a new list of all kept addresses is built and searched for every user; "
        "use a set",
        "O(n^2) because every address is compared with all kept ones; remember them in a set",
        "the list of addresses is rebuilt in every turn of the loop, which is slow for "
        "thousands of users",
    ),
    fixes=(
        Change("merge_duplicates remembers addresses in a set", ((MERGE, MERGE_SEEN),)),
        Change(
            "merge_duplicates keeps the first user per address in a dict", ((MERGE, MERGE_DICT),)
        ),
    ),
    half_fix=Change("merge_duplicates lowers every address only once", ((MERGE, MERGE_LIST),)),
    half_findings=(
        "addresses is a list, so looking one up still walks through all of them: quadratic; "
        "make it a set",
    ),
    probe="""\
users = [{"email": address} for address in ("A@x.org", "b@x.org", "a@x.org")]
assert [user["email"] for user in merge_duplicates(users)] == ["A@x.org", "b@x.org"]
""",
)

EXPORT = """\
    handle = open(path, "w", newline="", encoding="utf-8")
    writer = csv.writer(handle)
    writer.writerow(["id", "name", "email"])
    for user in users:
        writer.writerow([user["id"], user["name"], user["email"]])
    return len(users)
"""
EXPORT_WITH = """\
    with open(path, "w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(["id", "name", "email"])
        for user in users:
            writer.writerow([user["id"], user["name"], user["email"]])
    return len(users)
"""
EXPORT_TRY = """\
    handle = open(path, "w", newline="", encoding="utf-8")
    try:
        writer = csv.writer(handle)
        writer.writerow(["id", "name", "email"])
        writer.writerows([user["id"], user["name"], user["email"]] for user in users)
    finally:
        handle.close()
    return len(users)
"""
EXPORT_FLUSH = EXPORT.replace("    return", "    handle.flush()\n    return")

export = Defect(
    name="open_file",
    kind="correctness",
    where="export_csv",
    severity="medium",
    subtlety=0.3,
    planted=EXPORT,
    findings=(
        "the file is never closed; use a with block so that it is closed on errors too",
        "handle leak: open() without close(), rows may stay in the buffer",
        "resource leak, the CSV file stays open when the function returns or raises",
    ),
    fixes=(
        Change("export_csv writes inside a with block", ((EXPORT, EXPORT_WITH),)),
        Change("export_csv closes its file in a finally clause", ((EXPORT, EXPORT_TRY),)),
    ),
    half_fix=Change("export_csv flushes its rows before it returns", ((EXPORT, EXPORT_FLUSH),)),
    half_findings=("flush() writes the rows but the file is still never closed; use with",),
    probe="""\
assert export_csv([{"id": 1, "name": "A", "email": "a@x.org"}], "probe.csv") == 1
assert open("probe.csv", encoding="utf-8").read() == "id,name,email\\n1,A,a@x.org\\n"
""",
)

mistakes = (
    Mistake(
        where="open_directory",
        severity="medium",
        what="sqlite3.Row cannot be turned into a dict, so dict(row) fails at run time",
        refusal="dict() takes a sqlite3.Row, because the row has keys()",
    ),
    Mistake(
        where="with_teams",
        severity="high",
        what="the user id is concatenated into the SQL text and can be abused",
        refusal="the user id in with_teams is passed as a parameter",
    ),
    Mistake(
        where="search_users",
        severity="medium",
        what="one row more than shown must be fetched or the caller cannot tell that a next "
        "page exists; PAGE_SIZE has to be 21",
        refusal="PAGE_SIZE stays 20, the docstring promises that pages hold PAGE_SIZE users",
        change=Change(
            "PAGE_SIZE is 21 so that the caller sees whether there is more",
            (("PAGE_SIZE = 20\n", "PAGE_SIZE = 21\n"),),
        ),
    ),
    Mistake(
        where="merge_duplicates",
        severity="low",
        what="lowering the address destroys the spelling the user typed in",
        refusal="merge_duplicates lowers addresses for comparison only",
    ),
)

PARTS = Parts(
    module="user_search.py",
    defects=(injection, paging, per_user, merge, export),
    mistakes=mistakes,
    check_setup="""\
from user_search import export_csv, merge_duplicates, open_directory, search_users, with_teams


def directory():
    connection = open_directory(":memory:")
    connection.executescript(
        "CREATE TABLE users (id INTEGER, name TEXT, email TEXT, password TEXT);"
        "CREATE TABLE teams (id INTEGER, name TEXT);"
        "CREATE TABLE members (user_id INTEGER, team_id INTEGER);"
    )
    for number in range(1, 31):
        row = (number, f"Person {number:02}", f"p{number}@x.org", "pw")
        connection.execute("INSERT INTO users VALUES (?, ?, ?, ?)", row)
    return connection
""",
    forgotten=("open_directory, ", ""),
)
