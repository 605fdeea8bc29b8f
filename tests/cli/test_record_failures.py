"""A provider that refuses is named, with the model and what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import Command, write_coding_suite
from loopback_provider import KEY, completion, loopback_provider, refusing

ONE = ("-e", "1", "--no-report", "--allow-unsafe")
PAGE = (200, "text/html", b"<html>hello</html>")


@pytest.mark.parametrize(
    ("reply", "code", "said"),
    [
        pytest.param(refusing(401), 2, "Check the key in MY_KEY", id="401"),
        pytest.param(refusing(403), 2, "what the key in MY_KEY may use", id="403"),
        pytest.param(refusing(404), 2, "no such model, or no such path", id="404"),
        pytest.param(refusing(429), 1, "--workers 1", id="429"),
        pytest.param(lambda request: PAGE, 2, "no chat completion", id="a page"),
    ],
)
def test_a_refusal_names_address_model_and_next_step(
    harness: Command, tmp_path: Path, reply, code: int, said: str
) -> None:
    write_coding_suite(tmp_path)
    with loopback_provider(reply) as provider:
        flags = ("--base-url", provider.base_url, "--api-key-env", "MY_KEY")
        done = harness("record", *ONE, *flags, MY_KEY=KEY)

    assert done.returncode == code, done.stdout + done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith("ERROR")]
    for part in (provider.base_url, "'written-1'", said):
        assert part in line
    if code == 2:
        assert "nothing was recorded" in done.stderr
        assert "Model replies: nothing was recorded." in done.stdout


def test_an_address_where_nobody_listens_is_the_users_mistake(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)

    done = harness("record", *ONE, "--base-url", "http://127.0.0.1:9/v1", OPENAI_API_KEY=KEY)

    assert done.returncode == 2
    assert "http://127.0.0.1:9/v1 was asked for 'written-1'" in done.stdout
    assert "Model replies: nothing was recorded." in done.stdout


def test_a_failure_after_some_replies_fails_the_gate_alone(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)
    replies = iter(
        [lambda request: completion("```python\nprint(1)\n```", request["model"]), refusing(401)]
    )
    with loopback_provider(lambda request: next(replies, refusing(401))(request)) as provider:
        done = harness("record", *ONE, "--base-url", provider.base_url, OPENAI_API_KEY=KEY)

    assert done.returncode == 1, done.stdout
    assert (tmp_path / "cassettes/coding/look/plain/1.jsonl.partial").exists()


def test_a_recording_that_reached_its_limit_says_how_to_go_on(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)

    done = harness("record", "--scripted", "--no-report", "-n", "1", "--max-cost", "0.0007")

    assert done.returncode == 1
    for part in ("--update", "higher --max-cost", "is kept"):
        assert part in done.stderr
