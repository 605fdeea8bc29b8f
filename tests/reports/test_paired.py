"""Two runs or configs on a terminal: right at 80 and 120 columns, with and without colour."""

from __future__ import annotations

import io
import os

import msgspec
import pytest
from report_logs import outcome_log, realistic_log
from rich.cells import cell_len
from rich.text import Text
from spoken import end, say, transcript

from harness.comparison import compare_config_pair, compare_configs, compare_runs
from harness.model.scenario import AgentConfig
from harness.model.transcript import TERMINATION_REASONS
from harness.reports.console import (
    print_comparison,
    print_config_pair,
    print_summary,
    print_transcript,
)

LONG = "a_name_that_is_far_longer_than_any_column_of_a_table_could_ever_be_made"
WIDE = "価格を計算してから、表を書きます。" * 12


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture(params=["terminal", "pipe", "no colour"])
def stream(request, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if request.param == "no colour":
        monkeypatch.setenv("NO_COLOR", "1")
    return io.StringIO() if request.param == "pipe" else Terminal()


def lines_of(stream):
    return Text.from_ansi(stream.getvalue()).plain.splitlines()


def too_wide(stream, width):
    return [line for line in lines_of(stream) if cell_len(line) > width]


def speaking(log, words):
    """The log in which the coder of every config says its own words."""
    samples = tuple(
        msgspec.structs.replace(
            each,
            transcript=transcript(
                say("user", "Go."), say("coder", words[each.key.config], to="team"), end()
            ),
        )
        for each in log.samples
    )
    return msgspec.structs.replace(log, samples=samples)


def long_pair(**changes):
    names = LONG, f"{LONG}_2"
    marks = {LONG: "pfp"}
    log = outcome_log({names[0]: marks, names[1]: {LONG: "fpm"}}, **changes)
    return speaking(log, {names[0]: f"価格 {WIDE}", names[1]: f"価格を {WIDE}\n{LONG * 3}"}), names


@pytest.mark.parametrize("columns", [80, 100, 120])
def test_configs_with_long_names_and_wide_characters_fit_the_page(stream, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    configs = tuple(
        AgentConfig(name=name, prompts={LONG: name + WIDE}, parameters={LONG: LONG})
        for name in (LONG, f"{LONG}_2")
    )
    log, names = long_pair(configs=configs)

    print_config_pair(compare_config_pair(log, log, *names), stream)

    assert too_wide(stream, columns) == []
    coloured = isinstance(stream, Terminal) and "NO_COLOR" not in os.environ
    assert ("\x1b[3" in stream.getvalue()) == coloured


@pytest.mark.parametrize("columns", [80, 120])
def test_runs_with_long_names_and_wide_characters_fit_the_page(stream, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    before, _ = long_pair(run_id=LONG)
    after = outcome_log({LONG: {LONG: "fpm"}, f"{LONG}_2": {LONG: "ppp"}}, run_id=f"{LONG}_2")

    print_comparison(compare_runs(before, after), stream)

    assert too_wide(stream, columns) == []


def test_a_summary_with_long_names_and_wide_characters_fits_the_page(stream):
    log, _ = long_pair()

    print_summary(log, compare_configs(log), stream)

    assert too_wide(stream, 80) == []


def test_every_reason_to_end_has_room_on_the_page(stream):
    marks = "p" * len(TERMINATION_REASONS)
    log = outcome_log({"one": {"a": marks}, "two": {"a": marks}})
    samples = tuple(
        msgspec.structs.replace(
            each,
            transcript=transcript(
                end(TERMINATION_REASONS[(each.key.epoch - (each.key.config == "two")) % len(marks)])
            ),
        )
        for each in log.samples
    )
    log = msgspec.structs.replace(log, samples=samples)

    print_config_pair(compare_config_pair(log, log, "one", "two"), stream)

    assert too_wide(stream, 80) == []
    lines = [line.split() for line in lines_of(stream)]
    assert ["max_turns", "max_consecutive_auto_reply", "1"] in lines
    assert sum(len(line) == 3 and line[2] == "1" for line in lines) == len(marks)


def test_a_conversation_with_long_lines_and_wide_characters_fits_the_page(stream):
    log, _ = long_pair()

    for sample in (log.samples[-1], *realistic_log(epochs=1).samples):
        print_transcript(sample, stream, show_hidden=True)

    assert too_wide(stream, 80) == []


@pytest.mark.parametrize("columns", [80, 120])
def test_what_agents_write_steers_no_terminal_beside_another(stream, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    nasty = "\x1b]0;owned\x07\x1b[2J\u202e\r\b[bold]not markup[/bold]"
    settings = (AgentConfig(name=nasty, prompts={"coder": nasty}),)
    first = speaking(outcome_log({nasty: {nasty: "pf"}}), {nasty: nasty})
    second = outcome_log({nasty: {nasty: "fp"}}, run_id=nasty, configs=settings)

    print_comparison(compare_runs(first, speaking(second, {nasty: nasty * 2})), stream)

    text = stream.getvalue()
    for steering in ("\x1b]0;", "\x1b[2J", "\u202e", "\x07", "\b", "\r"):
        assert steering not in text
    assert "not markup" in text


def two_talks():
    log = outcome_log({"one": {"a": "p"}, "two": {"a": "f"}})
    return speaking(log, {"one": "I test it first.\n\nThen I run it.", "two": "I skip tests."})


def test_below_a_hundred_columns_the_sides_stand_one_below_the_other():
    log, stream = two_talks(), io.StringIO()

    print_config_pair(compare_config_pair(log, log, "one", "two"), stream)

    told = stream.getvalue().split("Where they part:\n")[1].splitlines()
    assert told == [
        "shop/a, epoch 1, turn 2: pass, then fail",
        "  - coder: I test it first.",
        "    Then I run it.",
        "  + coder: I skip tests.",
    ]


def test_from_a_hundred_columns_on_the_sides_stand_beside_one_another(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    log, stream = two_talks(), io.StringIO()

    print_config_pair(compare_config_pair(log, log, "one", "two"), stream)

    told = stream.getvalue().split("Where they part:\n")[1].splitlines()
    assert [[side.strip() for side in line.split("│")] for line in told[1:]] == [
        ["one: coder: I test it first.", "two: coder: I skip tests."],
        ["Then I run it.", ""],
    ]


def test_a_stream_without_box_characters_gets_a_plain_rule(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    log, raw = two_talks(), io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    print_config_pair(compare_config_pair(log, log, "one", "two"), stream)

    stream.flush()
    assert b"I test it first." in raw.getvalue()
    assert b" | two: coder" in raw.getvalue()
    stream.detach()


def test_terminations_are_printed_as_a_matrix_first_side_down():
    log, stream = outcome_log({"one": {"a": "ppp"}, "two": {"a": "pmm"}}), io.StringIO()

    print_config_pair(compare_config_pair(log, log, "one", "two"), stream)

    lines = stream.getvalue().splitlines()
    at = lines.index("Ended by: 2 of 3 pairs differ.")
    assert [line.split() for line in lines[at + 1 : at + 4]] == [
        ["First", "(down),", "second", "(across)", "termination_message", "(miss)"],
        ["termination_message", "1", "2"],
        ["(miss)", "·", "·"],
    ]


def test_a_matrix_in_which_nothing_moved_is_one_sentence():
    log, stream = outcome_log({"one": {"a": "ppp"}, "two": {"a": "ppf"}}), io.StringIO()

    print_config_pair(compare_config_pair(log, log, "one", "two"), stream)

    assert "Ended by: the same in every pair (termination_message 3).\n" in stream.getvalue()
    assert "Code" not in stream.getvalue()


def test_a_reason_that_many_share_is_said_once_and_only_the_first_five_are_shown():
    configs = tuple(
        AgentConfig(name=name, prompts={"coder": prompt})
        for name, prompt in (("one", "Be careful."), ("two", "Be quick."))
    )
    log = outcome_log({"one": {"a": "p" * 9}, "two": {"a": "ppppfpppp"}}, configs=configs)
    log = speaking(log, {"one": "I test it.", "two": "I skip it."})
    comparison = compare_config_pair(log, log, "one", "two")
    short, whole = io.StringIO(), io.StringIO()

    print_config_pair(comparison, short)
    print_config_pair(comparison, whole, is_whole=True)

    why = "the prompt of coder says “Be quick.” instead of “Be careful.”"
    assert short.getvalue().count(f"Why, 9 times: {why}") == 1
    assert short.getvalue().count(why) == 2  # with the settings
    told = short.getvalue().split("Where they part:\n")[1]
    assert told.startswith("shop/a, epoch 5, turn 2: pass, then fail\n")
    assert told.count(", turn 2: ") == 5
    assert told.endswith("and 4 more that part; all of them with: --all\n")
    assert whole.getvalue().count(", turn 2: ") == 9


def test_a_side_that_was_cut_short_says_by_what():
    before = speaking(outcome_log({"one": {"a": "p"}}), {"one": "Fine."})
    after = outcome_log({"one": {"a": "m"}}, run_id="run-2")
    stream = io.StringIO()

    print_comparison(compare_runs(before, after), stream)

    assert "  + (cut short by a cassette miss)\n" in stream.getvalue()


def test_drift_is_said_before_anything_else():
    before = outcome_log({"one": {"a": "p"}})
    after = outcome_log({"one": {"a": "p"}}, run_id="run-2", digest="other")
    stream = io.StringIO()

    print_comparison(compare_runs(before, after, despite_drift=True), stream)

    assert (
        stream.getvalue()
        .splitlines()[1]
        .startswith("The scenarios are not the same on both sides: shop/a.")
    )
