"""axe-core, as others use it, finds nothing to complain of in what we draw."""

import json
from importlib import resources

import pytest
from report_logs import realistic_log
from report_page import click, opened, write

from harness.runner.importing import import_run

OPEN = "document.querySelectorAll('main details').forEach(node => { node.open = true; })"
KEY = "sales_report/widget_sales/brief-t0.2"
PAGES = {
    "list": "#samples?sort=-turns",
    "conversation": f"#sample/{KEY}/1",
    "group": "#sample/code_review/report_queries/careful-t0.2/1",
    "pair": f"#compare/{KEY}/1?with={KEY}/2",
    "unknown": "#sample/nowhere",
}


@pytest.fixture(scope="module")
def axe():
    pytest.importorskip("axe_core_python", reason="pip install -c constraints.txt -e '.[dev]'")
    return (resources.files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write(tmp_path_factory.mktemp("report"), realistic_log(epochs=2))


def violations(page, axe, context):
    page.evaluate(f"{axe}; 0")
    return page.evaluate(
        f"axe.run({context}, {{preload: false, resultTypes: ['violations']}}).then(result =>"
        " result.violations.map(each => each.id + ': ' + each.nodes.slice(0, 3)"
        ".map(node => node.html.slice(0, 120)).join(' ')))"
    )


@pytest.mark.parametrize("width", [1250, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_wrong(chromium, report, axe, name, theme, width):
    page = opened(chromium, report, PAGES[name], theme=theme, width=width)
    page.evaluate(OPEN)
    if name == "conversation":
        click(page, ".copy-test")

    assert violations(page, axe, "document") == []


def test_axe_does_find_what_is_wrong(chromium, report, axe):
    page = opened(chromium, report)
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")

    assert any(found.startswith("button-name") for found in violations(page, axe, "'main'"))


@pytest.mark.parametrize("width", [1250, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("fragment", ["#samples?suite=typo", "#sample/chats/one/imported/1"])
def test_axe_finds_nothing_wrong_with_what_nobody_judged(
    chromium, tmp_path, axe, fragment, theme, width
):
    (tmp_path / "chats").mkdir()
    for name, end in (("one", "TERMINATE"), ("two", "")):
        said = [{"name": "a", "content": "How many?"}, {"name": "b", "content": f"Six. {end}"}]
        (tmp_path / "chats" / f"{name}.json").write_text(json.dumps(said))
    log = import_run(tmp_path / "chats", None, None, tmp_path / "runs")

    page = opened(chromium, write(tmp_path, log), fragment, theme=theme, width=width)
    page.evaluate(OPEN)

    assert violations(page, axe, "document") == []
