"""An update takes what unfinished recordings hold, and leaves none behind that says no more."""

from __future__ import annotations

import os

import pytest

from harness.cassettes import find_earlier, load_cassette, recording, updating

LONG = "a text that is long enough to be worth quoting"


@pytest.fixture
def record(kit, provider, path):
    """Record what is given, the texts with a word before them; optionally ending in an error."""

    def run(*texts, is_cut_short=False, **options):
        with (
            recording(path, kit.header(provider), **options),
            kit.client(provider.base_url) as client,
        ):
            _ask(kit, client, texts, is_cut_short=is_cut_short)

    return run


@pytest.fixture
def update(kit, provider, path):
    """Ask what is given in an update of the cassette; returns the session."""

    def run(*texts, is_cut_short=False):
        header = kit.header(provider)
        with (
            updating(path, header, find_earlier(path)) as session,
            kit.client(provider.base_url) as client,
        ):
            _ask(kit, client, texts, is_cut_short=is_cut_short)
        return session

    return run


def _ask(kit, client, texts, *, is_cut_short):
    for text in texts:
        kit.ask(client, text)
    if is_cut_short:
        raise KeyError


def names(path):
    return sorted(each.name for each in path.parent.iterdir())


def test_a_recording_that_was_cut_short_does_not_win_over_a_later_finished_one(
    provider, path, record, update
):
    with pytest.raises(KeyError):
        record("old a", "old b", "old c", is_cut_short=True)
    record("new a", "new b")

    kept = [update("new a", "new b").kept for _ in range(2)]

    assert kept == [2, 2]
    assert len(provider.requests) == 5
    # Somebody paid for it, and nothing else has it.
    assert names(path) == ["sample.jsonl", "sample.jsonl.partial.old"]


def test_an_update_that_was_cut_short_does_not_hide_the_rest_of_the_cassette(
    provider, path, record, update
):
    texts = ("a", "b", "c", "d", "e", "f")
    record(*texts)
    before = path.read_bytes()
    with pytest.raises(KeyError):
        update("a", "b", is_cut_short=True)

    session = update(*texts)

    assert session.kept == 6
    assert len(provider.requests) == 6
    assert path.read_bytes() == before
    assert names(path) == ["sample.jsonl"]


def test_what_a_cut_short_update_paid_for_is_not_paid_for_again(provider, path, record, update):
    record("a", "b", "c", "d")
    with pytest.raises(KeyError):
        update("a", "b", "new", is_cut_short=True)

    session = update("a", "b", "new", "c", "d")

    assert session.kept == 5
    assert len(provider.requests) == 5
    assert names(path) == ["sample.jsonl"]
    assert len(load_cassette(path).interactions) == 5


def test_interruptions_do_not_pile_up_copies(path, record, update):
    record("a", "b")
    for _ in range(3):
        with pytest.raises(KeyError):
            update("a", "new", is_cut_short=True)

    assert names(path) == ["sample.jsonl", "sample.jsonl.partial"]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda line: line.replace(b'"number":3', b'"number":7'), id="misnumbered"),
        pytest.param(lambda line: line[: len(line) // 2] + b"\n", id="cut in the middle"),
    ],
)
def test_what_stands_before_the_damage_of_a_recording_is_kept_and_the_rest_not_removed(
    provider, path, record, update, spoil
):
    with pytest.raises(KeyError):
        record("a", "b", "c", "d", is_cut_short=True)
    partial = path.with_name("sample.jsonl.partial")
    lines = partial.read_bytes().splitlines(keepends=True)
    [third] = [number for number, line in enumerate(lines) if b'"number":3' in line]
    lines[third] = spoil(lines[third])
    partial.write_bytes(b"".join(lines))

    session = update("a", "b", "c", "d")

    assert session.kept == 2
    assert len(provider.requests) == 6
    left = path.with_name("sample.jsonl.partial.old")
    assert left.read_bytes() == b"".join(lines)


def test_a_quote_of_nothing_cuts_a_recording_there(provider, path, kit, update):
    said = []

    def record():
        with recording(path, kit.header(provider)), kit.client(provider.base_url) as client:
            said.append(kit.ask(client, LONG))
            kit.ask(client, *said)
            raise KeyError

    with pytest.raises(KeyError):
        record()
    partial = path.with_name("sample.jsonl.partial")
    text = partial.read_text()
    assert '"choices",0' in text
    partial.write_text(text.replace('"choices",0', '"choices",9'))
    os.utime(partial)

    session = update(LONG, *said)

    assert (session.kept, session.served) == (1, 2)
    assert load_cassette(path).is_complete
