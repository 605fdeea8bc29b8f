"""A report in the browser, and the questions that tests ask of it."""

from harness.comparison import compare_configs
from harness.reports.html import HtmlReporter

READING = "document.body.classList.contains('reading')"
LISTED = "document.getElementById('shown').textContent.includes(' of ')"


def write(folder, log):
    """The report of a run as a file."""
    path = folder / "report.html"
    path.write_text(HtmlReporter().render(log, compare_configs(log)), encoding="utf-8")
    return path


def opened(browser, path, fragment="", **options):
    """The page, once it shows its list, and the conversation if the fragment names one."""
    page = browser.open(path, fragment, **options)
    page.wait(LISTED)
    if fragment.startswith(("#sample/", "#compare/")):
        page.wait(READING)
    return page


def go(page, fragment):
    """Follow a link within the page."""
    page.evaluate(f"location.hash = {fragment!r}; 0")


def hash_of(page):
    return page.evaluate("decodeURIComponent(location.hash)")


def column(page, number):
    """The texts of a column of the rows in the page."""
    return page.evaluate(
        "[...document.querySelectorAll('#rows tbody tr:not(.gap)')]"
        f".map(row => row.children[{number}].innerText.trim())"
    )


def text_of(page, selector):
    return page.evaluate(f"document.querySelector({selector!r}).textContent")


def texts(page, selector):
    """What each of these says."""
    return page.evaluate(
        f"[...document.querySelectorAll({selector!r})].map(node => node.textContent)"
    )


def count(page, selector):
    return page.evaluate(f"document.querySelectorAll({selector!r}).length")


def click(page, selector, label=""):
    """Click the first of these that has the label."""
    page.evaluate(
        f"[...document.querySelectorAll({selector!r})]"
        f".find(node => node.textContent.includes({label!r})).click()"
    )
