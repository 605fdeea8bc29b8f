"""Making an OpenAI client inside a replay against outside: the price of AutoGen's habit
of making a new one for every choice of a speaker.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from harness.cassettes import CassetteHeader, recording, replaying

if TYPE_CHECKING:
    from pathlib import Path

CLIENTS = 10
ROUNDS = 3
TARGET = 0.1


def _fastest() -> float:
    """CPU seconds per client, of the fastest round."""
    import openai

    openai.OpenAI(api_key="none").close()
    seconds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(CLIENTS):
            openai.OpenAI(api_key="none").close()
        seconds.append(time.process_time() - began)
    return min(seconds) / CLIENTS


@pytest.mark.benchmark
def test_a_client_made_in_a_replay_does_not_load_the_root_certificates_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "empty.jsonl"
    with recording(path, CassetteHeader(recorded_at="now", source="test", base_url="none")):
        recorded = _fastest()
    with replaying(path):
        replayed = _fastest()
    live = _fastest()

    ratio = replayed / live
    with capsys.disabled():
        print(
            f"\nmaking an OpenAI client: live {live * 1000:.2f} ms, recording "
            f"{recorded * 1000:.2f} ms, replay {replayed * 1000:.2f} ms, "
            f"ratio {ratio:.3f} (at most {TARGET})"
        )
    assert ratio <= TARGET
    assert recorded > 0.7 * live
