from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli_project import Command

CHAT = [
    {"name": "asker", "role": "user", "content": "What is 6 times 7?"},
    {"name": "solver", "role": "assistant", "content": "42. TERMINATE"},
]


def test_an_imported_run_is_reported_shown_and_compared_like_our_own(
    harness: Command, tmp_path: Path
) -> None:
    (tmp_path / "chats").mkdir()
    (tmp_path / "chats" / "sums.json").write_text(json.dumps({"messages": CHAT, "ok": True}))
    (tmp_path / "m.yaml").write_text("fields: {correct: ok}")

    made = harness("import", "chats", "--mapping", "m.yaml")
    markdown = harness("report", "--format", "markdown")
    shown = harness("show", "sums")
    compared = harness("compare", "latest", "latest")
    page = harness("report", "-o", "r.html")

    assert made.returncode == 0, made.stderr
    assert "1 imported (not run here, no cassette), 2 turns, 0 code executions" in made.stdout
    assert "imported (autogen) \u2014 not run here, no cassette" in markdown.stdout
    assert "1 of 1 samples, 1 passed" in markdown.stdout
    assert "#1 solver to asker, turn 2" in shown.stdout
    assert compared.returncode == 0, compared.stderr
    assert page.returncode == 0, page.stderr
    assert "not run here, no cassette" in (tmp_path / "r.html").read_text()


def test_a_file_that_cannot_be_imported_is_the_users_mistake(
    harness: Command, tmp_path: Path
) -> None:
    (tmp_path / "x.json").write_text('{"a": 1}')

    refused = harness("import", "x.json")

    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: x.json: this is no chat history of AutoGen")
    assert len(refused.stderr.splitlines()) == 1


def test_samples_without_a_verdict_are_not_judged_instead_of_failed(
    harness: Command, tmp_path: Path
) -> None:
    (tmp_path / "x.json").write_text(json.dumps(CHAT[:1]))

    made = harness("import", "x.json")

    assert made.returncode == 0, made.stderr
    assert "not known of 1: they are not judged, and 0 of them merely ended" in made.stdout
    assert "count as failures" not in made.stdout


def test_a_field_that_may_tell_correctness_is_named_where_none_is_mapped(
    harness: Command, tmp_path: Path
) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"messages": CHAT, "is_correct": False}))

    made = harness("import", "x.json")

    assert "Whether the result was right is not known of 1" in made.stdout
    assert "('is_correct' might be it)" in made.stdout
    assert "harness show x/x/imported/1" in made.stdout


def test_how_many_were_right_is_told_and_no_field_asked_for_that_is_named(
    harness: Command, tmp_path: Path
) -> None:
    (tmp_path / "chats").mkdir()
    for number, ok in enumerate([True, True, False, None, None, None]):
        chat = {"messages": CHAT, "ok": ok}
        (tmp_path / "chats" / f"q{number}.json").write_text(json.dumps(chat))
    (tmp_path / "m.yaml").write_text("fields: {correct: ok}")

    mapped = harness("import", "chats", "--mapping", "m.yaml")
    unmapped = harness("import", "chats")

    assert mapped.returncode == 0, mapped.stderr
    assert "As their files say: 2 right, 1 wrong, 3 not judged.\n" in mapped.stdout
    assert (
        "not known of 3: they are not judged, and beside those that are they count as not solved."
    ) in mapped.stdout
    assert "correct: NAME" not in mapped.stdout
    assert "right," not in unmapped.stdout
    assert "correct: NAME" in unmapped.stdout


def test_a_text_that_is_cut_in_a_message_keeps_its_quotes(harness: Command, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("fields: {correct: ok}")
    refusals = []
    for wrong in ("It's \x1b[2J\n" * 40, "no", ["x" * 200]):
        (tmp_path / "x.json").write_text(json.dumps({"messages": CHAT, "ok": wrong}))
        done = harness("import", "x.json", "--mapping", "m.yaml")
        assert done.returncode == 2
        refusals.append(done.stderr.partition("fields.correct is ")[2].partition("; true, f")[0])

    long, short, other = refusals
    assert long.startswith("\"It's \\x1b[2J\\n")
    assert long.endswith('\u2026"')
    assert 70 < len(long) <= 80
    assert short == "'no'"
    assert other == f"['{'x' * 77}\u2026"


def test_spans_are_recognised_and_what_was_kept_without_reading_it_is_told(
    harness: Command, tmp_path: Path
) -> None:
    spans = Path(__file__).parents[1] / "imports" / "otel_traces" / "tools.jsonl"
    (tmp_path / "t.jsonl").write_bytes(spans.read_bytes())

    made = harness("import", "t.jsonl")
    shown = harness("show", "t")
    page = harness("report", "-o", "r.html")
    compared = harness("compare", "latest", "latest")

    assert made.returncode == 0, made.stderr
    assert "1 imported (not run here, no cassette), 4 turns" in made.stdout
    assert "Kept as it stands, but no part of the transcripts:\n" in made.stdout
    assert "  attribute gen_ai.provider.name (in 1)\n" in made.stdout
    assert "user_proxy calls tool weather" in shown.stdout
    assert page.returncode == 0, page.stderr
    assert compared.returncode == 0, compared.stderr


def test_a_block_that_timed_out_elsewhere_says_so_and_no_time_is_made_up(
    harness: Command, tmp_path: Path
) -> None:
    chats = tmp_path / "chats"
    chats.mkdir()
    late = "exitcode: 124 (execution failed)\nCode output: Timeout"
    chat = [
        {"name": "coder", "role": "assistant", "content": "```python\nwhile True: pass\n```"},
        {"name": "runner", "role": "user", "content": late},
    ]
    (chats / "a.json").write_text(json.dumps(chat))
    assert harness("import", "chats").returncode == 0

    shown = harness("show", "a").stdout
    reports = [harness("report", "--format", form).stdout for form in ("markdown", "json")]

    assert "runner ran python: exit 124, timed out" in shown
    assert "exit code 124, AutoGen's for a timeout; its time is not known" in shown
    assert "1 timed out" in shown
    for told in (shown, *reports):
        assert "crashed (exit code 124)" not in told
        assert "0.00 s" not in told
        assert "0.0 s" not in told
