"""A secret that only its name gives away reaches no file, whoever says it."""

from __future__ import annotations

from pathlib import Path

from cassette_project import edit
from cli_project import Command, write_coding_suite
from loopback_provider import KEY, completion, loopback_provider

from harness.logs import find_log, read_log

IN_PROMPT, IN_TASK, IN_REPLY = "plainvalue998877", "hunter2hunter2", "abc123def456"


def test_plain_assignments_reach_no_file_and_still_replay(harness: Command, tmp_path: Path) -> None:
    suite = write_coding_suite(tmp_path)
    edit(suite / "suite.yaml", "You are a coder.", f"export MY_API_KEY={IN_PROMPT} is set.")
    edit(suite / "look/scenario.yaml", "Look around, please.", f"'password: {IN_TASK}'")
    with loopback_provider(
        lambda request: completion(f"client_secret = '{IN_REPLY}' TERMINATE", request["model"])
    ) as provider:
        recorded = harness(
            *("record", "--base-url", provider.base_url, "--allow-unsafe"), OPENAI_API_KEY=KEY
        )
    replayed = harness("run", "--no-report")
    checked = harness("cassette", "scrub", "--check")

    assert (recorded.returncode, replayed.returncode) == (0, 0), recorded.stdout + replayed.stdout
    assert checked.returncode == 0, checked.stdout
    kept = [tmp_path / name for name in ("cassettes", "reports", ".harness")]
    files = [path for folder in kept for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".jsonl", ".sqlite", ".html"}
    log = repr(read_log(find_log(tmp_path / ".harness/runs")))  # compressed in its file
    for secret in (IN_PROMPT, IN_TASK, IN_REPLY):
        assert secret not in log
        assert [path for path in files if secret.encode() in path.read_bytes()] == []
