import pytest
from report_page import click, count, opened, text_of, write
from report_talk import asked, chose, ran, said, sent, talk_log

FIRST = "#sample/shop/one/a/1"
CODE = "print(6 * 7)"
MARKDOWN = f"""# A plan

Some **bold** and *slanted* words, `code`, 2 * 3 * 4 and snake_case_names.

1. first
2. second
   - inner
- other

| name | sum |
|------|----:|
| A | **12** |

> quoted

[a link](https://example.org) <b>not bold</b> ![image](https://example.org/x.png)

    indented = True

```python
{CODE}
```
"""


def show(chromium, tmp_path, *talks, fragment=FIRST, **options):
    return opened(chromium, write(tmp_path, talk_log(*talks, **options)), fragment)


@pytest.fixture
def rendered(chromium, tmp_path):
    talk = [said("coder", MARKDOWN), ran(CODE, output="42\n"), said("executor", "It says 42.")]
    return show(chromium, tmp_path, talk)


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        (".message .md-heading", "A plan"),
        (".message strong", "bold"),
        (".message em", "slanted"),
        (".message .prose code", "code"),
        (".message ol > li:nth-child(2) > ul > li", "inner"),
        (".message tbody td:nth-child(2) strong", "12"),
        (".message blockquote", "quoted"),
        (".message .block pre", "indented = True"),
    ],
)
def test_markdown_is_rendered(rendered, selector, text):
    assert text_of(rendered, selector) == text


def test_what_is_no_markdown_stays_as_it_was_written(rendered):
    text = text_of(rendered, ".message")

    assert "2 * 3 * 4 and snake_case_names" in text
    assert "[a link](https://example.org) <b>not bold</b>" in text
    assert "![image](https://example.org/x.png)" in text


def test_nothing_that_an_agent_wrote_can_be_followed(rendered):
    assert count(rendered, "#conversation a, #conversation img") == 0


def test_a_conversation_can_be_read_as_it_was_written(rendered):
    click(rendered, ".raw-text")

    assert text_of(rendered, ".message .prose") == MARKDOWN
    assert count(rendered, ".message .md-heading") == 0
    click(rendered, ".raw-text")
    assert count(rendered, ".message .md-heading") == 1


def test_a_block_of_code_leads_to_how_it_ran(rendered):
    note = ".message .block .ran"
    assert text_of(rendered, note) == "exit 0 → #1"

    click(rendered, note)

    assert "42" in text_of(rendered, ".event.lit .execution")


def test_code_that_never_ran_is_not_said_to_have(chromium, tmp_path):
    page = show(chromium, tmp_path, [ran(CODE), said("coder", f"```python\n{CODE}\n```")])

    assert count(page, ".message .block") == 1
    assert count(page, ".message .block .ran") == 0


def test_a_long_message_is_folded_and_unfolds(chromium, tmp_path):
    page = show(chromium, tmp_path, [said("coder", "\n\n".join(["words and words"] * 60))])
    height = "document.querySelector('.message .content').clientHeight"
    before = page.evaluate(height)

    click(page, ".more", "Show the whole message")

    assert page.evaluate(height) > 2 * before
    assert text_of(page, ".more") == "Show less"


ONCE_MORE = "Once more."
SELECT = "Read the above. Then select the next role from ['coder', 'reviewer'] to play."


@pytest.fixture
def calls(chromium, tmp_path):
    """A manager that is asked twice, the second time with one word changed; then a coder twice."""
    again = SELECT.replace("'coder', 'reviewer'", "'coder', 'executor'")
    task, code = sent("user", "Write it.", "user"), sent("user", "Here it is.", "coder")
    rules, patient = sent("system", "You write code. Be quick."), "You write code. Be patient."
    choice, choice_again = [task, sent("system", SELECT)], [task, code, sent("system", again)]
    more = [
        sent("system", patient),
        task,
        sent("assistant", "Here it is."),
        sent("user", ONCE_MORE),
    ]
    talk = [
        said("user", "Write it."),
        asked("manager", choice, "coder", purpose="speaker_selection"),
        chose("coder"),
        asked("coder", [rules, task], "Here it is."),
        said("coder", "Here it is."),
        asked("manager", choice_again, "reviewer", purpose="speaker_selection"),
        chose("reviewer", "coder"),
        said("reviewer", ONCE_MORE),
        asked("coder", more, "Better now."),
        said("coder", "Better now."),
    ]
    return show(chromium, tmp_path, talk)


def inside(page, index):
    """What a call tells once it is opened; its prompt is laid out only then."""
    page.evaluate(f"document.querySelector('#event-{index} details').open = true")
    page.wait(f"document.querySelector('#event-{index} .prompt').childElementCount > 0")
    return text_of(page, f"#event-{index} .inside")


def test_a_prompt_shows_only_what_changed_since_the_call_before(calls):
    told = inside(calls, 5)

    assert "prompt of 3 messages, 1 more than in #1" in told
    assert "the same as there: 1 message" in told
    assert "changed: system message" in told
    assert text_of(calls, "#event-5 del") == "reviewer"
    assert text_of(calls, "#event-5 ins") == "executor"
    assert "Write it." not in told


def test_a_prompt_names_what_was_said_since_the_call_before(calls):
    told = inside(calls, 8)

    assert "2 more than in #3" in told
    assert "new: assistant message: what coder said in #4" in told
    assert "new: user message: what reviewer said in #7" in told


def test_a_system_prompt_that_changed_on_the_way_is_seen(calls):
    told = inside(calls, 8)

    assert "changed: system message" in told
    assert text_of(calls, "#event-8 del") == "quick"
    assert text_of(calls, "#event-8 ins") == "patient"


def test_the_first_call_of_an_agent_shows_its_whole_prompt(calls):
    told = inside(calls, 3)

    assert "prompt of 2 messages, the first call of this agent for this purpose" in told
    assert "You write code. Be quick." in told
    assert "user message of user: what user said in #0" in told


def test_a_message_that_is_no_longer_sent_is_shown_as_gone(chromium, tmp_path):
    first, second = sent("user", "Count the apples in the box."), sent("user", "Name a colour.")
    page = show(
        chromium, tmp_path, [asked("coder", [first], "3"), asked("coder", [second], "Red.")]
    )

    told = inside(page, 1)

    assert "no longer sent: user messageCount the apples in the box." in told
    assert "new: user messageName a colour." in told


def test_of_several_messages_that_changed_each_is_set_against_the_one_it_was(chromium, tmp_path):
    words = "one two three four five six seven eight nine ten eleven twelve " * 3
    before = [sent("user", f"{name} {words}") for name in ("alpha", "beta", "gamma")]
    now = [sent("user", f"{each.content}(now 12:01)") for each in before]
    page = show(chromium, tmp_path, [asked("coder", before, "r1"), asked("coder", now, "r2")])

    told = inside(page, 1)

    assert told.count("changed: user message") == 3
    assert count(page, "#event-1 del") == 0
    marks = "[...document.querySelectorAll('#event-1 ins')].map(each => each.textContent)"
    assert page.evaluate(marks) == ["(now 12:01)"] * 3


def test_prompts_are_compared_only_when_a_call_is_opened(chromium, tmp_path):
    talk = [asked("coder", [sent("user", f"Question {n}")], "x") for n in range(5)]
    page = show(chromium, tmp_path, talk)
    assert count(page, ".call .prompt > *") == 0

    inside(page, 3)

    assert count(page, ".call .prompt > *") == count(page, "#event-3 .prompt > *") > 0


def test_a_call_of_which_only_the_last_message_is_known_says_so(chromium, tmp_path):
    page = show(chromium, tmp_path, [asked("coder", "Once more.", "Done.", messages=4)])

    assert "the last of 4 messages; the others were not recordedOnce more." in inside(page, 0)


def test_a_reply_that_became_a_message_leads_to_it(calls):
    calls.evaluate("document.querySelector('#event-3 details').open = true")

    calls.evaluate("[...document.querySelectorAll('#event-3 .at')].at(-1).click()")

    assert text_of(calls, ".event.lit .message .content") == "Here it is."


def test_a_call_tells_its_tokens_and_latency_while_it_is_folded(calls):
    summary = text_of(calls, "#event-1 summary")

    assert "hidden call: speaker selection for manager" in summary
    assert "321 prompt, 7 completion tokens" in summary
    assert "1.25 s" in summary
    assert count(calls, "details.call[open]") == 0


def test_the_timeline_has_a_tick_per_turn_that_leads_there(calls):
    ticks = ".timeline .tick.turn"
    titles = calls.evaluate(f"[...document.querySelectorAll('{ticks}')].map(t => t.title)")
    assert titles == ["Turn 1: user", "Turn 2: coder", "Turn 3: reviewer", "Turn 4: coder"]

    calls.evaluate(f"document.querySelectorAll('{ticks}')[2].click()")

    assert text_of(calls, ".event.lit .who") == "reviewer"


def test_the_graph_counts_who_spoke_after_whom(calls):
    label = calls.evaluate("document.querySelector('.graph').getAttribute('aria-label')")

    assert label == (
        "Who spoke after whom: coder after user 1, reviewer after coder 1, coder after reviewer 1"
    )
    assert count(calls, ".graph .edge") == 3


def test_all_evidence_of_a_score_lights_up_at_once(chromium, tmp_path):
    talk = [said("a", "same"), said("b", "other"), said("a", "same")]
    page = show(chromium, tmp_path, talk, labels=[("repeated_message", 0, 2)])

    click(page, ".scores .at.all")

    lit = page.evaluate("[...document.querySelectorAll('.event.lit')].map(e => e.dataset.index)")
    assert lit == ["0", "2"]


def test_a_label_stands_at_the_events_that_carry_it(chromium, tmp_path):
    talk = [said("a", "same"), said("b", "other"), said("a", "same")]
    page = show(chromium, tmp_path, talk, labels=[("repeated_message", 0, 2)])

    marked = page.evaluate(
        "[...document.querySelectorAll('.event')].filter(e => e.querySelector('.found'))"
        ".map(e => e.dataset.index + ' ' + e.querySelector('.found').textContent)"
    )
    assert marked == ["0 repeated message", "2 repeated message"]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 200_000,
        "*" * 20_000,
        "`" * 20_000,
        " ".join("`" * (n % 90 + 1) for n in range(2000)),
        "**a" * 10_000,
        ">" * 10_000,
        "\n".join(" " * (2 * n) + "- item" for n in range(300)),
        "|" * 5000 + "\n" + "|-" * 5000 + "|",
        "\n".join(["#" * 7, "- ", "1.", "```", "~~~", "> ", "| a |", "|-|"]) * 20,
    ],
    ids=["word", "stars", "ticks", "mixed", "bold", "quotes", "lists", "table", "ends"],
)
def test_no_message_keeps_the_page_from_being_read(chromium, tmp_path, text):
    page = show(chromium, tmp_path, [said("a", text), said("b", "still here")])

    assert "still here" in text_of(page, "#conversation")
    assert page.evaluate("document.querySelector('#conversation').scrollWidth <= innerWidth")
    assert page.complaints() == []
