import re

import msgspec
import pytest
import report_data
from report_hostile import hostile_log
from report_logs import outcome_log, realistic_log

from harness.comparison import compare_configs
from harness.model.sample import SampleKey
from harness.model.score import Score
from harness.reports.html import HtmlReporter


def rendered(log):
    return HtmlReporter().render(log, compare_configs(log))


def test_the_same_log_gives_the_same_bytes():
    assert rendered(realistic_log(epochs=2)) == rendered(realistic_log(epochs=2))


def test_a_thousand_conversations_fit_in_two_megabytes():
    page = rendered(realistic_log(epochs=42))

    assert len(report_data.index_of(page)["epoch"]) == 1008
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
    # The script, what the list shows, settings, one data block per scenario; none of the agents'.
    assert len(re.findall(r"<script\b", page)) == 1 + 1 + 1 + 3


def test_the_name_of_a_sample_without_a_result_is_made_visible():
    log = outcome_log({"one": {"a": "pp"}})
    hostile = SampleKey(suite="shop", scenario="a", config="\u202e\x1b[31m<b>", epoch=3)
    header = msgspec.structs.replace(log.header, plan=(*log.header.plan, hostile))

    page = rendered(msgspec.structs.replace(log, header=header))

    assert "shop/a/[U+202E]\u241b[31m&lt;b&gt;/3" in page
    assert not re.search("[\x1b\u202e]", page)


def test_errors_misses_and_missing_samples_are_said_at_the_top():
    log = realistic_log(epochs=5)
    log = type(log)(header=log.header, samples=log.samples[:-7])

    page = " ".join(rendered(log).split())

    assert "1 cassette miss." in page
    assert "7 of 120 planned samples have no result." in page


@pytest.mark.parametrize(
    ("reason", "label"),
    [
        ("$0.5; the suite's own prices for scripted-1.", "Cost (suite&#39;s own prices)"),
        ("$0.5; list prices of 2025-06-01 from genai-prices 1.", "Cost (list prices)"),
        (
            "$0.5; the suite's own prices for m and list prices from genai-prices 1.",
            "Cost (suite&#39;s own and list prices)",
        ),
    ],
)
def test_the_cost_says_whose_prices_were_used(reason, label):
    log = outcome_log({"one": {"a": "p"}})
    score = Score(scorer="cost", value=0.5, unit="usd", reason=reason)
    (sample,) = log.samples
    sample = msgspec.structs.replace(sample, scores=(*sample.scores, score))

    page = rendered(msgspec.structs.replace(log, samples=(sample,)))

    assert f"<dt>{label}</dt>" in page
    assert "Cost<small>mean</small>" in page


def test_code_that_never_failed_had_nothing_to_recover_from():
    # Without the scripts, whose compressed data may hold any three characters.
    page = re.sub(r"(?s)<script.*?</script>", "", rendered(realistic_log(epochs=5)))

    assert "0/0" not in " ".join(page.split())
