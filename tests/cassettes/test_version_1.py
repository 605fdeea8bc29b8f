"""Cassettes of the first version of the format are read as if written today."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cassettes import load_cassette, replaying
from harness.errors import CassetteError

OLD = Path(__file__).with_name("version_1") / "sales_report.jsonl"
FIRST_REPLY = "I'll do this in a single Python script."


def test_a_cassette_of_version_1_is_read():
    cassette = load_cassette(OLD)

    first = cassette.interactions[0]
    assert len(cassette.interactions) == 2
    assert cassette.header.sample == "sales_report/regions/brief-t0.2/1"
    assert (first.agent, first.purpose, first.status) == ("analyst", "reply", 200)
    assert first.payload.json["choices"][0]["message"]["content"].startswith(FIRST_REPLY)
    assert [len(each.request.shape.lists["messages"]) for each in cassette.interactions] == [
        2,
        4,
    ]


def test_a_cassette_of_version_1_plays(kit):
    cassette = load_cassette(OLD)
    request = cassette.interactions[0].request
    messages = [part.value for part in request.shape.lists["messages"]]

    with replaying(OLD), kit.client(cassette.header.base_url) as client:
        reply = client.chat.completions.create(**request.shape.fields, messages=messages)

    assert reply.choices[0].message.content.startswith(FIRST_REPLY)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param('"number":1', '"number":2', 18, id="number"),
        pytest.param('"like":1', '"like":7', 0, id="like"),
        pytest.param('"kind":"part","id":2', '"kind":"part","id":1', 6, id="twice"),
        pytest.param('"kind":"end"', '"kind":"and"', 0, id="kind"),
    ],
)
def test_damage_in_version_1_is_reported_with_its_line(tmp_path, old, new, line):
    path = tmp_path / "old.jsonl"
    text = OLD.read_text()
    assert old in text
    path.write_text(text.replace(old, new))

    with pytest.raises(CassetteError, match="version 1 cassette") as caught:
        load_cassette(path)

    assert str(caught.value).startswith(f"{path}:{line or ''}")


def test_a_torn_cassette_of_version_1_is_refused_at_any_length(tmp_path):
    path, data = tmp_path / "old.jsonl", OLD.read_bytes()
    for length in range(1, len(data) - 1, 97):
        path.write_bytes(data[:length])
        with pytest.raises(CassetteError):
            load_cassette(path)


def test_a_partial_file_of_version_1_is_read_up_to_where_it_was_torn(tmp_path):
    path, data = tmp_path / "old.jsonl.partial", OLD.read_bytes()
    counts = set()
    for length in range(data.index(b"\n") + 1, len(data), 97):
        path.write_bytes(data[:length])
        counts.add(len(load_cassette(path).interactions))

    assert counts == {0, 1, 2}
