import pytest
from report_browser import CHROMIUM, Browser
from report_logs import realistic_log

from harness.comparison import compare_configs
from harness.reports.html import HtmlReporter

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on PATH: apt-get install chromium"
)
LINKS = "[...document.querySelectorAll('.suite a[href^=\"#\"]')].map(a => a.getAttribute('href'))"
LABELS = "[...document.querySelectorAll('.plot .label')].map(e => e.getBoundingClientRect())"


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("figures") / "report.html"
    log = realistic_log(epochs=3)
    path.write_text(HtmlReporter().render(log, compare_configs(log)), encoding="utf-8")
    return path


def test_every_suite_has_its_figures_and_every_mark_is_a_link(browser, report):
    page = browser.open(report)

    figures = page.evaluate("document.querySelectorAll('.suite figure').length")
    loose = page.evaluate("document.querySelectorAll('.plot circle:not(a circle)').length")
    kinds = {href.split("/")[0].split("?")[0] for href in page.evaluate(LINKS)}

    # Cost, turns and the heat map of two suites.
    assert (figures, loose) == (6, 0)
    assert {"#sample", "#samples"} <= kinds


def test_every_link_to_a_sample_leads_to_one(browser, report):
    page = browser.open(report)
    keys = {str(sample.key) for sample in realistic_log(epochs=3).samples}

    links = {h for h in page.evaluate(LINKS) if h.startswith("#sample/")}

    assert {link.removeprefix("#sample/") for link in links} == keys


@pytest.mark.parametrize("width", [1250, 390])
def test_names_in_a_figure_stay_inside_the_page(browser, report, width):
    page = browser.open(report, width=width)

    boxes = page.evaluate(f"{LABELS}.map(b => [b.left, b.right])")

    assert boxes
    assert all(left >= 0 and right <= width for left, right in boxes)


def test_the_figures_read_without_javascript(browser, report):
    page = browser.open(report, has_scripts=False)
    text = page.evaluate("document.body.innerText")

    assert "Cost against success" in text
    assert "median" in text
    assert "Prompts, and what they did" in text


def test_the_age_of_the_recordings_is_told_by_the_reader_s_clock(browser, report):
    page = browser.open(report)

    assert "ago)" in page.evaluate("document.getElementById('age').textContent")
