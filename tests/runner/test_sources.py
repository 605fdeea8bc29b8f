"""What a recording calls its source is found out beside others that are still under way."""

from __future__ import annotations

from contextlib import ExitStack
from contextvars import Context
from typing import TYPE_CHECKING, Any

import pytest
from pytest_project import TASK, served

from harness.cassettes import CassetteHeader, load_cassette, recording, replaying
from harness.runner.sources import source_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Side:
    """A recording or a replay in a context of its own, left open for a while."""

    def __init__(self, session: Any) -> None:
        self._context = Context()
        self._stack = ExitStack()
        self.session = self._context.run(self._stack.enter_context, session)

    def ask(self, url: str) -> None:
        self._context.run(_ask, url)

    def close(self) -> None:
        self._context.run(self._stack.close)


def _ask(url: str) -> None:
    import httpx

    said = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": TASK}]}
    assert httpx.post(f"{url}/chat/completions", json=said).status_code == 200


def recorded(path: Path, url: str) -> Side:
    header = CassetteHeader(recorded_at="2026-01-02T03:04:05+00:00", source="", base_url=url)
    return Side(recording(path, header, name_source=source_at))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as address:
        yield address


def test_recordings_beside_each_other_each_learn_their_source(tmp_path: Path, url: str) -> None:
    first, second = (recorded(tmp_path / f"{name}.jsonl", url) for name in ("a", "b"))
    for side in (first, second, second):
        side.ask(url)

    first.close()
    second.close()

    for name, calls in (("a", 1), ("b", 2)):
        cassette = load_cassette(tmp_path / f"{name}.jsonl")
        assert cassette.header.source == "scripted provider"
        assert len(cassette.interactions) == calls


def test_a_replay_beside_a_recording_counts_none_of_its_connections(
    tmp_path: Path, url: str
) -> None:
    earlier = recorded(tmp_path / "a.jsonl", url)
    earlier.ask(url)
    earlier.close()
    replay = Side(replaying(tmp_path / "a.jsonl"))
    beside = recorded(tmp_path / "b.jsonl", url)
    beside.ask(url)

    beside.close()
    replay.ask(url)
    replay.close()

    assert load_cassette(tmp_path / "b.jsonl").header.source == "scripted provider"
    assert (replay.session.served, replay.session.misses) == (1, ())
    assert replay.session.sockets_opened == 0
