import json
import socket
import threading

import msgspec
import pytest
from report_browser import CHROMIUM, Browser
from report_hostile import PAYLOADS, hostile_log
from report_logs import outcome_log, realistic_log

from harness.comparison import compare_configs
from harness.model.score import Score
from harness.model.transcript import ExceptionInfo, Termination
from harness.reports.html import HtmlReporter

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on PATH: apt-get install chromium"
)
FIRST = "#sample/sales_report/widget_sales/brief-t0.2/1"
READING = "document.body.classList.contains('reading')"
SHOWN = "[...document.querySelectorAll('#rows tbody tr')].filter(r => !r.hidden).length"


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return write(tmp_path_factory.mktemp("report"), realistic_log())


@pytest.fixture
def listener():
    """A port that counts who knocks."""
    knocks = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def listen():
            while not stop.is_set():
                try:
                    connection, address = server.accept()
                except TimeoutError:
                    continue
                connection.close()
                knocks.append(address)

        thread = threading.Thread(target=listen)
        thread.start()
        yield server.getsockname()[1], knocks
        stop.set()
        thread.join()


def write(folder, log):
    path = folder / "report.html"
    path.write_text(HtmlReporter().render(log, compare_configs(log)), encoding="utf-8")
    return path


def hash_of(page):
    return page.evaluate("decodeURIComponent(location.hash)")


def test_the_page_asks_for_nothing_but_itself_and_logs_no_error(browser, report):
    page = browser.open(report, FIRST)
    page.wait(READING)

    assert {url.partition("#")[0] for url in page.requests()} == {f"file://{report}"}
    assert page.complaints() == []


def test_the_policy_stops_scripts_markup_and_requests_of_any_kind(browser, report, listener):
    port, knocks = listener
    page = browser.open(report)
    address = f"http://127.0.0.1:{port}/"

    attempts = page.evaluate(f"""(async () => {{
        const outcome = [];
        const attempt = async (name, action) => {{
            try {{ await action(); outcome.push([name, 'allowed']); }}
            catch (error) {{ outcome.push([name, error.constructor.name]); }}
        }};
        await attempt('fetch', () => fetch({address!r}));
        await attempt('innerHTML', () => {{ document.body.innerHTML = '<b>x</b>'; }});
        await attempt('script', () => {{
            const script = document.createElement('script');
            script.append('window.injected = 1');
            document.body.append(script);
        }});
        const image = new Image();
        const failed = new Promise((resolve) => {{ image.onerror = resolve; }});
        image.src = {address!r};
        await failed;
        return outcome;
    }})()""")

    assert dict(attempts)["fetch"] == "TypeError"
    assert dict(attempts)["innerHTML"] == "TypeError"
    assert page.evaluate("window.injected") is None
    assert knocks == []


def test_a_conversation_opens_from_a_link_with_hidden_calls_closed(browser, report):
    page = browser.open(report, "#sample/code_review/report_queries/careful-t0.2/1")
    page.wait(READING)

    text = page.evaluate("document.getElementById('conversation').innerText")
    assert "Here is a parameterised query" in text
    assert "chose reviewer" in text
    assert "speaker selection for manager" in text
    assert "$0.00069" in text
    assert "Who speaks next?" not in text
    assert page.evaluate("document.querySelectorAll('.hidden-call').length") == 4
    assert page.evaluate("document.querySelectorAll('#conversation .call[open]').length") == 0
    assert page.evaluate("document.querySelectorAll('.ended').length") == 2


def test_the_keyboard_walks_from_sample_to_sample_and_back_to_the_overview(browser, report):
    page = browser.open(report, FIRST)
    page.wait(READING)

    page.press("j")
    page.wait("document.querySelector('#conversation h1').innerText.includes('epoch 2')")
    assert hash_of(page).endswith("/brief-t0.2/2")
    page.press("k")
    page.wait("document.querySelector('#conversation h1').innerText.includes('epoch 1')")
    page.press("Escape")
    page.wait(f"!({READING})")
    assert page.evaluate("document.getElementById('conversation').hidden")


def test_filters_and_search_narrow_the_list_and_what_next_means(browser, report):
    page = browser.open(report, FIRST)
    page.wait(READING)

    page.choose("select[name=outcome]", "miss")
    page.wait(f"{SHOWN} === 1")
    page.press("j")
    page.wait("document.querySelector('#conversation h1').innerText.includes('brief-t1.0')")
    page.evaluate("document.querySelector('button[type=reset]').click()")
    page.wait(f"{SHOWN} === 120")
    page.choose("input[name=text]", "CACHE KEY STILL LACKS")
    page.wait(f"{SHOWN} === 60")
    assert page.evaluate("document.getElementById('shown').textContent") == "60 of 120 samples"


def test_evidence_leads_to_its_event(browser, report):
    page = browser.open(report, FIRST)
    page.wait(READING)

    page.evaluate("[...document.querySelectorAll('.scores .at')].at(-1).click()")

    assert page.evaluate("document.querySelector('.event.lit details').open")


def test_verdicts_and_tables_read_without_javascript(browser, report):
    page = browser.open(report, has_scripts=False)

    page.wait("document.querySelectorAll('.verdict').length === 2")
    text = page.evaluate("document.body.innerText")
    assert "prompts=careful against brief: inconclusive" in text
    assert "prompts=careful against brief: +33 points, interval " in text
    alert = "document.querySelector('.verdict .barred')"
    assert page.evaluate(f"{alert}.innerText").startswith("Not comparable: 1 of 60 samples")
    assert page.evaluate(f"getComputedStyle({alert}).color") == "rgb(179, 38, 30)"
    assert "written replies, not a real model's output" in text
    assert page.evaluate("document.querySelectorAll('#rows tbody tr').length") == 120
    assert page.evaluate("document.getElementById('filters').hidden")


@pytest.mark.parametrize("fragment", ["", FIRST], ids=["overview", "conversation"])
def test_a_phone_never_scrolls_sideways(browser, report, fragment):
    page = browser.open(report, fragment, width=360)
    page.wait(f"{READING} === {json.dumps(bool(fragment))}")

    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_on_a_phone_the_reason_of_a_score_has_the_whole_width(browser, report):
    page = browser.open(report, FIRST, width=390)
    page.wait(READING)

    width = page.evaluate("document.querySelector('.scores .why').getBoundingClientRect().width")
    assert width > 300


def test_on_a_phone_the_marks_of_a_cell_stay_in_one_row(browser, report):
    page = browser.open(report, width=390)

    tops = page.evaluate(
        "[...document.querySelectorAll('.matrix td')[0].children]"
        ".map(mark => mark.getBoundingClientRect().top)"
    )
    assert len(tops) == 5
    assert len(set(tops)) == 1


def test_the_list_beside_a_conversation_never_scrolls_sideways(browser, report):
    page = browser.open(report, FIRST)
    page.wait(READING)

    rows = "document.querySelector('.rows')"
    assert page.evaluate(f"{rows}.scrollHeight > {rows}.clientHeight")
    assert page.evaluate(f"{rows}.scrollWidth <= {rows}.clientWidth")


def test_a_link_to_an_unknown_sample_says_so_and_leads_back(browser, report):
    page = browser.open(report, "#sample/sales_report/<b>nowhere/brief/1")
    page.wait(READING)

    text = page.evaluate("document.getElementById('conversation').innerText")
    assert "There is no such sample in this run: sales_report/" in text
    page.press("Escape")
    page.wait(f"!({READING})")


@pytest.fixture
def long_miss(browser, tmp_path):
    """A miss told of by failure, termination, score and call, after a message of many lines."""
    log = realistic_log(epochs=1)
    message = "one.jsonl: no answer left. To record it again: harness record shop -e 1"
    failure = ExceptionInfo(
        type="harness.errors.CassetteMiss", message=message, traceback="Traceback\n  frame"
    )
    first = log.samples[0].transcript.events[0]
    program = "\n".join(f"line {n}" for n in range(200))
    start = msgspec.structs.replace(first, content=f"```python\n{program}\n```")
    end = Termination(
        index=1,
        offset_seconds=1.0,
        reason="error",
        detail=f"CassetteMiss: {message}",
        exception=failure,
    )
    transcript = msgspec.structs.replace(log.samples[0].transcript, events=(start, end))
    score = Score(
        scorer="termination", value=0, unit="share", passed=False, reason=f"error: {message}"
    )
    sample = msgspec.structs.replace(
        log.samples[0], status="miss", failure=failure, transcript=transcript, scores=(score,)
    )
    log = msgspec.structs.replace(log, samples=(sample, *log.samples[1:]))
    page = browser.open(write(tmp_path, log), FIRST)
    page.wait(READING)
    return page


def test_a_miss_is_explained_once_and_its_scores_are_set_apart(long_miss):
    text = long_miss.evaluate("document.getElementById('conversation').textContent")

    assert text.count("no answer left") == 1
    assert text.count("harness record shop -e 1") == 1
    assert "Traceback" not in text
    assert "The sample did not complete; these scores judge what there was of it." in text
    opacity = "getComputedStyle(document.querySelector('.scores tbody')).opacity"
    assert float(long_miss.evaluate(opacity)) < 1


def test_a_long_block_grows_on_request(long_miss):
    height = "document.querySelector('.block.long pre').clientHeight"
    before = long_miss.evaluate(height)

    long_miss.evaluate("document.querySelector('.grow').click()")

    assert long_miss.evaluate(height) > 2 * before
    assert long_miss.evaluate("document.querySelector('.grow').textContent") == "Show less"


def test_output_that_was_just_shown_is_not_shown_again_as_a_message(browser, report):
    page = browser.open(report, FIRST)
    page.wait(READING)

    outputs = page.evaluate("document.querySelectorAll('.execution').length")
    folded = page.evaluate(
        "[...document.querySelectorAll('.message summary')]"
        ".filter(s => s.textContent.startsWith('the output above')).length"
    )
    assert outputs == folded > 0


def test_a_report_of_a_run_without_results_opens(browser, tmp_path):
    path = write(tmp_path, outcome_log({"one": {"a": ".."}}))

    page = browser.open(path)

    assert "No sample of this suite has a result yet." in page.evaluate("document.body.innerText")
    assert page.complaints() == []


@pytest.fixture
def hostile(browser, tmp_path, listener):
    page = browser.open(write(tmp_path, hostile_log(port=listener[0])), FIRST)
    page.wait(READING)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    return page


def test_hostile_text_runs_nothing_and_asks_for_nothing(hostile, listener):
    title = hostile.evaluate("document.title")
    alive = hostile.evaluate(
        "document.querySelectorAll('img, svg:not(.bar, .plot, .key), iframe, object, embed,"
        " link, base, [onerror], [onload], [onfocus], [autofocus], a[href^=javascript]').length"
    )
    drawn = hostile.evaluate(
        "[...new Set([...document.querySelectorAll('svg *')].map(e => e.localName))].sort()"
    )
    scripts = hostile.evaluate("document.querySelectorAll('#conversation script').length")

    assert title.startswith("harness: <script>document.title='owned'</script>")
    assert alive == scripts == 0
    figures = {"a", "circle", "line", "path", "polyline", "rect", "text", "title"}
    assert figures.issuperset(drawn)
    assert {url.partition(":")[0] for url in hostile.requests()} == {"file"}
    assert listener[1] == []
    assert hostile.complaints() == []


@pytest.mark.parametrize("where", ["conversation", "suite-1"])
def test_hostile_text_is_there_to_read(hostile, listener, where):
    text = hostile.evaluate(f"document.getElementById({where!r}).textContent")

    missing = [s for _, s in PAYLOADS if s.replace("PORT", str(listener[0])) not in text]
    assert missing == []


def test_every_kind_of_hostile_event_is_shown(hostile):
    shown = hostile.evaluate("document.querySelectorAll('#conversation > .event').length")
    wanted = "<script>document.title='owned'</script>"

    silent = hostile.evaluate(
        "[...document.querySelectorAll('#conversation > .event')]"
        f".filter(node => !node.textContent.includes({wanted!r})).length"
    )

    assert (shown, silent) == (9, 0)
