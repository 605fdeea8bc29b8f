import io
import re
import subprocess
import sys

import msgspec
import pytest
from report_hostile import hostile_log
from report_logs import outcome_log, realistic_log
from report_talk import asked, said, sent, talk_log
from spoken import end, say
from spoken import transcript as spoken

from harness.comparison import compare_configs, compare_runs
from harness.model.score import Score
from harness.model.transcript import CodeExecution, ExceptionInfo, Termination
from harness.reports.console import print_comparison, print_summary, print_transcript
from harness.reports.transcript import is_repeated


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def summary(stream, log):
    print_summary(log, compare_configs(log), stream)
    return stream.getvalue()


def transcript(sample, **options):
    stream = io.StringIO()
    print_transcript(sample, stream, **options)
    return stream.getvalue()


def test_a_summary_in_a_file_is_plain_aligned_text():
    text = summary(io.StringIO(), realistic_log())

    assert "\x1b" not in text
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("Config "))
    assert lines[at + 1].split()[:3] == ["brief-t0.2", "53", "%"]
    assert len({line.index("%") for line in lines[at + 1 : at + 5]}) == 1
    assert "Model replies: scripted provider" in lines[0]
    assert "Errors: 0. Cassette misses: 1." in text


def test_a_summary_on_a_terminal_is_styled_and_fits_eighty_columns(terminal):
    from rich.text import Text

    text = summary(terminal, realistic_log())

    assert "\x1b[" in text
    assert max(len(line) for line in Text.from_ansi(text).plain.splitlines()) <= 80


def test_a_comparison_shows_both_rates_and_the_samples_that_changed():
    stream = io.StringIO()
    after = outcome_log({"one": {"a": "ppf", "b": "ppp"}}, run_id="run-2")

    print_comparison(compare_runs(outcome_log({"one": {"a": "pff", "b": "ppp"}}), after), stream)

    text = stream.getvalue()
    assert "First run run-1, second run run-2." in text
    assert text.split("Verdict\n")[1].split()[:6] == ["shop/one", "67", "%", "83", "%", "+17"]
    changed = text.split("Then by\n")[1].split()
    assert changed[:3] == ["shop/a/one/2", "fail", "pass"]


def test_changes_between_replays_come_before_the_statistics_grouped_by_direction():
    before = outcome_log({"one": {"a": "pppp", "b": "fppp"}})
    after = outcome_log({"one": {"a": "mmmm", "b": "pppp"}}, run_id="run-2")
    stream = io.StringIO()

    print_comparison(compare_runs(before, after), stream)

    text = stream.getvalue()
    parts = [
        "4 samples of 8 got worse (4 cassette misses); 1 got better.",
        "Got worse ",
        "shop/a/one/1   pass    miss",
        "Got better ",
        "shop/b/one/1   fail    pass",
        "Not comparable: in the second run 4 of 8 samples missed their cassette.",
        "Config ",
    ]
    positions = [text.index(part) for part in parts]
    assert positions == sorted(positions)


def test_what_failed_most_often_is_told_after_the_tables_with_a_command():
    lines = summary(io.StringIO(), realistic_log()).splitlines()

    at = [i for i, line in enumerate(lines) if line == "Failed most often:"]
    assert len(at) == 2
    first = lines[at[0] + 1 : at[0] + 5]
    assert first[0] == (
        "  store_visits: 7 \N{MULTIPLICATION SIGN} totals_agree, "
        "7 \N{MULTIPLICATION SIGN} termination, 1 \N{MULTIPLICATION SIGN} cassette miss "
        "(e.g. brief-t0.2/1: assert 801008.2 == 812334.1 (Widget A))"
    )
    assert first[3] == "  Read one: harness show sales_report/store_visits/brief-t0.2/1"


def test_many_failing_scenarios_take_three_lines_and_success_none():
    many = outcome_log({"one": {f"s{n}": "f" * (9 - n) for n in range(6)}})

    lines = summary(io.StringIO(), many).splitlines()

    assert lines[lines.index("Failed most often:") + 1 :] == [
        "  s0: 9 \N{MULTIPLICATION SIGN} acceptance (e.g. one/1: checks)",
        "  s1: 8 \N{MULTIPLICATION SIGN} acceptance (e.g. one/1: checks)",
        "  and 22 failed samples of 4 more scenarios",
        "  Read one: harness show shop/s0/one/1",
    ]
    assert "Failed most" not in summary(io.StringIO(), outcome_log({"one": {"a": "pp"}}))


def test_a_misleading_headline_is_replaced_by_an_alert_on_the_console():
    log = outcome_log({"brief": {"a": "mmmm"}, "careful": {"a": "pppp"}}, baseline="brief")

    lines = summary(io.StringIO(), log).splitlines()

    at = lines.index("shop")
    assert lines[at + 1] == "Not comparable: 4 of 8 samples missed their cassette."
    assert lines[at + 2].startswith("No effect is claimed:")
    assert "No difference shown" not in "\n".join(lines)


def test_a_transcript_reads_from_task_to_termination():
    text = transcript(realistic_log().samples[0])

    assert text.startswith("sales_report/widget_sales/brief-t0.2/1  PASS\nEnded by")
    order = [
        "#0 executor to analyst, turn 1",
        "analyst to executor, turn 2",
        "executor ran python: exit 1",
        "KeyError: 'revenu'",
        "(the output above)",
        "exit 0",
        "Widget A sells most",
        "Ended by termination_message (executor)",
    ]
    start = text.index("#0 ")
    positions = [text.index(part, start) for part in order]
    assert positions == sorted(positions)
    assert text.count("KeyError: 'revenu'") == 1


def test_events_have_the_numbers_that_scores_reports_and_json_give_them():
    for sample in realistic_log(epochs=1).samples:
        shown = transcript(sample, show_hidden=True).splitlines()

        numbers = [int(found[1]) for line in shown if (found := re.match(r" *#(\d+) \S", line))]
        # A miss is told at the top and its event not again.
        assert numbers == [event.index for event in sample.transcript.events]
        for turn, message in enumerate(sample.transcript.messages, 1):
            heading = f"#{message.index} {message.speaker} to {message.recipient}, turn {turn}"
            assert heading in shown


def test_a_task_that_was_broken_by_hand_is_broken_once_on_a_terminal(terminal, monkeypatch):
    prose = (
        "The module below is meant for the next release of a support desk. It seemed to work when\n"
        "somebody tried it, but nobody has looked at it closely. Review it; repair what is not\n"
        "right.\n\n"
        "- a list of things that are as long as a line of the task is, as it was broken\n"
        "- a second\n\n"
        "    def code(that, is_long, as_long_as, the_lines, of_the_task, are, wherever):\n"
        "        pass"
    )
    (sample,) = outcome_log({"one": {"a": "p"}}).samples
    said = spoken(say("user", prose), end())

    print_transcript(msgspec.structs.replace(sample, transcript=said), terminal)

    shown = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).splitlines()
    at = shown.index("#0 user to chat, turn 1")
    assert [line.strip() for line in shown[at + 1 : at + 4]] == [
        "The module below is meant for the next release of a support desk. It seemed",
        "to work when somebody tried it, but nobody has looked at it closely. Review",
        "it; repair what is not right.",
    ]
    assert "    - a second" in shown
    assert "            pass" in shown
    monkeypatch.delenv("COLUMNS")
    in_file = transcript(msgspec.structs.replace(sample, transcript=said))
    assert all(f"    {line}".rstrip() in in_file.splitlines() for line in prose.split("\n"))


def test_hidden_calls_are_counted_and_shown_on_request():
    sample = realistic_log(epochs=1, suites=("code_review",)).samples[-1]

    short = transcript(sample)
    full = transcript(sample, show_hidden=True)

    assert "Who speaks next?" not in short
    assert "Hidden model calls: 4. Print them with --hidden." in short
    assert full.count("Who speaks next?") == 3
    assert "--hidden" not in full
    assert "manager chose reviewer (auto)" in short


def broken(status, *, type_, message, traceback):
    """A sample that did not complete, told of in all the places the runner and engine tell it."""
    failure = ExceptionInfo(type=type_, message=message, traceback=traceback)
    short = f"{type_.rpartition('.')[2]}: {message}"
    sample = realistic_log().samples[0]
    start = sample.transcript.events[:1]
    end = Termination(index=1, offset_seconds=0.1, reason="error", detail=short, exception=failure)
    scores = (
        Score(
            scorer="acceptance",
            value=0.0,
            unit="share",
            passed=False,
            reason="0 of 1 checks passed",
            details={"checks": [{"name": "rows", "passed": False, "reason": "no file"}]},
        ),
        Score(scorer="termination", value=0.0, unit="share", passed=False, reason=f"{short}."),
    )
    return msgspec.structs.replace(
        sample,
        status=status,
        failure=failure,
        scores=scores,
        transcript=msgspec.structs.replace(sample.transcript, events=(*start, end)),
    )


MISS = "one.jsonl: no recorded answer for call 1. To record it again: harness record shop -e 1"


@pytest.mark.parametrize("show_hidden", [True, False])
def test_a_miss_is_explained_once_with_its_command_and_without_a_traceback(show_hidden):
    missed = broken(
        "miss", type_="harness.errors.CassetteMiss", message=MISS, traceback="Traceback:\n  frame"
    )

    text = transcript(missed, show_hidden=show_hidden)

    assert text.count("no recorded answer for call 1") == 1
    assert "\nDid not complete: one.jsonl: no recorded answer for call 1.\n" in text
    assert "\nTo record it again: harness record shop -e 1\n" in text
    assert "Traceback" not in text
    assert "The sample did not complete; these scores judge what there was of it:" in text
    assert "termination: 0 %, fail: (said above).\n" in text


def test_an_error_shows_the_end_of_its_traceback_and_all_of_it_on_request():
    frames = "".join(f"  frame {n}\n" for n in range(9))
    failed = broken(
        "error",
        type_="builtins.KeyError",
        message="'revenu'",
        traceback=f"Traceback:\n{frames}KeyError: 'revenu'\n",
    )

    short, full = transcript(failed), transcript(failed, show_hidden=True)

    assert "Did not complete: builtins.KeyError: 'revenu'" in short
    assert "frame 7" in short
    assert "frame 6" not in short
    assert "8 lines above left out; print them with --hidden" in short
    assert full.count("frame 0") == 1


def test_the_output_of_code_that_succeeded_is_printed_once():
    passed = next(s for s in realistic_log().samples if s.outcome == "pass")

    text = transcript(passed)

    runs = sum(isinstance(e, CodeExecution) for e in passed.transcript.events)
    assert text.count("Widget B: 790,120.55") == 1
    assert text.count("(the output above)") == runs


@pytest.mark.parametrize(
    ("content", "outputs", "repeats"),
    [
        ("exitcode: 0 (execution succeeded)\nCode output: 5\n", ["5\n"], True),
        ("exitcode: 0 (execution succeeded)\nCode output: \n", [""], True),
        ("exitcode: 1 (execution failed)\nCode output: a\nb", ["a\n", "b\n"], True),
        ("I found 5 rows.", ["5\n"], False),
        ("exitcode: 0 (execution succeeded)\nCode output: 5\n", ["6\n"], False),
        ("exitcode: 0 (execution succeeded)\nCode output: 5\n", [], False),
    ],
)
def test_only_a_message_that_is_nothing_but_output_is_left_out(content, outputs, repeats):
    assert is_repeated(content, outputs) is repeats


def test_hidden_shows_of_every_prompt_what_is_new_and_not_said_above():
    task, rules = sent("user", "Write it."), sent("system", "You write code.")
    first = [rules, task]
    second = [sent("system", "You write tests."), task, sent("assistant", "Here it is.")]
    (sample,) = talk_log(
        [
            said("user", "Write it."),
            asked("coder", first, "Here it is."),
            said("coder", "Here it is."),
            asked("coder", second, "And a test."),
            said("coder", "And a test."),
        ]
    ).samples

    text = transcript(sample, show_hidden=True)

    assert "prompt of 2 messages; 1 said above:\n      system: You write code.\n" in text
    assert "prompt of 3 messages, 2 of them new since its call before; 1 said above:\n" in text
    assert text.count("system: You write tests.") == 1
    assert text.count("Write it.") == 1
    assert "You write" not in transcript(sample)


def test_hidden_repeats_no_prompt_that_is_already_on_the_page():
    sample = realistic_log(epochs=1, suites=("code_review",)).samples[-1]

    text = transcript(sample, show_hidden=True)

    assert text.count("prompt, last message:") == 4
    assert "Review and mend it." not in text
    assert "speaker_selection call for manager" in text
    assert "900 prompt, 160 completion tokens" in text


@pytest.mark.parametrize("show_hidden", [True, False])
def test_agents_cannot_steer_the_terminal(terminal, show_hidden):
    sample = hostile_log().samples[0]

    print_transcript(sample, terminal, show_hidden=show_hidden)

    text = terminal.getvalue()
    # Rich's own styles are the only escapes; what agents wrote shows as pictures.
    assert "\x1b]0;" not in text
    assert "\x1b[2J" not in text
    assert "\u241b]0;owned\u2407\u241b[2J" in text
    assert "\u202e" not in text


def test_a_stream_that_knows_only_ascii_is_written_to_without_failing():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    print_summary(realistic_log(), compare_configs(realistic_log()), stream)

    stream.flush()
    assert b"prompts=careful: +33 points against brief" in raw.getvalue()
    stream.detach()


def test_importing_the_reports_loads_nothing_heavy():
    modules = "html json junit markdown console transcript"
    script = (
        "import sys, importlib\n"
        f"for name in {modules.split()!r}: importlib.import_module('harness.reports.' + name)\n"
        "import harness.comparison\n"
        "print(sorted({'jinja2', 'rich', 'pandas', 'autogen', 'openai', 'vcr'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
