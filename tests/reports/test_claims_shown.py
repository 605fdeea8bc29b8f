import io

import pytest
from report_logs import outcome_log

from harness.comparison import compare_configs
from harness.reports.console import print_summary
from harness.reports.html import HtmlReporter
from harness.reports.markdown import MarkdownReporter

FACTORS = {
    f"{a}-{b}": {"prompts": a, "tools": b} for a in ("brief", "long") for b in ("few", "all")
}
WARNING = "The samples that did not complete decide a verdict: new against base is inconclusive"


def on_console(log, comparison):
    stream = io.StringIO()
    print_summary(log, comparison, stream)
    return " ".join(stream.getvalue().split())


@pytest.mark.parametrize("render", [HtmlReporter().render, MarkdownReporter().render, on_console])
def test_every_report_warns_where_counting_failures_decides(render):
    marks = {"base": {"a": "f" * 4 + "e" * 9}, "new": {"a": "p" * 4 + "e" * 9}}
    log = outcome_log(marks)

    assert WARNING in render(log, compare_configs(log))


def test_markdown_has_the_interactions_of_a_matrix():
    marks = {name: {"a": "p" * 9 if name == "long-all" else "f" * 9} for name in FACTORS}
    log = outcome_log(marks, factors=FACTORS, baseline="brief-few")

    text = MarkdownReporter().render(log, compare_configs(log))

    (row,) = [line for line in text.splitlines() if "than at" in line and line.startswith("|")]
    cells = [cell.strip().replace("\\", "") for cell in row.strip("|").split("|")]
    assert cells[:3] == ["prompts=long vs brief", "tools=all than at few", "+100"]
    assert (cells[4], cells[6]) == ("36", "larger")
