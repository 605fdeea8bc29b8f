"""The two sides of a pair, rendered as a conversation is, with the words that differ marked."""

import msgspec
import pytest
from report_page import click, count, opened, text_of, texts, write
from report_talk import asked, said, talk_log

from harness.comparison.parting import parting
from harness.model.transcript import ToolCall

PAIR = "#compare/shop/one/a/1?with=shop/one/b/1"
START = [said("user", "Write it.")]
CODE = "I *wrote* it:\n\n- as a list\n\n```python\ndef mean(values):\n    return {}(values)\n```"
SETTINGS = {
    "prompts": [
        {"coder": "You are the coder. Be brief."},
        {"coder": "You are the coder. Be kind."},
    ],
    "temperature": [0.2, 1.0],
    "parameters": [{"max_round": 4, "mode": "x" * 70}, {"max_round": 5, "tools": ["a", True]}],
    "model": ["small", "large"],
}


def show(chromium, tmp_path, first, second, **options):
    path = write(tmp_path, talk_log([*START, *first], [*START, *second]))
    return opened(chromium, path, PAIR, **options)


def with_settings(log, **given):
    """The log with the settings of its configs a and b as given."""
    (suite,) = log.header.suites
    configs = tuple(
        msgspec.structs.replace(config, **{name: pair[side] for name, pair in given.items()})
        for side, config in enumerate(suite.configs)
    )
    suites = (msgspec.structs.replace(suite, configs=configs),)
    header = msgspec.structs.replace(log.header, suites=suites)
    return msgspec.structs.replace(log, header=header)


def test_markdown_and_code_are_rendered_and_only_the_word_that_differs_is_marked(
    chromium, tmp_path
):
    page = show(
        chromium, tmp_path, [said("coder", CODE.format("sum"))], [said("coder", CODE.format("avg"))]
    )

    assert texts(page, ".differs .side li") == ["as a list", "as a list"]
    assert texts(page, ".differs .side em") == ["wrote", "wrote"]
    assert texts(page, ".differs .side .block .label") == ["python", "python"]
    assert texts(page, ".differs pre del") == ["sum"]
    assert texts(page, ".differs pre ins") == ["avg"]
    assert count(page, "#conversation del, #conversation ins") == 2
    assert "```" not in text_of(page, "#conversation")


def test_the_marks_of_both_sides_leave_their_texts_as_they_are(chromium, tmp_path):
    one = "# Plan\n\n1. read **all** of it\n2. `run` it\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> why"
    other = (
        "# Plan B\n\n1. read *some* of it\n2. `ran` it\n\n| a | c |\n|---|---|\n| 1 | 3 |\n\n> how"
    )
    alone = opened(
        chromium, write(tmp_path, talk_log([*START, said("x", one)])), "#sample/shop/one/a/1"
    )
    rendered = alone.evaluate("document.querySelector('#event-1 .content').textContent")

    page = show(chromium, tmp_path, [said("x", one)], [said("x", other)])

    assert texts(page, ".differs .side .content")[0] == rendered
    assert "all" in texts(page, ".differs strong del")
    assert "some" in texts(page, ".differs em ins")
    assert texts(page, ".differs td ins") == ["3"]


def test_what_differs_in_markdown_alone_is_shown_as_it_was_written(chromium, tmp_path):
    page = show(chromium, tmp_path, [said("x", "so *it* is")], [said("x", "so **it** is")])

    assert texts(page, ".differs .side .raw") == ["so *it* is", "so **it** is"]
    assert count(page, ".differs del") == 1


def test_tools_that_are_called_stand_below_what_is_said(chromium, tmp_path):
    def call(argument):
        arguments = f'{{"id": {argument}}}'
        calls = (ToolCall(id="c", name="refund", arguments=arguments),)
        return [msgspec.structs.replace(said("agent", "I pay."), tool_calls=calls)]

    page = show(chromium, tmp_path, call(17), call(18))

    assert texts(page, ".differs .label") == ["calls tool refund", "calls tool refund"]
    assert texts(page, ".differs pre del") == ["17"]


def test_both_sides_can_be_read_as_they_were_written(chromium, tmp_path):
    page = show(chromium, tmp_path, [said("x", CODE.format("a"))], [said("x", CODE.format("b"))])

    click(page, ".raw-text")
    assert texts(page, ".differs .side .raw") == [CODE.format("a"), CODE.format("b")]
    assert page.evaluate("document.querySelector('.raw-text').getAttribute('aria-pressed')")
    click(page, ".raw-text")
    assert count(page, ".differs .side .raw") == 0


def test_in_a_long_text_one_goes_from_change_to_change(chromium, tmp_path):
    one, other = (
        "\n".join(f"line {n} {word if n in (80, 160) else ''}" for n in range(200))
        for word in ("old", "new")
    )
    page = show(chromium, tmp_path, [said("x", one)], [said("x", other)])
    in_view = (
        "(content => [...content.querySelectorAll('ins')].map(mark => {"
        " const [at, box] = [mark, content].map(node => node.getBoundingClientRect());"
        " return at.top >= box.top && at.bottom <= box.bottom; }))"
        "(document.querySelectorAll('.differs .content')[1])"
    )

    seen = [page.evaluate(in_view)]
    for _ in range(3):
        page.evaluate("document.querySelectorAll('.differs .head .at')[1].click()")
        seen.append(page.evaluate(in_view))

    assert seen == [[False, False], [True, False], [False, True], [True, False]]


def test_a_short_text_needs_no_way_from_change_to_change(chromium, tmp_path):
    page = show(chromium, tmp_path, [said("x", "old")], [said("x", "new")])

    assert count(page, ".differs .head .at") == 0


@pytest.mark.parametrize("names", [["prompts"], ["temperature"], ["parameters"], list(SETTINGS)])
@pytest.mark.parametrize("is_asked", [True, False], ids=["a call", "no events"])
def test_settings_that_explain_it_are_told_in_the_words_of_compare(
    chromium, tmp_path, names, is_asked
):
    calls = [[asked("coder", "p", reply, messages=2)] if is_asked else [] for reply in "xy"]
    talks = [[*START, *call, said("coder", text)] for call, text in zip(calls, "xy", strict=True)]
    log = with_settings(talk_log(*talks), **{name: SETTINGS[name] for name in names})
    page = opened(chromium, write(tmp_path, log), PAIR)

    one, other = (sample.transcript for sample in log.samples)
    found = parting(one, other, log.header.suites[0].configs)

    assert "instead of" in found.why
    assert text_of(page, "#parting") == f"Here they part, at turn 2: {found.why}."


def test_a_setting_of_an_agent_that_is_not_the_speaker_explains_nothing(chromium, tmp_path):
    log = talk_log([*START, said("coder", "x")], [*START, said("critic", "y")])
    log = with_settings(log, prompts=[{"coder": "a"}, {"coder": "b"}])

    page = opened(chromium, write(tmp_path, log), PAIR)

    assert text_of(page, "#parting") == "Here they part, at turn 2."


def test_hostile_settings_stay_text(chromium, tmp_path):
    evil = "</script><img src=x onerror=alert(1)>\u202e"
    talks = [[*START, said("coder", text)] for text in "xy"]
    log = with_settings(talk_log(*talks), prompts=[{"coder": "a"}, {"coder": evil}])

    page = opened(chromium, write(tmp_path, log), PAIR)

    assert "“</script><img src=x onerror=alert(1)>[U+202E]”" in text_of(page, "#parting")
    assert count(page, "#conversation img, #conversation script") == 0
    assert page.complaints() == []
