from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from cassette_project import SAMPLES, cassette, copy_project
from cli_project import Command

from harness.cassettes import CassetteHeader
from harness.cassettes.format import ResponseRecord
from harness.cassettes.matching import request_of
from harness.cassettes.payload import payload_of
from harness.cassettes.writer import CassetteWriter

pytestmark = pytest.mark.slow

URL = "https://api.openai.com/v1/chat/completions"
HEADER = CassetteHeader(
    recorded_at="2026-01-02T03:04:05+00:00",
    source="api.openai.com",
    base_url="https://api.openai.com/v1",
    sample="made/up/here/1",
)


@pytest.fixture
def project(recorded: Path, tmp_path: Path) -> Path:
    return copy_project(recorded, tmp_path)


def write(path: Path, exchanges: list[tuple[list[dict[str, str]], bytes]]) -> Path:
    """A cassette of chats: messages sent, body answered."""
    writer = CassetteWriter(path, HEADER)
    for messages, body in exchanges:
        asked = json.dumps({"model": "gpt-4o", "temperature": 0.2, "messages": messages})
        response = ResponseRecord(
            status=200, headers={"content-type": ["application/json"]}, body=payload_of(body)
        )
        request = request_of("POST", URL, asked.encode())
        writer.write(
            request, response, latency_seconds=0.5, caller=("ann", "reply"), cost_usd=0.125
        )
    writer.finish()
    return path


def said(text: str, **more: object) -> bytes:
    message = {"role": "assistant", "content": text, **more}
    usage = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
    return json.dumps({"choices": [{"index": 0, "message": message}], "usage": usage}).encode()


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def ok(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_header_says_loudly_that_replies_were_scripted(harness: Command, project: Path) -> None:
    shown = ok(harness("cassette", "show", SAMPLES[0]))

    assert "SCRIPTED PROVIDER: written replies, not a real model's output" in shown
    assert f"Sample: {SAMPLES[0]}" in shown
    assert "no money was spent" in shown or "Cost when recorded" not in shown
    assert "Interactions: 2" in shown
    assert "Epoch 1 is done. TERMINATE" in shown


def test_only_what_is_new_in_a_request_is_told_again(harness: Command, tmp_path: Path) -> None:
    first = [user("What is it?")]
    second = [*first, {"role": "assistant", "content": "A bird."}, user("Which bird?")]
    path = write(tmp_path / "a.jsonl", [(first, said("A bird.")), (second, said("A wren."))])

    shown = ok(harness("cassette", "show", str(path)))

    assert shown.count("user: What is it?") == 1
    assert "messages: 2 new after the 1 of [1]" in shown
    assert "user: Which bird?" in shown
    assert "12 prompt, 3 completion tokens" in shown
    assert "Replies of a real provider: api.openai.com" in shown
    assert "Cost when recorded: $0.250\n" in shown


def test_one_interaction_can_be_asked_for(harness: Command, tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl", [([user("one?")], said("First.")), ([user("two?")], said("Second."))]
    )

    shown = ok(harness("cassette", "show", str(path), "--interaction", "2"))
    none = harness("cassette", "show", str(path), "--interaction", "3")

    assert "Second." in shown
    assert "First." not in shown
    assert none.returncode == 2
    assert "no interaction 3; there are: 1 to 2" in none.stderr


def test_raw_prints_the_bodies_as_they_went(harness: Command, tmp_path: Path) -> None:
    body = said("Hello.")
    path = write(tmp_path / "a.jsonl", [([user("Hi.")], body)])

    shown = ok(harness("cassette", "show", str(path), "--raw"))

    assert body.decode() in shown
    assert '"temperature": 0.2' in shown
    assert "content-type: application/json" in shown


def test_tool_calls_are_shown(harness: Command, tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
    path = write(tmp_path / "a.jsonl", [([user("Look.")], said("", tool_calls=[call]))])

    shown = ok(harness("cassette", "show", str(path)))

    assert 'calls tool look({"at": 1})' in shown


@pytest.mark.parametrize("options", [(), ("--raw",)])
def test_hostile_text_cannot_steer_the_terminal(
    harness: Command, tmp_path: Path, options: tuple[str, ...]
) -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07 \u202egnp.exe \x9b31m"
    call = {"function": {"name": f"look{hostile}", "arguments": hostile}}
    body = said(hostile, tool_calls=[call])
    unescaped = json.dumps(json.loads(body), ensure_ascii=False).encode()
    path = write(tmp_path / "a.jsonl", [([user(hostile)], body), ([user("b")], unescaped)])

    shown = ok(harness("cassette", "show", str(path), *options))

    assert "owned" in shown
    assert not set(shown) & set("\x1b\x07\x9b\u202e")


def test_bodies_of_any_shape_are_shown(harness: Command, tmp_path: Path) -> None:
    strange = [b"", b"null", b"[1, [2]]", b'{"choices": 5}', b'{"choices": [null]}', b"\xff\x00"]
    path = write(tmp_path / "a.jsonl", [([user(f"{n}")], body) for n, body in enumerate(strange)])

    shown = ok(harness("cassette", "show", str(path)))

    assert "2 bytes that are no text" in shown
    assert "[6]" in shown


def test_a_part_of_the_key_is_enough_if_it_fits_one(harness: Command, project: Path) -> None:
    one = harness("cassette", "show", "plain/2")
    several = harness("cassette", "show", "coding")

    assert f"Sample: {SAMPLES[1]}" in ok(one)
    assert several.returncode == 2
    assert "fits 2 cassettes" in several.stderr


def test_a_typing_error_gets_the_nearest_name(harness: Command, project: Path) -> None:
    done = harness("cassette", "show", "coding/lok/plain/1")

    assert done.returncode == 2
    assert f"Did you mean '{SAMPLES[0]}'?" in done.stderr


def test_without_cassettes_the_error_says_how_to_get_some(harness: Command, tmp_path: Path) -> None:
    done = harness("cassette", "show", "x" * 5000)

    assert done.returncode == 2
    assert "harness record" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_truncated_cassette_is_refused_and_its_partial_is_read(
    harness: Command, project: Path
) -> None:
    whole = cassette(project)
    torn = whole.read_bytes()[:-200]
    whole.write_bytes(torn)
    Path(f"{whole}.partial").write_bytes(torn)

    refused = harness("cassette", "show", SAMPLES[0])
    shown = harness("cassette", "show", f"{whole}.partial")

    assert refused.returncode == 2
    assert "1.jsonl:" in refused.stderr
    assert "This recording was cut short" in ok(shown)
