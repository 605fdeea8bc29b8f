"""What a reader is told where there is more than is seen, or less than was asked for."""

import pytest
from report_logs import outcome_log
from report_page import click, count, go, hash_of, opened, text_of, texts, write
from report_talk import said, talk_log

OUTCOMES = {"a": {"one": "pfp", "two": "ppp"}, "b": {"one": "ppp", "two": "fpe"}}
SHOWN = "document.getElementById('shown').textContent"
PAIR = "#compare/shop/one/a/1?with=shop/one/b/1"
CODE = "```python\n" + "\n".join(f"total_{n} = {n}" for n in range(80)) + "\n```"
SIDE = "document.querySelector('.side .content')"
# Where it ends on the screen, and what is drawn over its last line.
SEEN = f"(e => [e.clientHeight, e.scrollHeight, getComputedStyle(e).maskImage])({SIDE})"


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return write(tmp_path_factory.mktemp("few"), outcome_log(OUTCOMES))


def chips(page):
    return [" ".join(each.split()) for each in texts(page, "#quick button")]


@pytest.mark.parametrize("width", [1250, 390])
def test_a_long_turn_beside_another_fades_where_it_goes_on_and_is_shown_whole(
    chromium, tmp_path, width
):
    log = talk_log([said("coder", CODE)], [said("coder", CODE.replace("79", "78"))])
    page = opened(chromium, write(tmp_path, log), PAIR, width=width)
    page.wait(f"{SIDE}.classList.contains('goes-on')")
    height, whole, mask = page.evaluate(SEEN)
    assert height < whole
    assert "gradient" in mask

    assert page.evaluate("document.querySelector('.show-all').getBoundingClientRect().width") > 30
    click(page, ".side .show-all", "Show all")

    page.wait(f"!{SIDE}.classList.contains('goes-on')")
    height, whole, mask = page.evaluate(SEEN)
    assert height == whole
    assert mask == "none"
    assert text_of(page, ".side .show-all") == "Show less"


def test_at_its_end_a_long_turn_fades_no_more_and_a_short_one_never(chromium, tmp_path):
    log = talk_log([said("coder", CODE)], [said("coder", "No.")])
    page = opened(chromium, write(tmp_path, log), PAIR)
    page.wait(f"{SIDE}.classList.contains('goes-on')")

    page.evaluate(f"{SIDE}.scrollTop = 1e6")

    page.wait(f"!{SIDE}.classList.contains('goes-on')")
    shown = "[...document.querySelectorAll('.side .show-all')].map(node => !node.hidden)"
    assert page.evaluate(shown) == [True, False]


def test_chips_count_what_they_would_show_of_what_the_other_filters_keep(chromium, few):
    page = opened(chromium, few)
    assert chips(page) == ["Failures 2", "Errors 1", "Different between configs 6", "Flaky 6"]

    go(page, "#samples?config=a")
    page.wait(f"{SHOWN} === '6 of 12 samples'")
    assert chips(page) == ["Failures 1", "Errors 0", "Different between configs 3", "Flaky 3"]
    click(page, "#quick button", "Failures")
    page.wait(f"{SHOWN} === '1 of 12 samples'")
    assert chips(page)[0] == "Failures 1"


def test_chips_count_what_a_search_found_and_an_empty_one_can_be_switched_off(chromium, few):
    page = opened(chromium, few, "#samples?filter=errors&text=one")
    page.wait(f"{SHOWN} === '0 of 12 samples'")
    assert chips(page)[:2] == ["Failures 1", "Errors 0"]

    click(page, "#quick button", "Errors")

    page.wait(f"{SHOWN} === '6 of 12 samples'")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("suite=typo", "suite=typo. Known for suite: shop. "),
        ("scenario=three", "scenario=three. Known for scenario: one, two. "),
        ("filter=failure", "filter=failure. "),
        ("sort=price", "sort=price. "),
        ("suit=shop", "suit=shop. "),
        ("config=<b>x</b>", "config=<b>x</b>. Known for config: a, b. "),
    ],
)
def test_an_address_that_asks_for_what_is_not_there_is_told_so_and_reset(
    chromium, few, query, told
):
    page = opened(chromium, few, f"#samples?{query}")
    said = text_of(page, "#unknown")
    assert said.startswith(f"The address asks for what is not in this run: {told}")
    assert count(page, "#unknown b") == 0

    click(page, "#unknown button", "Show all samples")

    page.wait("document.getElementById('unknown').hidden")
    page.wait(f"{SHOWN} === '12 of 12 samples'")
    assert hash_of(page) == "#samples"


def test_an_address_that_is_right_is_not_complained_of(chromium, few):
    page = opened(chromium, few, "#samples?suite=shop&config=a&filter=flaky&sort=-turns&text=one")

    assert page.evaluate("document.getElementById('unknown').hidden")
