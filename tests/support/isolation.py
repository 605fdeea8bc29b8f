"""Many samples at once in one process, by threads: 48 calls in 8 of them, several times over."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from http_askers import CountingServer, header

from harness.cassettes import load_cassette, recording, replaying

THREADS = 8
CALLS = 6
ROUNDS = 4


@contextmanager
def switching_often() -> Iterator[None]:
    """Let threads take turns 500 times as often as usual, so that they meet in bad places."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)


def in_threads(work: Callable[[int], list[str]]) -> list[list[str]]:
    """The results of one thread per number."""
    with switching_often(), ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, range(THREADS)))


def check_samples_of_their_own(
    ask: Callable[[str], str], server: CountingServer, folder: Path
) -> None:
    """Each thread records a sample of its own; each replays its own, and nobody else's."""
    for number in range(ROUNDS):
        recorded = in_threads(
            lambda thread, number=number: _record(ask, server, folder, number, thread)
        )
        asked = len(server.asked)
        kept = [
            len(load_cassette(_path(folder, number, one)).interactions) for one in range(THREADS)
        ]
        replayed = in_threads(lambda thread, number=number: _replay(ask, folder, number, thread))

        assert kept == [CALLS] * THREADS
        assert replayed == recorded
        assert asked == len(server.asked) == (number + 1) * THREADS * CALLS


def check_one_sample_for_all(
    ask: Callable[[str], str], server: CountingServer, folder: Path
) -> None:
    """All threads work for one sample; its recording has every call, and answers every call."""
    texts = [str(number) for number in range(THREADS * CALLS)]
    for number in range(ROUNDS):
        path = folder / f"{number}.jsonl"
        with switching_often(), ThreadPoolExecutor(THREADS) as pool:
            with recording(path, header(server.url)):
                recorded = list(pool.map(ask, texts))
            asked = len(server.asked)
            with replaying(path) as session:
                replayed = list(pool.map(ask, reversed(texts)))

        assert len(load_cassette(path).interactions) == len(texts)
        assert replayed == recorded[::-1]
        assert (session.asked, session.served, session.sockets_opened) == (48, 48, 0)
        assert asked == len(server.asked) == (number + 1) * len(texts)


def check_recordings_beside_replays(
    ask: Callable[[str], str], server: CountingServer, folder: Path
) -> None:
    """Half the threads record while the others replay: none takes the other's way."""
    in_threads(lambda thread: _record(ask, server, folder, 0, thread))
    for number in range(1, ROUNDS):
        asked = len(server.asked)
        in_threads(
            lambda thread, number=number: (
                _record(ask, server, folder, number, thread)
                if thread % 2
                else _replay(ask, folder, 0, thread)
            )
        )

        assert len(server.asked) == asked + CALLS * THREADS // 2


def _path(folder: Path, number: int, thread: int) -> Path:
    return folder / f"{number}-{thread}.jsonl"


def _record(
    ask: Callable[[str], str], server: CountingServer, folder: Path, number: int, thread: int
) -> list[str]:
    with recording(_path(folder, number, thread), header(server.url)):
        return [ask(f"round {number}, thread {thread}, call {call}") for call in range(CALLS)]


def _replay(ask: Callable[[str], str], folder: Path, number: int, thread: int) -> list[str]:
    with replaying(_path(folder, number, thread)) as session:
        replies = [ask(f"round {number}, thread {thread}, call {call}") for call in range(CALLS)]
    assert (session.asked, session.served, session.sockets_opened) == (CALLS, CALLS, 0)
    return replies
