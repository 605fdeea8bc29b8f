"""Figures and the bar of links, as somebody reads them on a screen or a phone."""

import pytest
from report_logs import outcome_log, realistic_log
from report_page import opened, texts, write

# Size of the letters as they are drawn: the drawing is scaled to the page.
DRAWN = (
    "Math.min(...[...document.querySelectorAll('figure .plot text')].map(text =>"
    " parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a))"
)
SHOWN_FRONT = """
(() => {
  const [plot] = document.querySelectorAll('.plot:has(.front)');
  const order = [...plot.querySelectorAll('.band, .front, .spot')].map(node => node.classList[0]);
  const width = name => parseFloat(getComputedStyle(plot.querySelector(name)).strokeWidth);
  const dashes = getComputedStyle(plot.querySelector('.front')).strokeDasharray;
  return [order.lastIndexOf('band') < order.indexOf('front'),
    order.indexOf('front') < order.indexOf('spot'), width('.band') / width('.front'), dashes];
})()
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write(tmp_path_factory.mktemp("read"), realistic_log())


def test_a_legend_tells_the_marks_of_the_turns_that_occur(chromium, report, tmp_path):
    page = opened(chromium, report)
    told = [" ".join(each.split()) for each in texts(page, ".bead-legend")]
    assert told == ["passed failed median, interval"] * 2

    keys = "[...document.querySelectorAll('.bead-legend .bead')].map(e => e.classList[1])"
    assert page.evaluate(keys) == ["pass", "fail"] * 2
    all_pass = write(tmp_path, outcome_log({"a": {"s": "ppp"}}))
    assert "failed" not in texts(opened(chromium, all_pass), ".bead-legend")[0]


@pytest.mark.parametrize(("width", "least"), [(1250, 8.5), (390, 10.5)])
def test_letters_of_a_figure_are_large_enough_to_read(chromium, report, width, least):
    page = opened(chromium, report, width=width)

    assert page.evaluate(DRAWN) >= least
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_interval_can_be_read_where_the_front_runs_along_it(chromium, report):
    is_below, is_over, wider, dashes = opened(chromium, report).evaluate(SHOWN_FRONT)

    assert is_below
    assert is_over
    assert wider >= 3
    assert dashes != "none"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_links_that_go_on_beyond_a_phones_edge_have_a_shade_there(chromium, report, theme):
    page = opened(chromium, report, width=390, theme=theme)
    bar = "document.querySelector('.pages')"
    attached = page.evaluate(f"getComputedStyle({bar}).backgroundAttachment").split(", ")

    assert page.evaluate(f"{bar}.scrollWidth > {bar}.clientWidth")
    # Covers move with the links, shades stay: where nothing is hidden the one hides the other.
    assert attached[:4] == ["local", "local", "scroll", "scroll"]
