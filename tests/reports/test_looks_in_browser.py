"""What a reader meets on a phone, on paper and in a long run, and whether it explains itself."""

import msgspec
import pytest
from report_logs import outcome_log, realistic_log
from report_page import go, opened, text_of, texts, write

from harness.comparison import compare_configs
from harness.model.score import Score

SHOP = "#sample/sales_report/widget_sales/brief-t0.2/1"
PAPER = 718  # pixels across a sheet of A4 with the usual margins


@pytest.fixture(scope="module")
def log():
    return realistic_log(epochs=5)


@pytest.fixture(scope="module")
def report(tmp_path_factory, log):
    return write(tmp_path_factory.mktemp("looks"), log)


def box(page, selector):
    """Left, top, right and bottom of the first."""
    return page.evaluate(
        f"(at => [at.left, at.top, at.right, at.bottom])"
        f"(document.querySelector({selector!r}).getBoundingClientRect())"
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_a_table_that_goes_on_has_a_shade_at_its_edge(chromium, report, theme):
    page = opened(chromium, report, width=390, theme=theme)

    attached, shade = page.evaluate(
        "(style => [style.backgroundAttachment, style.getPropertyValue('--shade').trim()])"
        "(getComputedStyle(document.querySelector('.scroll')))"
    )

    # Covers move with the table, shades stay: where nothing is hidden the one hides the other.
    assert attached == "local, local, scroll, scroll"
    assert shade == {"light": "#0003", "dark": "#fff3"}[theme]


def test_on_a_phone_names_and_captions_stay_while_the_numbers_move(chromium, report):
    page = opened(chromium, report, width=390)
    before = box(page, ".configs tbody th"), box(page, ".configs caption")

    page.evaluate("document.querySelector('.configs').parentElement.scrollLeft = 300")
    after = box(page, ".configs tbody th"), box(page, ".configs caption")

    assert page.evaluate("document.querySelector('.configs').parentElement.scrollLeft") == 300
    assert [each[0] for each in before] == [each[0] for each in after]
    assert all(right <= 390 for _, _, right, _ in after)


def test_on_a_phone_no_gap_parts_a_caption_from_the_head_of_its_table(chromium, report):
    page = opened(chromium, report, width=390)

    below_caption = box(page, ".configs caption")[3]
    head = box(page, ".configs thead th:first-child")

    # Two lines of text, as its neighbours have.
    assert head[3] - below_caption < 60


@pytest.mark.parametrize("anchor", ["suite-2", "method", "samples"])
@pytest.mark.parametrize("width", [1250, 390])
def test_a_link_to_a_part_of_the_page_leaves_its_heading_in_view(chromium, report, anchor, width):
    page = opened(chromium, report, width=width)

    page.evaluate(f"document.querySelector('.pages a[href=\"#{anchor}\"]').click()")
    page.wait("scrollY > 0")

    assert box(page, f"#{anchor} h2")[1] >= box(page, ".pages")[3]


def test_no_figure_leaves_a_third_of_a_wide_page_empty(chromium, report):
    page = opened(chromium, report, width=1600)

    _, _, content, _ = box(page, ".suite")
    boxes = page.evaluate(
        "[...document.querySelector('.figures').children]"
        ".map(node => { const at = node.getBoundingClientRect(); return [at.top, at.right]; })"
    )

    assert len({top for top, _ in boxes}) == 1
    assert max(right for _, right in boxes) > 0.95 * content


@pytest.mark.parametrize("fragment", ["", SHOP])
def test_on_paper_every_table_fits_and_nothing_is_folded(chromium, report, fragment):
    page = opened(chromium, report, fragment, width=PAPER)
    chromium.call("Emulation.setEmulatedMedia", page._session, media="print")

    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER
    folded = page.evaluate(
        "[...document.querySelectorAll('.content, .block pre')].filter(node =>"
        " getComputedStyle(node).maxHeight !== 'none' || node.scrollHeight > node.clientHeight)"
        ".length"
    )
    controls = page.evaluate(
        "[...document.querySelectorAll('.tools, .more, #filters')]"
        ".filter(node => node.getClientRects().length).length"
    )
    assert (folded, controls) == (0, 0)


def test_in_a_long_run_the_list_beside_a_conversation_keeps_its_columns(chromium, report, tmp_path):
    few = opened(chromium, report, SHOP)
    many = opened(chromium, write(tmp_path, realistic_log(epochs=20)), SHOP)

    widths = [
        page.evaluate(
            "[...document.querySelectorAll('#rows thead th')].map(node => node.offsetWidth)"
        )
        for page in (few, many)
    ]

    assert many.evaluate("document.querySelectorAll('#rows .gap').length") > 0
    # The scroll bar may take some of the room of a column.
    assert all(abs(a - b) <= 20 for a, b in zip(*widths, strict=True))
    assert widths[1][1] > 60


def test_the_page_says_the_verdict_first_and_what_it_rests_on_below(chromium, report, log):
    page = opened(chromium, report)
    suite = compare_configs(log).suites[0]

    said = texts(page, ".verdict:first-of-type p, .verdict:first-of-type li")

    shown = [suite.alert, suite.warning, suite.headline, *suite.findings, suite.standing]
    assert said == [each for each in shown if each]
    assert "interval" not in suite.headline


def test_words_that_need_one_are_explained_where_they_stand(chromium, report):
    page = opened(chromium, report)

    described = page.evaluate("document.querySelector('.configs').getAttribute('aria-describedby')")
    told = text_of(page, f"#{described}")

    assert "First try: of the samples that ran code, those whose first block passed." in told
    assert "Recovered: of those in which some block failed" in told


def test_without_code_there_are_no_columns_of_code(chromium, tmp_path):
    page = opened(chromium, write(tmp_path, outcome_log({"one": {"a": "pf"}, "two": {"a": "pp"}})))

    assert "First try" not in text_of(page, ".suite")


def test_where_p_decides_against_the_interval_the_row_says_so(chromium, tmp_path):
    half, most = ("pppff", "ppfff", "ppfff"), ("ppppp", "ppppp", "ppppf")
    names = {f"{a}-{b}": {"a": a, "b": b} for a in ("old", "new") for b in ("cold", "hot")}
    outcomes = {
        name: dict(zip("xyz", most if "new" in name else half, strict=True)) for name in names
    }
    log = outcome_log(outcomes, factors=names, baseline="old-cold")

    page = opened(chromium, write(tmp_path, log))

    rows = page.evaluate(
        "[...document.querySelectorAll('.contrasts tbody tr')]"
        ".filter(row => row.textContent.includes('p decides'))"
        ".map(row => row.querySelector('th').textContent)"
    )
    assert rows == ["new-cold vs old-cold", "new-hot vs old-cold"]
    assert "An interval excludes 0 where the verdict is open" in text_of(page, ".suite")


def test_conversations_that_did_not_end_are_counted_among_the_ends(chromium, report, log):
    page = opened(chromium, report)
    open_ = [sample for sample in log.samples if not sample.transcript.termination]

    cells = texts(page, ".count[href*='not%20finished']")

    assert open_
    assert sum(map(int, cells)) == len(open_)


def test_the_checks_that_failed_come_first(chromium, tmp_path):
    checks = [
        {"name": name, "passed": name == "good", "value": None, "reason": "", "evidence": []}
        for name in ("good", "bad")
    ]
    score = Score(
        scorer="acceptance",
        value=0.5,
        unit="share",
        passed=False,
        reason="1 of 2 checks passed; failed: bad",
        details={"checks": checks},
    )
    log = outcome_log({"one": {"a": "f"}})
    (sample,) = log.samples
    log = msgspec.structs.replace(log, samples=(msgspec.structs.replace(sample, scores=(score,)),))

    page = opened(chromium, write(tmp_path, log), "#sample/shop/a/one/1")

    assert [text.split()[:2] for text in texts(page, ".scores li")] == [
        ["fail", "bad"],
        ["pass", "good"],
    ]


@pytest.mark.parametrize(
    ("mode", "banner", "row", "cell"),
    [
        (
            "imported",
            "The file does not tell how the conversation ended.",
            "the file does not tell",
            "the file does not tell",
        ),
        (
            "replay",
            "The conversation did not end; this is all that was recorded.",
            "not finished",
            "\N{EN DASH}",
        ),
    ],
)
def test_of_an_end_that_a_file_does_not_tell_nothing_is_claimed(
    chromium, tmp_path, mode, banner, row, cell
):
    log = outcome_log({"one": {"a": "f"}})
    (sample,) = log.samples
    transcript = msgspec.structs.replace(sample.transcript, events=())
    sample = msgspec.structs.replace(sample, mode=mode, transcript=transcript)

    page = opened(
        chromium,
        write(tmp_path, msgspec.structs.replace(log, samples=(sample,))),
        "#sample/shop/a/one/1",
    )

    assert text_of(page, "#conversation .ended") == banner
    assert row in texts(page, ".pair tbody th")
    assert texts(page, "#rows td:nth-child(5)") == [cell]
    link = page.evaluate("document.querySelector('.pair table:not(.matrix) a.count').hash")
    go(page, link)
    page.wait("document.getElementById('shown').textContent === '1 of 1 sample'")
    bare = chromium.open(tmp_path / "report.html", has_scripts=False)
    assert bare.evaluate("document.querySelector('#rows td:nth-child(5)').innerText") == cell
