"""Why a sample missed its cassette, as it reads on the page."""

import msgspec
import pytest
from report_logs import realistic_log
from report_page import opened, text_of, texts, write

MESSAGE = """c/1.jsonl: no recorded answer for call 1 of 3: prompt changed (system prompt).
  The nearest is interaction 1; they part at $.messages[0].content, character 920 of 1,060, line 8:
    recorded <b>'the next version.'</b> (its end),
    asked 'the next version.\\n\\nAlways name the module you change', in the system message.
  Re-recording from there: 3 calls.
To record it again: harness record sales -k token_bucket --config careful-t0.2 --epoch 1 --update"""
KEY = "#sample/sales_report/store_visits/brief-t1.0/4"
# Of each line where its text begins: all of its first line, and what wraps below it.
BEGINS = """
[...document.querySelectorAll('.ended .line')].map(node => {
  const range = document.createRange();
  range.selectNodeContents(node);
  const lefts = [...range.getClientRects()].map(box => Math.round(box.left));
  return [lefts[0], ...new Set(lefts.slice(1))];
})
"""
# How many lines of the screen each word of the command takes.
WORDS = "[...document.querySelectorAll('.command .word')].map(e => e.getClientRects().length)"
HEIGHTS = "[...document.querySelectorAll('.command .word')].map(e => e.offsetHeight)"


@pytest.fixture(scope="module")
def missed(tmp_path_factory):
    log = realistic_log(epochs=4, suites=("sales_report",))
    replace = msgspec.structs.replace
    samples = tuple(
        replace(each, failure=replace(each.failure, message=MESSAGE))
        if each.status == "miss"
        else each
        for each in log.samples
    )
    return write(tmp_path_factory.mktemp("missed"), replace(log, samples=samples))


@pytest.mark.parametrize("width", [1250, 390])
def test_each_fact_of_a_miss_has_its_line_as_far_in_as_it_belongs(chromium, missed, width):
    page = opened(chromium, missed, KEY, width=width)
    begins = page.evaluate(BEGINS)
    first, nearest, recorded, asked, again = (each[0] for each in begins)

    assert [line.partition(" ")[0] for line in texts(page, ".ended .line")] == [
        *("c/1.jsonl:", "The", "recorded", "asked", "Re-recording"),
    ]
    assert first < nearest == again < recorded == asked
    assert all(wrapped > begin for begin, *rest in begins for wrapped in rest)
    if width == 390:
        assert any(rest for _, *rest in begins)


@pytest.mark.parametrize("width", [1250, 390])
def test_a_command_breaks_between_its_words_and_is_copied_as_it_is(chromium, missed, width):
    page = opened(chromium, missed, KEY, width=width)

    assert text_of(page, ".command") == MESSAGE.rpartition("again: ")[2]
    assert set(page.evaluate(WORDS)) == {1}
    assert len(set(page.evaluate(HEIGHTS))) == 1
