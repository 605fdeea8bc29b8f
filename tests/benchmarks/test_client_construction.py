"""Making an OpenAI client inside a replay against outside: the price of AutoGen's habit
of making a new one for every choice of a speaker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cpu_time import Action

from harness.cassettes import CassetteHeader, recording, replaying

if TYPE_CHECKING:
    from pathlib import Path

CLIENTS = 10
ROUNDS = 3
TARGET = 0.1


def _make_clients() -> None:
    import openai

    for _ in range(CLIENTS):
        openai.OpenAI(api_key="none").close()


@pytest.mark.benchmark
def test_a_client_made_in_a_replay_does_not_load_the_root_certificates_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "empty.jsonl"
    live, recorded, replayed = (Action(_make_clients) for _ in range(3))
    header = CassetteHeader(recorded_at="now", source="test", base_url="none")

    for _ in range(ROUNDS):
        with recording(path, header, overwrite=True):
            recorded.round()
        with replaying(path):
            replayed.round()
        live.round()

    ratio = replayed.seconds / live.seconds
    per_client = 1000 / CLIENTS
    with capsys.disabled():
        print(
            f"\nmaking an OpenAI client: live {live.seconds * per_client:.2f} ms, recording "
            f"{recorded.seconds * per_client:.2f} ms, replay {replayed.seconds * per_client:.2f} "
            f"ms, ratio {ratio:.3f} (at most {TARGET})"
        )
    assert ratio <= TARGET
    assert recorded.seconds > 0.7 * live.seconds
