import pytest
from report_logs import realistic_log
from report_page import READING, click, count, go, hash_of, opened, text_of, write
from report_talk import asked, chose, ran, said, sent, talk_log

from harness.comparison.parting import parting

PAIR = "#compare/shop/one/a/1?with=shop/one/b/1"
START = [said("user", "Write it."), chose("coder"), said("coder", "I take the mean of the sums.")]


def show(chromium, tmp_path, first, second, **options):
    path = write(tmp_path, talk_log([*START, *first], [*START, *second]))
    return opened(chromium, path, PAIR, **options)


def test_equal_turns_are_folded_and_the_first_different_one_is_marked(chromium, tmp_path):
    page = show(
        chromium,
        tmp_path,
        [said("reviewer", "The mean is right.")],
        [said("reviewer", "The mean is wrong."), said("coder", "Then the median.")],
    )

    assert "turns 1 to 2: the same in both (user, coder)" in text_of(page, ".same-run summary")
    assert text_of(page, "#parting") == "Here they part, at turn 3."
    assert text_of(page, ".differs del") == "right"
    assert text_of(page, ".differs ins") == "wrong"
    assert "no such turn" in text_of(page, ".turn-pair:last-child .side")


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ([chose("reviewer")], [chose("coder")], "coder was chosen to speak, not reviewer"),
        ([ran("a")], [ran("b")], "other code was run"),
        (
            [ran("a")],
            [ran("a", exit_code=1)],
            "the same code ended with exit 1 instead of 0",
        ),
        ([ran("a")], [ran("a", output="x")], "the same code printed something else"),
        (
            [asked("coder", "p", "x", messages=2)],
            [asked("coder", "p", "y", messages=2)],
            "the model answered coder otherwise to the same last message",
        ),
        (
            [asked("coder", [sent("system", "Be kind."), sent("user", "p")], "x")],
            [asked("coder", [sent("system", "Be kind."), sent("user", "p")], "y")],
            "the model answered coder otherwise to the same request",
        ),
        (
            [asked("coder", [sent("user", "p")], "x")],
            [asked("coder", [sent("user", "p"), sent("user", "q")], "x")],
            "coder was sent 2 messages, not 1",
        ),
        ([ran("a")], [chose("coder")], ""),
    ],
)
def test_the_page_says_why_they_part_in_the_words_of_compare(
    chromium, tmp_path, first, second, reason
):
    talks = [*START, *first, said("x", "one")], [*START, *second, said("x", "two")]
    log = talk_log(*talks)
    page = opened(chromium, write(tmp_path, log), PAIR)

    found = parting(*(sample.transcript for sample in log.samples))

    told = f"Here they part, at turn {found.turn}" + (f": {found.why}." if found.why else ".")
    assert text_of(page, "#parting") == told
    assert found.why == reason


def test_a_prompt_that_differs_is_the_reason(chromium, tmp_path):
    first, second = (
        [asked("coder", prompt, "x", messages=2), said("coder", prompt)] for prompt in "pq"
    )
    page = show(chromium, tmp_path, first, second)

    assert text_of(page, "#parting").endswith("at turn 3: the prompt of coder differs.")


@pytest.mark.parametrize(
    ("rule", "question", "reason"),
    [
        ("Be rude.", "p", "the system message of coder differs"),
        ("Be kind.", "q", "message 2 of the prompt of coder differs"),
    ],
)
def test_the_message_of_a_prompt_that_differs_is_named(chromium, tmp_path, rule, question, reason):
    first, second = (
        [asked("coder", [sent("system", a), sent("user", b)], "x"), said("coder", a + b)]
        for a, b in (("Be kind.", "p"), (rule, question))
    )
    page = show(chromium, tmp_path, first, second)

    assert text_of(page, "#parting").endswith(f"at turn 3: {reason}.")


def test_line_ends_are_no_difference_on_the_page_nor_to_compare(chromium, tmp_path):
    talks = [said("x", "a\r\nb")], [said("x", "a\nb")]
    log = talk_log(*talks)
    page = opened(chromium, write(tmp_path, log), PAIR)

    assert text_of(page, ".parting") == "The same is said in both, by the same speakers."
    assert parting(*(sample.transcript for sample in log.samples)) is None


def test_the_page_and_compare_agree_where_two_conversations_part(chromium, tmp_path):
    log = realistic_log(epochs=2)
    page = opened(chromium, write(tmp_path, log))
    samples = {str(sample.key): sample for sample in log.samples}
    pairs = [
        (key, other)
        for key in list(samples)[::7]
        for other in list(samples)
        if key != other and key.split("/")[:2] == other.split("/")[:2]
    ]

    for key, other in pairs[:25]:
        go(page, f"#compare/{key}?with={other}")
        page.wait(f"document.querySelector('.heads a')?.href.endsWith({key!r}) ?? false")
        page.wait("document.querySelector('.comparing select').value === " + repr(other))
        found = parting(samples[key].transcript, samples[other].transcript)
        told = text_of(page, ".parting")
        assert told.startswith(
            f"Here they part, at turn {found.turn}" if found else "The same is said in both"
        )
    assert len(pairs) > 25


def test_two_that_say_the_same_are_said_to(chromium, tmp_path):
    page = show(chromium, tmp_path, [], [])

    assert text_of(page, ".parting") == "The same is said in both, by the same speakers."
    assert count(page, ".differs") == 0


def test_a_turn_more_on_one_side_does_not_set_all_others_apart(chromium, tmp_path):
    tail = [said("executor", "It prints 42."), said("user", "Thanks.")]
    page = show(chromium, tmp_path, [said("reviewer", "Wait."), *tail], tail)

    assert count(page, ".differs") == 1
    assert "turns 4 to 5: the same in both" in text_of(page, ".same-run:last-child summary")


def test_from_a_conversation_one_chooses_what_to_compare_it_with(chromium, tmp_path):
    log = talk_log([*START, said("a", "x")], [*START, said("a", "y")])
    page = opened(chromium, write(tmp_path, log), "#sample/shop/one/a/1?filter=failures")

    page.evaluate(
        "(() => { const select = document.querySelector('.comparing select');"
        " select.value = 'shop/one/b/1'; select.dispatchEvent(new Event('change')); })()"
    )
    page.wait("document.getElementById('parting') !== null")

    assert hash_of(page) == "#compare/shop/one/a/1?with=shop/one/b/1&filter=failures"
    click(page, ".tools button", "Swap sides")
    page.wait("document.querySelector('.side-head a').textContent.startsWith('b')")
    click(page, ".side-head a")
    page.wait("location.hash.startsWith('#sample/shop/one/b/1')")


def test_a_scenario_with_one_sample_offers_nothing_to_compare(chromium, tmp_path):
    page = opened(chromium, write(tmp_path, talk_log(START)), "#sample/shop/one/a/1")

    assert count(page, ".comparing") == 0


@pytest.mark.parametrize("other", ["shop/one/z/1", "", "<img src=x onerror=alert(1)>"])
def test_an_unknown_second_conversation_is_named(chromium, tmp_path, other):
    path = write(tmp_path, talk_log(START, START))

    page = opened(chromium, path, f"#compare/shop/one/a/1?with={other}")

    assert f"There is no such sample in this run: {other}" in text_of(page, "#conversation")
    page.press("Escape")
    page.wait(f"!{READING}")
    assert page.complaints() == []


def test_hostile_turns_side_by_side_stay_text(chromium, tmp_path):
    evil = "<img src=x onerror=document.title='owned'>\u202e</script><script>alert(1)</script>"
    page = show(chromium, tmp_path, [said("a", evil)], [said("a", evil + " more")])

    assert evil.replace("\u202e", "[U+202E]") in text_of(page, ".differs .side .prose")
    assert count(page, "#conversation img, #conversation script") == 0
    assert page.complaints() == []


def test_long_turns_that_share_nothing_are_compared_at_once(chromium, tmp_path):
    one, other = (" ".join(f"{name}{n}" for n in range(60_000)) for name in "ab")

    page = show(chromium, tmp_path, [said("a", one)], [said("a", other)])

    assert text_of(page, "#parting").startswith("Here they part, at turn 3")


def test_on_a_phone_the_two_sides_stand_one_below_the_other(chromium, tmp_path):
    page = show(chromium, tmp_path, [said("a", "x")], [said("a", "y")], width=390)

    left, right = page.evaluate(
        "[...document.querySelectorAll('.differs .side')]"
        ".map(side => { const at = side.getBoundingClientRect(); return [at.left, at.top]; })"
    )
    assert left[0] == right[0]
    assert left[1] < right[1]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_same_text_by_another_speaker_is_another_turn(chromium, tmp_path):
    page = show(chromium, tmp_path, [said("a", "x")], [said("b", "x")])

    assert count(page, ".differs") == 2
    assert text_of(page, "#parting") == "Here they part, at turn 3."
