import re

from report_hostile import hostile_log
from report_logs import realistic_log

from harness.comparison import compare_configs
from harness.reports.html import HtmlReporter


def rendered(log):
    return HtmlReporter().render(log, compare_configs(log))


def test_the_same_log_gives_the_same_bytes():
    assert rendered(realistic_log(epochs=2)) == rendered(realistic_log(epochs=2))


def test_a_thousand_conversations_fit_in_two_megabytes():
    page = rendered(realistic_log(epochs=42))

    assert page.count("data-position=") == 1008
    assert len(page.encode()) < 2_000_000


def test_the_page_names_no_address_it_could_fetch_from():
    page = rendered(realistic_log(epochs=1))

    assert re.findall(r"""(?:src|href)\s*=\s*["']?(?!#)[^"'\s>]""", page) == []
    assert "default-src &#39;none&#39;" in page
    assert "http://" not in page
    assert "https://" not in page


def test_a_hostile_run_renders_to_text_that_can_be_stored():
    page = rendered(hostile_log())

    page.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u202e]", page)
    # The style, the script and one data block per scenario; nothing of the agents'.
    assert len(re.findall(r"<script\b", page)) == 1 + 3


def test_errors_misses_and_missing_samples_are_said_at_the_top():
    log = realistic_log(epochs=5)
    log = type(log)(header=log.header, samples=log.samples[:-7])

    page = " ".join(rendered(log).split())

    assert "1 cassette miss." in page
    assert "7 of 120 planned samples have no result." in page
