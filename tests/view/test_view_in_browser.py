"""The pages in a real browser: they live, and nothing hostile on them does."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cli_project import write_suite
from report_browser import CHROMIUM, Browser
from view_server import environment, served

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on PATH: apt-get install chromium"
)
WHOLE = "20260101T000000-whole"
TEXT = "document.body.innerText"


@pytest.fixture(scope="module")
def browser():
    browser = Browser()
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def entered(browser, project):
    """The server, once the browser has its cookie."""
    with served(project) as view:
        browser.open(view.address)
        yield view


@contextmanager
def running(project, *arguments):
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "run", *arguments, "--no-report", "-n", "2"],
        cwd=project,
        env=environment() | {"PYTHONWARNINGS": ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


@pytest.fixture
def slow(tmp_path):
    """A project whose ten samples take a while each; the third one fails."""
    behaviour = "time.sleep(0.25)\n        assert context.epoch != 3, 'away <b>now</b>'"
    write_suite(tmp_path, "slow", behaviour=behaviour, epochs=10)
    return tmp_path


def watched(page, seconds=120):
    """What the page of a run says over time, until it is complete."""
    seen, until = [], time.monotonic() + seconds
    while not seen or "complete" not in seen[-1]:
        assert time.monotonic() < until, seen
        text = page.evaluate("document.getElementById('progress').innerText.split('\\n')[0]")
        if not seen or seen[-1] != text:
            seen.append(text)
        time.sleep(0.05)
    return seen


def test_a_run_is_seen_growing_without_a_reload(browser, slow):
    with served(slow) as view:
        page = browser.open(view.address)
        assert "There is no run here yet" in page.evaluate(TEXT)
        page.evaluate("window.untouched = true")
        with running(slow, "slow"):
            page.wait("document.querySelector('#going .card a') !== null", seconds=60)
            path = page.evaluate("document.querySelector('#going .card a').getAttribute('href')")
            run = browser.open(view.base + path)
            run.evaluate("window.untouched = true")
            run.wait("document.querySelectorAll('#running li').length === 2", seconds=60)
            assert "slow/hello/plain/" in run.evaluate(
                "document.getElementById('running').innerText"
            )
            assert run.evaluate("document.getElementById('connection').textContent") == "live"
            seen = watched(run)

        counts = [int(each.split("of")[0].split()[-1]) for each in seen]
        assert counts == sorted(counts)
        assert len(set(counts)) >= 3
        assert counts[-1] == 10
        assert any("s so far" in each for each in seen[:-1])
        text = run.evaluate(TEXT)
        assert "9 passed" in text
        assert "1 error\n" in text
        assert "away <b>now</b>" in text
        assert run.evaluate("document.getElementById('said').textContent") == (
            "complete: 10 of 10 samples"
        )
        assert run.evaluate("window.untouched") is True
        assert run.complaints() == []


def test_a_run_that_is_killed_is_seen_to_stop(browser, slow):
    with served(slow) as view:
        with running(slow, "slow") as process:
            page = browser.open(view.address)
            page.wait("/[1-9] of 10 samples/.test(document.body.innerText)", seconds=60)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        page.wait(r"/stopped at \d of 10/.test(document.body.innerText)", seconds=30)

        assert page.evaluate("document.querySelector('#going .card')") is None
        assert page.complaints() == []


def test_when_the_server_stops_the_page_says_so(browser, tmp_path):
    with served(tmp_path) as view:
        page = browser.open(view.address)
        code, _, errors = view.stop()

    page.wait("/has stopped; this page no longer/.test(document.body.innerText)", seconds=30)
    assert (code, errors) == (0, "")


def test_the_secret_is_gone_from_the_address(browser, entered):
    page = browser.open(entered.address)

    assert page.evaluate("location.href") == f"{entered.base}/"
    assert page.evaluate("document.cookie") == ""
    page.evaluate("document.querySelector('#runs a').click()")
    page.wait("location.pathname.startsWith('/runs/')")
    assert page.evaluate("document.referrer") == ""


def test_the_focus_stays_where_it_is_when_the_page_changes(browser, entered, project):
    page = browser.open(f"{entered.base}/")
    page.evaluate(f"document.querySelector('#runs a[href=\"/runs/{WHOLE}\"]').focus()")
    (project / "reports" / "new.txt").write_text("x")
    os.utime(project / ".harness" / "runs" / "garbage.sqlite")
    (project / ".harness" / "runs" / "zzz.sqlite").write_bytes(b"")

    page.wait("document.getElementById('runs').innerText.includes('zzz')", seconds=30)
    page.wait("document.getElementById('files').innerText.includes('new.txt')")

    assert page.evaluate("document.activeElement.getAttribute('href')") == f"/runs/{WHOLE}"
    (project / ".harness" / "runs" / "zzz.sqlite").unlink()


def hostile_pages(browser, view):
    yield browser.open(f"{view.base}/")
    links = browser.open(f"{view.base}/").evaluate(
        "[...document.querySelectorAll('#runs a')].map(a => a.getAttribute('href'))"
    )
    (path,) = [each for each in links if "%3Cimg" in each and not each.endswith("/report")]
    yield browser.open(view.base + path)


def test_hostile_texts_are_read_and_do_nothing(browser, entered):
    for page in hostile_pages(browser, entered):
        time.sleep(0.2)
        alive = page.evaluate(
            "document.querySelectorAll('img, iframe, object, embed, base, style,"
            " svg:not(.progress), script:not([src]), [onerror], [onload], [onfocus], [autofocus],"
            " a[href^=javascript]').length"
        )
        text = page.evaluate("document.body.textContent")

        assert alive == 0
        assert "owned" not in page.evaluate("document.title.split(' \u2013 ')[0]")
        assert page.evaluate("window.injected") is None
        assert "<img src=x onerror=" in text
        assert "[U+202E]" in text
        assert "\u202e" not in text
        assert page.complaints() == []
        asked = {url for url in page.requests() if not url.startswith("data:")}
        assert all(url.startswith(entered.base + "/") for url in asked)


def test_the_policy_lets_no_script_in_and_no_request_out(browser, entered):
    page = browser.open(f"{entered.base}/")

    outcome = page.evaluate("""(async () => {
        const script = document.createElement('script');
        script.append('window.injected = 1');
        document.body.append(script);
        document.body.insertAdjacentHTML('beforeend', '<i onclick="window.injected = 2">x</i>');
        document.body.lastChild.click();
        const away = await fetch('http://127.0.0.1:9/').catch((error) => error.message);
        return [window.injected ?? null, String(away)];
    })()""")

    assert outcome == [None, "Failed to fetch"]
    assert any("Content Security Policy" in str(each) for each in page.complaints())


def test_a_report_works_here_as_it_does_from_disk(browser, entered):
    page = browser.open(f"{entered.base}/runs/{WHOLE}")
    link = page.evaluate("document.querySelector('#latest a').getAttribute('href')")

    report = browser.open(entered.base + link)

    report.wait("document.body.classList.contains('reading')")
    assert report.complaints() == []
    assert report.evaluate("fetch('/').catch(() => 'refused')") == "refused"


def test_a_page_out_of_the_folder_works_but_is_a_stranger(browser, entered, project):
    page = browser.open(f"{entered.base}/reports/{WHOLE}.html")
    assert page.complaints() == []
    page.evaluate("document.querySelector('#rows tbody a').click()")
    page.wait("document.body.classList.contains('reading')")
    thief = project / "reports" / "thief.html"
    thief.write_text(
        "<title>thief</title><script>window.cookie = 'none'; try { cookie = document.cookie; }"
        "catch { cookie = 'denied'; } fetch('/').then(() => { window.got = 'page'; },"
        "() => { window.got = 'refused'; });</script>"
    )

    page = browser.open(f"{entered.base}/reports/thief.html")

    page.wait("window.got !== undefined")
    assert page.evaluate("[origin, got, cookie]") == ["null", "refused", "denied"]


@pytest.fixture
def elsewhere(entered):
    """A page of another port of this machine: the same site for cookies, and not ours."""
    text = (
        f"<title>elsewhere</title><a href='{entered.base}/'>go</a>"
        f"<iframe src='{entered.base}/'></iframe><script src='{entered.base}/static/view.js' "
        "onload='window.ran = true' onerror='window.ran = false'></script>"
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_page_of_another_port_gets_nothing_although_the_cookie_is_sent(
    browser, entered, elsewhere
):
    page = browser.open(elsewhere)
    page.wait("window.ran !== undefined")

    assert page.evaluate("window.ran") is False
    got = page.evaluate(f"fetch('{entered.base}/').then(() => 'read', () => 'refused')")
    assert got == "refused"
    page.evaluate("document.querySelector('a').click()")
    page.wait("document.title !== 'elsewhere'")
    page.wait("document.readyState === 'complete'")
    text = page.evaluate(TEXT)
    assert "Another site may not ask for this." in text
    assert WHOLE not in text


def test_everything_is_there_without_scripts(browser, entered):
    page = browser.open(f"{entered.base}/", has_scripts=False)
    text = page.evaluate(TEXT)
    run = browser.open(f"{entered.base}/runs/{WHOLE}", has_scripts=False)

    assert "stopped at 5 of 24" in text
    assert f"{WHOLE}.html" in text
    assert "24 of 24 samples" in run.evaluate(TEXT)


@pytest.mark.parametrize("path", ["/", f"/runs/{WHOLE}", "/runs/evil", "/runs/nowhere"])
def test_a_phone_never_scrolls_sideways(browser, tmp_path_factory, entered, path):
    if path == "/runs/evil":
        path = browser.open(f"{entered.base}/").evaluate(
            "[...document.querySelectorAll('#runs a')].map(a => a.getAttribute('href'))"
            ".find(h => h.includes('%3Cimg') && !h.endsWith('/report'))"
        )
    page = browser.open(f"{entered.base}{path}", width=360)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
