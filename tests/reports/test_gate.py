from report_logs import outcome_log

from harness.comparison import judge, outcomes_of
from harness.model.gate import Gate, Thresholds
from harness.reports.gate import gate_markdown, gate_text, shortened
from harness.reports.markdown import LIMIT

GATE = Gate(thresholds=Thresholds(success_at_least=0.8))


def judged(marks):
    (run,) = outcomes_of(outcome_log(marks))
    return judge(GATE, run)


def test_what_regressed_comes_first_and_what_is_open_says_what_would_decide():
    text = gate_text(
        [judged({"good": {"a": "p" * 60}, "open": {"a": "pp"}, "bad": {"a": "f" * 9}})]
    )

    lines = text.splitlines()
    assert lines[0] == "Gate of shop, run run-1: REGRESSED"
    assert lines[1].startswith("- regressed: bad: success 0 % (0 of 9), interval 0 to ")
    assert lines[2].startswith("- inconclusive: open: ")
    assert lines[2].endswith("epochs per scenario would decide it if it stays so")
    assert lines[3].startswith("- passed: good: ")


def test_names_from_a_log_cannot_steer_the_terminal_or_the_markdown():
    gate = judged({"\x1b[2J<b>|@you": {"a": "pp"}})

    assert "\x1b" not in gate_text([gate])
    markdown = gate_markdown([gate])
    assert "<b>" not in markdown.replace("\\<b\\>", "")
    assert "@you" not in markdown
    assert "\x1b" not in markdown


def test_a_comment_that_would_be_too_long_is_cut_with_a_sentence_and_closed():
    summary = "<details><summary>Failures</summary>\n\n" + "- failure\n" * 20_000 + "\n</details>"

    text = gate_markdown([judged({"one": {"a": "pp"}})], summary)

    assert len(text) <= LIMIT
    assert text.startswith("## Gate of shop")
    assert text.endswith(
        "\n</details>\n\n*Cut here: GitHub takes no more than 65,536 characters in a comment.*\n"
    )
    assert text.count("<details>") == text.count("</details>")


def test_a_comment_that_fits_is_left_alone():
    assert shortened("x" * LIMIT) == "x" * LIMIT
