"""Reports say how each block ended, what it used and made, and whether anything contained it."""

import io
import json
import random
import re

import msgspec
import pytest
from report_browser import CHROMIUM, Browser
from report_hostile import ALL
from report_logs import realistic_log

from harness.comparison import compare_configs
from harness.model.execution import FileChange
from harness.model.faults import FaultTrial
from harness.model.run import RunLog
from harness.model.sample import KeptImage
from harness.model.transcript import CodeExecution
from harness.reports.console import print_summary, print_transcript
from harness.reports.executions import MOST_FILES, notes, size
from harness.reports.html import HtmlReporter
from harness.reports.json import JsonReporter
from harness.reports.markdown import MarkdownReporter

ISOLATED = "bubblewrap (isolated: bubblewrap, namespaces, seccomp)"
OPEN = "process (NOT ISOLATED)"
# One red pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000"
    "00907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    b"<script>document.title='owned';parent.document.title='owned'</script>"
    b'<image href="http://127.0.0.1:9/img"/><rect width="9" height="9"/></svg>'
)
CHART = FileChange(
    path="chart.png", kind="created", size_bytes=len(PNG), digest="a" * 32, media_type="image/png"
)


def event(**fields):
    given = {
        "agent": "executor",
        "language": "python",
        "code": "draw()",
        "exit_code": 0,
        "output": "",
        "duration_seconds": 0.25,
        "sandbox": ISOLATED,
        "cpu_seconds": 0.125,
        "peak_memory_bytes": 76_165_120,
    }
    return CodeExecution(index=0, offset_seconds=0.0, **{**given, **fields})


def log_with(*executions, images=(), sandbox=ISOLATED):
    """A log of one sample whose conversation is these blocks and then what it was."""
    log = realistic_log(epochs=1, suites=("sales_report",))
    sample = log.samples[0]
    rest = [each for each in sample.transcript.events if not isinstance(each, CodeExecution)]
    events = tuple(
        msgspec.structs.replace(each, index=index)
        for index, each in enumerate([*executions, *rest])
    )
    transcript = msgspec.structs.replace(sample.transcript, events=events)
    sample = msgspec.structs.replace(
        sample, transcript=transcript, images=tuple(images), sandbox=sandbox
    )
    header = msgspec.structs.replace(log.header, sandbox=sandbox, plan=(sample.key,))
    return RunLog(header=header, samples=(sample,))


def shown(log):
    stream = io.StringIO()
    print_transcript(log.samples[0], stream)
    return stream.getvalue()


def rendered(reporter, log):
    return reporter.render(log, compare_configs(log))


def test_the_console_tells_what_a_block_used_and_made():
    text = shown(log_with(event(files=(CHART,), cut_bytes=4096)))

    assert "executor ran python: exit 0\n" in text
    assert (
        f"{ISOLATED} · 0.25 s · 0.12 s of processor time · 76.2 MB of memory at most · "
        "4.1 kB of output cut\n"
    ) in text
    assert f"created chart.png ({len(PNG)} bytes, image/png, aaaaaaaaaaaa)\n" in text


@pytest.mark.parametrize(
    ("fields", "status", "note"),
    [
        (
            {"exit_code": -9, "limit": "memory"},
            "exit -9, limit",
            "limit reached: memory",
        ),
        (
            {"exit_code": 124, "limit": "wall", "timed_out": True},
            "exit 124, timed out",
            "limit reached: wall-clock time",
        ),
        (
            {"exit_code": 1, "contained": ("OSError: [Errno 101] Network is unreachable",)},
            "exit 1, contained",
            "contained: OSError: [Errno 101] Network is unreachable",
        ),
        (
            {"exit_code": 1, "stderr": "Traceback (most recent call last):\nAssertionError: 3\n"},
            "exit 1, wrong",
            "wrong: AssertionError: 3",
        ),
        ({"exit_code": 2}, "exit 2, crashed", "0.25 s"),
        (
            {"exit_code": 1, "infrastructure": "OSError: File name too long", "sandbox": ""},
            "exit 1, infrastructure",
            "infrastructure: OSError: File name too long",
        ),
        (
            {"exit_code": 1, "sandbox": "", "output": "unknown language cobol"},
            "exit 1, not run",
            "not run · 0.25 s",
        ),
        ({"is_remembered": True}, "exit 0", "remembered from an earlier run"),
    ],
)
def test_console_and_page_tell_how_a_block_ended(fields, status, note):
    log = log_with(event(**fields))

    text = shown(log)

    assert f"ran python: {status}\n" in text
    assert note in text
    assert any(note in line for line in notes(log.samples[0].transcript.events[0]))


def test_of_many_files_the_first_are_told_and_the_others_counted():
    many = tuple(msgspec.structs.replace(CHART, path=f"{n:03}.png") for n in range(40))

    lines = notes(event(files=many))

    assert sum(line.startswith("created ") for line in lines) == MOST_FILES
    assert lines[-1] == f"and {40 - MOST_FILES} more files"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (2_500_000, "2.5 MB")],
)
def test_sizes_read_like_sizes(count, text):
    assert size(count) == text


def test_json_has_every_execution_without_its_code():
    log = log_with(event(files=(CHART,)), event(exit_code=-9, limit="memory"))

    (sample,) = json.loads(rendered(JsonReporter(), log))["samples"]

    first, second = sample["executions"]
    assert (first["outcome"], first["files"][0]["digest"]) == ("passed", "a" * 32)
    assert (second["outcome"], second["limit"], second["what"]) == ("limit", "memory", "memory")
    assert sample["sandbox"] == ISOLATED
    assert "code" not in first


def test_a_run_without_isolation_is_called_so_in_every_report():
    log, safe = log_with(event(), sandbox=OPEN), log_with(event())
    console, quiet = io.StringIO(), io.StringIO()
    print_summary(log, compare_configs(log), console)
    print_summary(safe, compare_configs(safe), quiet)

    said = " ".join(console.getvalue().split())
    assert f"NOT ISOLATED: the agents' code ran in the sandbox {OPEN}; it could read" in said
    assert "NOT ISOLATED" not in quiet.getvalue()
    assert "**NOT ISOLATED: the agents" in rendered(MarkdownReporter(), log)
    assert "NOT ISOLATED" not in rendered(MarkdownReporter(), safe)
    assert re.search(r'role="note"><b>NOT ISOLATED: ', rendered(HtmlReporter(), log))
    assert json.loads(rendered(JsonReporter(), log))["sandbox"] == OPEN


needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium on PATH: apt-get install chromium"
)


@pytest.fixture(scope="module")
def browser():
    made = Browser()
    yield made
    made.close()


def opened(browser, folder, log):
    path = folder / "report.html"
    path.write_text(rendered(HtmlReporter(), log), encoding="utf-8")
    page = browser.open(path, f"#sample/{log.samples[0].key}")
    page.wait("document.body.classList.contains('reading')")
    return page


@needs_browser
def test_a_chart_is_shown_where_it_was_made(browser, tmp_path):
    image = KeptImage(path="chart.png", digest="a" * 32, media_type="image/png", content=PNG)
    page = opened(browser, tmp_path, log_with(event(files=(CHART,)), images=[image]))

    page.wait("document.querySelector('.execution figure img').naturalWidth === 1")
    assert page.evaluate("document.querySelectorAll('img').length") == 1
    assert page.evaluate("document.querySelector('.execution img').alt") == "chart.png"
    told = page.evaluate("document.querySelector('.notes').innerText")
    assert "created chart.png" in told
    # What was measured differs from run to run: it stands in the sidecar.
    assert "MB of memory" not in told
    assert page.complaints() == []


@needs_browser
def test_an_image_no_event_made_is_among_the_files_left_behind(browser, tmp_path):
    image = KeptImage(path="late.png", digest="b" * 32, media_type="image/png", content=PNG)
    page = opened(browser, tmp_path, log_with(event(), images=[image]))

    assert page.evaluate("document.querySelectorAll('.execution img').length") == 0
    assert page.evaluate("document.querySelector('details img').alt") == "late.png"


@needs_browser
def test_a_hostile_drawing_with_a_hostile_name_does_nothing(browser, tmp_path):
    name = ALL.replace("PORT", "9")
    change = msgspec.structs.replace(CHART, path=name, media_type="image/svg+xml")
    images = [KeptImage(path=name, digest="a" * 32, media_type="image/svg+xml", content=SVG)]
    page = opened(browser, tmp_path, log_with(event(files=(change,)), images=images))
    title = page.evaluate("document.title")
    assert page.evaluate("document.querySelectorAll('img').length") == 0

    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.wait("document.querySelector('img')?.naturalWidth === 9")

    assert page.evaluate("document.title") == title
    assert {url.partition(":")[0] for url in page.requests()} <= {"file", "data"}
    assert (
        page.evaluate(
            "document.querySelectorAll('#conversation svg:not(.graph), script svg').length"
        )
        == 0
    )
    assert page.complaints() == []


@needs_browser
def test_a_wrong_media_type_makes_no_picture(browser, tmp_path):
    images = [KeptImage(path="x", digest="a" * 32, media_type="text/html", content=SVG)]
    page = opened(browser, tmp_path, log_with(event(files=(CHART,)), images=images))

    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")

    assert page.evaluate("document.querySelectorAll('img').length") == 0


def test_a_page_holds_images_up_to_a_limit():
    def length(count):
        images = [
            KeptImage(
                path=f"{n}.png",
                digest=f"{n}",
                media_type="image/png",
                content=random.Random(n).randbytes(2**20),
            )
            for n in range(count)
        ]
        return len(rendered(HtmlReporter(), log_with(event(), images=images)))

    none, one, six = length(0), length(1), length(6)

    assert one - none > 2**20
    assert round((six - none) / (one - none)) == 4


def test_markdown_counts_how_blocks_ended_and_lists_those_that_did_not_pass():
    blocks = [
        event(),
        event(exit_code=124, limit="wall", timed_out=True),
        event(exit_code=1, contained=("OSError: [Errno 101] Network <b>",)),
        event(exit_code=-9, limit="memory"),
    ]
    log = log_with(*blocks)

    text = rendered(MarkdownReporter(), log)

    key = str(log.samples[0].key)
    assert "Blocks of code: 4: 1 passed, 1 timed out, 1 limit, 1 contained." in text
    assert "<summary>Blocks of code that did not pass: 3</summary>" in text
    assert f"| {key} | 1 | 124 | 0.25 s | timed out" in text
    assert "Network \\<b\\>" in text


def test_markdown_stays_within_its_limit_however_many_blocks_fail():
    log = log_with(*[event(exit_code=1, stderr=f"E{n}: {'x' * 150}") for n in range(3000)])

    text = rendered(MarkdownReporter(), log)

    assert "and 2950 more" in text
    assert len(text) <= 65_536


def test_markdown_has_the_matrix_of_faults_and_outcomes():
    log = log_with(event())
    trials = tuple(
        FaultTrial(
            fault="rate_limit",
            where="call 1 of coder",
            injected=1,
            outcome=outcome,
            passed=outcome == "termination_message",
            detail="",
            turns=2,
        )
        for outcome in ("termination_message", "error", "termination_message")
    )
    sample = msgspec.structs.replace(log.samples[0], trials=trials)

    text = rendered(MarkdownReporter(), RunLog(header=log.header, samples=(sample,)))

    assert "| Injected fault | termination_message | error | Survived |" in text
    assert "| rate_limit | 2 | 1 | 2/3 |" in text
