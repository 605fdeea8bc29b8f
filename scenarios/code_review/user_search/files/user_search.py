"""Find people in the directory of a support desk."""

import csv
import sqlite3

PAGE_SIZE = 20


def open_directory(path):
    """Open the database; columns of a row can be read by name."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    return connection


def search_users(connection, term, page=1):
    """Return one page of the users whose name contains term, ordered by name and id.

    Pages count from 1 and hold PAGE_SIZE users, each a dict with id, name and email.
    """
    offset = page * PAGE_SIZE
    query = (
        f"SELECT id, name, email FROM users WHERE name LIKE '%{term}%' "
        f"ORDER BY name, id LIMIT {PAGE_SIZE} OFFSET {offset}"
    )
    return [dict(row) for row in connection.execute(query)]


def with_teams(connection, users):
    """Return the users, each with the sorted names of their teams added as "teams"."""
    result = []
    for user in users:
        rows = connection.execute(
            "SELECT teams.name FROM teams JOIN members ON members.team_id = teams.id "
            "WHERE members.user_id = ? ORDER BY teams.name",
            (user["id"],),
        )
        result.append({**user, "teams": [row["name"] for row in rows]})
    return result


def merge_duplicates(users):
    """Keep the first user of every mail address; upper and lower case are the same."""
    kept = []
    for user in users:
        if user["email"].lower() not in [other["email"].lower() for other in kept]:
            kept.append(user)
    return kept


def export_csv(users, path):
    """Write id, name and email of the users to a CSV file; return how many there are."""
    handle = open(path, "w", newline="", encoding="utf-8")
    writer = csv.writer(handle)
    writer.writerow(["id", "name", "email"])
    for user in users:
        writer.writerow([user["id"], user["name"], user["email"]])
    return len(users)
