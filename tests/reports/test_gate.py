import io

from report_logs import outcome_log

from harness.comparison import judge, outcomes_of
from harness.model.gate import Gate, Thresholds
from harness.reports.gate import gate_markdown, shortened
from harness.reports.gate_page import print_gates, print_last_word
from harness.reports.markdown import LIMIT

GATE = Gate(thresholds=Thresholds(success_at_least=0.8))


def judged(marks):
    (run,) = outcomes_of(outcome_log(marks))
    return judge(GATE, run)


def page(gates, **options):
    stream = io.StringIO()
    print_gates(gates, stream, **options)
    return stream.getvalue()


def last_word(gates):
    stream = io.StringIO()
    print_last_word(gates, stream)
    return stream.getvalue().rstrip("\n")


def test_what_regressed_comes_first_and_what_is_open_says_what_would_decide():
    gates = [judged({"good": {"a": "p" * 60}, "open": {"a": "pp"}, "bad": {"a": "f" * 9}})]

    lines = page(gates).splitlines()

    assert lines[0] == "Gate of shop, run run-1: REGRESSED"
    assert lines[1].split() == ["Regressed", "What", "Measured", "Interval", "Wanted"]
    assert lines[2].startswith("bad        success  0 % (0/9)  0 to ")
    assert lines[2].endswith("at least 80 %")
    assert lines[3].split()[-1] == "Epochs"
    assert lines[4].startswith("open ")
    assert lines[4].split()[-1].isdecimal()
    assert lines[5].startswith("Passed ")
    assert lines[6].startswith("good ")
    assert "epochs per scenario would decide it if it stays so" in gate_markdown(gates)


def test_the_last_line_says_the_outcome_why_and_the_exit_code():
    good, open_, bad = (judged({"one": {"a": marks}}) for marks in ("p" * 60, "pp", "f" * 9))
    (strict,) = outcomes_of(outcome_log({"one": {"a": "pp"}}))
    failing = judge(Gate(thresholds=GATE.thresholds, fails_inconclusive=True), strict)

    assert last_word([good]) == "PASSED: the threshold of shop is met. Exit code 0."
    assert last_word([good, bad]) == (
        "REGRESSED: 1 of 2 thresholds (shop) is missed by more than chance explains. Exit code 1."
    )
    assert last_word([good, open_]).startswith(
        "INCONCLUSIVE, which lets it pass (on_inconclusive: pass): nothing regressed, but 1 of 2 "
        "thresholds (shop) is undecided; about "
    )
    assert last_word([open_]).endswith("would decide it if all stays so. Exit code 0.")
    assert last_word([failing]).startswith("INCONCLUSIVE, which fails (on_inconclusive: fail): ")
    assert last_word([failing]).endswith(" Exit code 1.")


def test_many_thresholds_fit_a_screen_and_the_rest_is_counted(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    marks = {f"open-{n}": {"a": "pp"} for n in range(40)}
    gates = [judged({**marks, **{f"bad-{n}": {"a": "f" * 40} for n in range(40)}})]

    short = [*page(gates).splitlines(), *last_word(gates).splitlines()]

    assert len(short) <= 24
    assert max(map(len, short)) <= 80
    assert "and 32 more regressed, 34 more inconclusive; all of them with: --all" in short
    assert len(page(gates, is_whole=True).splitlines()) > 80


def test_names_from_a_log_cannot_steer_the_terminal_or_the_markdown():
    gate = judged({"\x1b[2J<b>|@you": {"a": "pp"}})

    assert "\x1b" not in page([gate]) + last_word([gate])
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
