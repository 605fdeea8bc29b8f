"""``harness cassette scrub``: finding secrets in cassettes that exist, and removing them."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cassettes import load_cassette, recording, replaying
from harness.cassettes.format import ResponseRecord
from harness.cassettes.matching import request_of
from harness.cassettes.payload import payload_of
from harness.cassettes.writer import CassetteWriter
from harness.cli.cassette import command

KEY = "sk-proj-4f9A8b7C6d5E4f3A2b1C0d9E8f7A6b5C"
HIDDEN = "4f9A8b7C"


def body(text: str) -> bytes:
    return b'{"model":"m","messages":[{"role":"user","content":"%s"}]}' % text.encode()


@pytest.fixture
def scrub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str):
        return CliRunner().invoke(command, ["scrub", *arguments], standalone_mode=False)

    return run


def dirty(kit, path: Path, *texts: str, headers=None, is_finished: bool = True) -> Path:
    """A cassette as it would be if nothing were removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = CassetteWriter(path, kit.header())
    for number, text in enumerate(texts, start=1):
        content = f'{{"reply": "{number}: {text}"}}'.encode()
        writer.write(
            request_of("POST", "http://127.0.0.1:1/v1/chat", body(text)),
            ResponseRecord(status=200, headers=headers or {}, body=payload_of(content)),
            latency_seconds=0.5,
        )
    writer.finish() if is_finished else writer.abandon()
    return path


def test_a_clean_folder_passes(scrub, kit):
    dirty(kit, Path("cassettes/s/c/x/1.jsonl"), "hello", "again")

    result = scrub("--check")

    assert (result.return_value, result.output) == (0, "No secrets in 1 cassette.\n")


def test_check_names_file_line_place_and_kind_but_never_the_secret(scrub, kit):
    path = dirty(kit, Path("cassettes/s/c/x/1.jsonl"), "hello", f"my key is {KEY}")
    before = path.read_bytes()
    (request, reply) = [
        number for number, line in enumerate(before.split(b"\n"), 1) if KEY.encode() in line
    ]

    result = scrub("--check")

    assert result.return_value == 1
    assert (
        f"{path}:{request}: interaction 2, request $.messages[0].content: an OpenAI key\n"
        f"{path}:{reply}: interaction 2, response $.reply: an OpenAI key\n"
    ) in result.output
    assert HIDDEN not in result.output
    assert "2 secrets in 1 cassette. Remove them with: harness cassette scrub" in result.output
    assert path.read_bytes() == before


def test_scrubbed_files_pass_the_check_keep_all_else_and_replay(scrub, kit):
    import httpx

    path = dirty(kit, Path("cassettes/s/c/x/1.jsonl"), "hello", f"my key is {KEY}", "bye")
    before = path.read_bytes()

    scrubbed = scrub()
    again = scrub("--check")

    assert (scrubbed.return_value, again.return_value) == (0, 0)
    assert "Removed 2 secrets from 1 cassette." in scrubbed.output
    assert path.read_bytes() == before.replace(KEY.encode(), b"[redacted]")
    with replaying(path) as session:
        replies = [
            httpx.post("http://127.0.0.1:1/v1/chat", content=body(text)).json()["reply"]
            for text in ("hello", f"my key is {KEY}", "bye")
        ]
    assert replies == ["1: hello", "2: my key is [redacted]", "3: bye"]
    assert session.misses == ()


def test_headers_beyond_the_few_that_are_kept_are_found_and_dropped(scrub, kit):
    headers = {"content-type": ["application/json"], "set-cookie": ["__cf_bm=abc"]}
    path = dirty(kit, Path("cassettes/1.jsonl"), "hello", headers=headers)

    check, scrubbed = scrub("--check"), scrub()

    assert "interaction 1, response header set-cookie: a header that is not kept" in check.output
    assert "__cf_bm" not in check.output
    assert scrubbed.return_value == 0
    (interaction,) = load_cassette(path).interactions
    assert interaction.headers == {"content-type": ["application/json"]}


def test_a_secret_spelled_over_several_events_is_found_and_removed(scrub, kit):
    path = Path("cassettes/1.jsonl")
    path.parent.mkdir()
    writer = CassetteWriter(path, kit.header())
    content = kit.event_stream("it is ", *[KEY[at : at + 5] for at in range(0, len(KEY), 5)]).body
    writer.write(
        request_of("POST", "http://127.0.0.1:1/v1/chat", body("x")),
        ResponseRecord(
            status=200, headers={"content-type": ["text/event-stream"]}, body=payload_of(content)
        ),
        latency_seconds=0.1,
    )
    writer.finish()

    check, scrubbed, again = scrub("--check"), scrub(), scrub("--check")

    assert (check.return_value, scrubbed.return_value, again.return_value) == (1, 0, 0)
    assert "interaction 1, response body, line" in check.output
    assert "a secret in pieces" in check.output


def test_values_of_variables_count(scrub, kit, monkeypatch):
    dirty(kit, Path("cassettes/1.jsonl"), "say correct horse battery")
    monkeypatch.setenv("SERVICE_TOKEN", "correct horse battery")

    result = scrub("--check")

    assert result.return_value == 1
    assert "the value of SERVICE_TOKEN" in result.output
    assert "battery" not in result.output


def test_the_rules_of_the_suites_count(scrub, kit):
    suite = Path("scenarios/one/first")
    suite.mkdir(parents=True)
    (suite / "scenario.yaml").write_text("task: hello\naccept: [turn_limit]\n")
    (suite.parent / "suite.yaml").write_text(
        "model: m\nconfigs: [{name: a}]\nsecrets: {patterns: ['emp-[0-9]{6}']}\n"
    )
    (suite.parent / "team.py").write_text("def build(context): ...\n")
    dirty(kit, Path("cassettes/1.jsonl"), "I am emp-123456")

    result = scrub("--check")

    assert result.exception is None, result.exception
    assert result.return_value == 1
    assert "text that your rule describes" in result.output
    assert "123456" not in result.output


def test_a_partial_recording_is_scrubbed_and_stays_partial(scrub, kit):
    dirty(kit, Path("cassettes/1.jsonl"), f"it is {KEY}", is_finished=False)
    partial = Path("cassettes/1.jsonl.partial")

    assert scrub("--check").return_value == 1
    assert scrub().return_value == 0

    assert HIDDEN not in partial.read_text()
    assert not load_cassette(partial).is_complete
    assert scrub("--check").return_value == 0


def test_a_recording_under_way_is_left_alone(scrub, kit):
    path = dirty(kit, Path("cassettes/1.jsonl"), f"it is {KEY}")
    before = path.read_bytes()
    with Path("cassettes/1.jsonl.partial").open("w") as recorder:
        fcntl.flock(recorder, fcntl.LOCK_EX)

        result = scrub(str(path))

    assert result.return_value == 2
    assert "another process is recording this cassette" in result.output
    assert path.read_bytes() == before


def test_damage_and_recordings_of_other_tools_are_named_and_the_rest_is_done(scrub, kit):
    good = dirty(kit, Path("cassettes/good.jsonl"), f"it is {KEY}")
    damaged = dirty(kit, Path("cassettes/damaged.jsonl"), "hello")
    damaged.write_bytes(damaged.read_bytes()[:-40])
    Path("cassettes/other.yaml").write_text("interactions: []\nversion: 1\n")

    result = scrub()

    assert result.return_value == 2
    assert "cassettes/damaged.jsonl:" in result.output
    assert "Import it first" in result.output
    assert "harness cassette import cassettes/other.yaml" in result.output
    assert HIDDEN not in good.read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_loses_nothing(scrub, kit):
    path = dirty(kit, Path("cassettes/1.jsonl"), f"it is {KEY}")
    path.parent.chmod(0o500)

    result = scrub()

    path.parent.chmod(0o700)
    assert result.return_value == 2
    assert KEY in path.read_text()


def test_nothing_is_left_beside_a_scrubbed_cassette_and_its_mode_stays(scrub, kit):
    path = dirty(kit, Path("cassettes/1.jsonl"), f"it is {KEY}")
    path.chmod(0o640)

    scrub()

    assert [each.name for each in path.parent.iterdir()] == ["1.jsonl"]
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_name_that_is_a_secret_is_refused_before_anything_is_written(kit, provider, tmp_path):
    path = tmp_path / "s" / "c" / KEY / "1.jsonl"

    with (
        pytest.raises(Exception, match="looks like a secret") as caught,
        recording(path, kit.header(provider)),
    ):
        pass

    assert HIDDEN not in str(caught.value)
    assert not (tmp_path / "s").exists()


def test_the_hook_runs_the_check():
    hooks = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
    import yaml

    (hook,) = yaml.safe_load(hooks.read_text())

    assert (hook["id"], hook["entry"]) == (
        "harness-cassette-scrub",
        "harness cassette scrub --check",
    )
    command = [
        sys.executable,
        "-m",
        *hook["entry"].split(),
        str(Path(__file__).parents[2] / "cassettes"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
