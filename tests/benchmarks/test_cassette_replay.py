"""Replaying a 20-turn conversation of two agents: ours against stock vcrpy, in one process.

Both sit under the real openai client, whose own time is part of both figures.
Stock vcrpy compares bodies, as it must to tell turns apart; without that it
answers by order.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from cpu_time import Action, in_turns

from harness.cassettes import CassetteHeader, recording, replaying

if TYPE_CHECKING:
    from pathlib import Path

TURNS = 20
ROUNDS = 5
TARGET = 0.4
TEXT = "Turn {number}: " + "the quarterly figures need another look before they go out. " * 6


class _Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        content = TEXT.format(number=len(request["messages"]))
        message = {"role": "assistant", "content": content}
        body = json.dumps(
            {
                "id": f"chatcmpl-{len(request['messages'])}",
                "object": "chat.completion",
                "created": 1700000000,
                "model": request["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
            }
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


def _converse(client: Any) -> list[str]:
    """Two agents take turns; each sees its own words as the assistant's."""
    said: list[str] = ["Please prepare the report."]
    for turn in range(TURNS):
        roles = ("user", "assistant") if turn % 2 == 0 else ("assistant", "user")
        system = {"role": "system", "content": f"You are agent {turn % 2}."}
        history = [
            {"role": roles[number % 2], "content": text, "name": f"agent_{number % 2}"}
            for number, text in enumerate(said)
        ]
        reply = client.chat.completions.create(
            model="scripted-1", temperature=0.2, messages=[system, *history]
        )
        said.append(reply.choices[0].message.content)
    return said


@pytest.mark.benchmark
def test_a_replay_takes_at_most_two_fifths_of_stock_vcrpy_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import openai
    import vcr

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Model)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    ours, theirs = tmp_path / "ours.jsonl", tmp_path / "stock.yaml"
    header = CassetteHeader(recorded_at="2026-01-01", source="test", base_url=base_url)
    stock = vcr.VCR(match_on=["method", "path", "body"])
    with openai.OpenAI(api_key="none", base_url=base_url) as client:
        with recording(ours, header):
            said = _converse(client)
        with stock.use_cassette(str(theirs)):
            assert _converse(client) == said
        server.shutdown()
        server.server_close()
        thread.join()

        def replay_ours() -> None:
            with replaying(ours) as session:
                assert _converse(client) == said
            assert session.served == TURNS

        def replay_theirs() -> None:
            with stock.use_cassette(str(theirs), record_mode="none"):
                assert _converse(client) == said

        ours_replayed, theirs_replayed = Action(replay_ours), Action(replay_theirs)
        in_turns(
            {ours_replayed: 1, theirs_replayed: 1},
            turns=ROUNDS,
            holds=lambda: ours_replayed.seconds / theirs_replayed.seconds <= TARGET,
        )

    our_seconds, their_seconds = ours_replayed.seconds, theirs_replayed.seconds
    ratio = our_seconds / their_seconds
    with capsys.disabled():
        print(
            f"\nreplay of {TURNS} turns: ours {our_seconds * 1000:.1f} ms, stock vcrpy with body "
            f"{their_seconds * 1000:.1f} ms, ratio {ratio:.3f} (at most {TARGET})"
        )
    assert ratio <= TARGET
