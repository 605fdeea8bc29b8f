"""Making an OpenAI client inside a replay against outside: the price of AutoGen's habit
of making a new one for every choice of a speaker.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from cpu_time import Action, in_turns

from harness.cassettes import CassetteHeader, recording, replaying

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Any

CLIENTS = 10
ROUNDS = 3
TARGET = 0.1
# A recording asks a real provider, and must not make do with a context that checks nothing.
AS_MUCH_AS_LIVE = 0.7


def _make_clients() -> None:
    import openai

    for _ in range(CLIENTS):
        openai.OpenAI(api_key="none").close()


class Making(Action):
    """Making clients; what it is done in is entered before, and its time does not count."""

    def __init__(self, entered: Callable[[], AbstractContextManager[Any]]) -> None:
        super().__init__(_make_clients)
        self._entered = entered

    def round(self) -> None:
        with self._entered():
            super().round()


@pytest.mark.benchmark
def test_a_client_made_in_a_replay_does_not_load_the_root_certificates_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "empty.jsonl"
    header = CassetteHeader(recorded_at="now", source="test", base_url="none")
    live = Making(nullcontext)
    recorded = Making(lambda: recording(path, header, overwrite=True))
    replayed = Making(lambda: replaying(path))

    in_turns(
        {recorded: 1, replayed: 1, live: 1},
        turns=ROUNDS,
        holds=lambda: (
            replayed.seconds / live.seconds <= TARGET
            and recorded.seconds > AS_MUCH_AS_LIVE * live.seconds
        ),
    )

    ratio = replayed.seconds / live.seconds
    per_client = 1000 / CLIENTS
    with capsys.disabled():
        print(
            f"\nmaking an OpenAI client: live {live.seconds * per_client:.2f} ms, recording "
            f"{recorded.seconds * per_client:.2f} ms, replay {replayed.seconds * per_client:.2f} "
            f"ms, ratio {ratio:.3f} (at most {TARGET})"
        )
    assert ratio <= TARGET
    assert recorded.seconds > AS_MUCH_AS_LIVE * live.seconds
