import msgspec
from hypothesis import given
from hypothesis import strategies as st
from report_logs import outcome_log, realistic_log

from harness.comparison import compare_configs
from harness.reports.figures.prompts import difference, prompt_changes

WORDS = st.lists(st.sampled_from(["run ", "the ", "code\n", "and ", "check ", "it. ", "\n"]))
PROMPTS = WORDS.map("".join)


def changes_of(log):
    suite = compare_configs(log).suites[0]
    return prompt_changes(log.header.suites[0].configs, suite)


@given(PROMPTS, PROMPTS)
def test_a_difference_holds_both_prompts(old, new):
    pieces = difference(old, new)
    if any(piece.kind == "skipped" for piece in pieces):
        return

    assert "".join(p.text for p in pieces if p.kind in ("same", "gone")) == old
    assert "".join(p.text for p in pieces if p.kind in ("same", "new")) == new


def test_one_changed_word_is_all_that_is_marked():
    pieces = difference("Write the code and run it.", "Write the tests and run it.")

    assert [(p.kind, p.text) for p in pieces if p.kind != "same"] == [
        ("gone", "code"),
        ("new", "tests"),
    ]


def test_changed_words_side_by_side_are_marked_as_one_change():
    pieces = difference("Be quick now.", "Be very careful now.")

    assert [(p.kind, p.text) for p in pieces if p.kind != "same"] == [
        ("gone", "quick"),
        ("new", "very careful"),
    ]


def test_what_stays_the_same_for_long_is_counted_and_not_shown():
    same = " ".join(f"word{number}" for number in range(400))
    pieces = difference(f"Old. {same} End.", f"New. {same} End!")

    (skipped,) = [piece for piece in pieces if piece.kind == "skipped"]
    count = int(skipped.text.split()[0])
    shown = "".join(piece.text for piece in pieces if piece.kind == "same")
    assert count + shown.count("word") == 400
    assert 40 <= shown.count("word") <= 60


def test_prompts_of_a_hundred_thousand_words_are_compared_by_lines():
    old = "".join(f"line {number} says this and that\n" for number in range(10_000))

    pieces = difference(old, old.replace("line 5000 ", "row 5000 "))

    assert [(p.kind, p.text) for p in pieces if p.kind in ("gone", "new")] == [
        ("gone", "line 5000 says this and that\n"),
        ("new", "row 5000 says this and that\n"),
    ]


def test_prompts_of_a_matrix_stand_beside_the_effect_of_their_factor():
    (change,) = changes_of(realistic_log(epochs=5, suites=("sales_report",)))

    assert change.configs == ("careful-t0.2", "careful-t1.0")
    ((agent, pieces),) = change.agents
    assert (agent, [piece.text for piece in pieces if piece.kind == "new"]) == (
        "analyst",
        ["careful"],
    )
    assert [(each.factor, each.candidate) for each in change.contrasts] == [("prompts", "careful")]


def test_prompts_without_a_matrix_stand_beside_their_own_contrast():
    log = outcome_log({"old": {"a": "pf"}, "new": {"a": "pp"}, "same": {"a": "ff"}})
    suite = log.header.suites[0]
    prompts = {"old": {"x": "Write."}, "new": {"x": "Write.", "y": "Review."}}
    configs = tuple(
        msgspec.structs.replace(config, prompts=prompts.get(config.name, prompts["old"]))
        for config in suite.configs
    )
    suites = (msgspec.structs.replace(suite, configs=configs),)
    log = msgspec.structs.replace(log, header=msgspec.structs.replace(log.header, suites=suites))

    (change,) = changes_of(log)

    assert change.configs == ("new",)
    assert [agent for agent, _ in change.agents] == ["y"]
    assert [each.candidate for each in change.contrasts] == ["new"]
