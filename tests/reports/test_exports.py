import json
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from report_hostile import ALL, hostile_log
from report_logs import outcome_log, realistic_log

from harness.comparison import compare_configs
from harness.model.comparison import Comparison
from harness.model.schemas import schema_of
from harness.reports.json import JsonReporter
from harness.reports.junit import JunitReporter
from harness.reports.markdown import LIMIT, MarkdownReporter
from harness.reports.markdown_text import escaped


def rendered(reporter, log):
    return reporter().render(log, compare_configs(log))


def test_json_holds_the_comparison_and_every_score_but_no_transcript():
    log = realistic_log(epochs=2)

    text = rendered(JsonReporter, log)

    document = json.loads(text)
    assert document["schema_version"] == 2
    assert document["comparison"]["suites"][0]["verdict"]
    assert len(document["samples"]) == len(log.samples)
    assert [score["scorer"] for score in document["samples"][0]["scores"]][-1] == "cost"
    assert "analyst writes" not in text
    assert "float(row" not in text


@pytest.mark.parametrize("make", [realistic_log, hostile_log])
def test_json_of_errors_misses_and_hostile_text_fits_its_schema(make):
    document = json.loads(rendered(JsonReporter, make()))

    errors = Draft202012Validator(schema_of("results")).iter_errors(document)
    assert [error.message for error in errors] == []
    assert {sample["outcome"] for sample in document["samples"]} & {"error", "miss"}


def test_the_comparison_in_the_json_reads_back_as_the_comparison():
    import msgspec

    log = realistic_log(epochs=2)
    document = json.loads(rendered(JsonReporter, log))

    assert msgspec.convert(document["comparison"], Comparison) == compare_configs(log)


@pytest.mark.parametrize("reporter", [JsonReporter, JunitReporter, MarkdownReporter])
def test_every_export_is_the_same_for_the_same_log(reporter):
    log = realistic_log(epochs=1)

    assert rendered(reporter, log) == rendered(reporter, log)


@pytest.mark.parametrize("reporter", [JsonReporter, JunitReporter, MarkdownReporter])
def test_every_export_of_a_hostile_run_can_be_stored(reporter):
    text = rendered(reporter, hostile_log())

    text.encode("utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_junit_has_a_case_per_sample_and_errors_only_for_what_did_not_complete():
    log = outcome_log({"one": {"a": "pfem."}}, costs={"one": 0.25})

    (suite,) = ElementTree.fromstring(rendered(JunitReporter, log))

    assert suite.attrib | {"time": ""} == {
        "name": "shop",
        "tests": "5",
        "failures": "0",
        "errors": "2",
        "skipped": "1",
        "time": "",
    }
    cases = [(case.get("classname"), case.get("name")) for case in suite]
    assert cases[0] == ("shop.a", "one/1")
    results = [[child.tag for child in case if child.tag != "properties"] for case in suite]
    assert results == [[], [], ["error"], ["error"], ["skipped"]]


def test_junit_properties_carry_what_a_low_score_means():
    log = outcome_log({"one": {"a": "f"}}, costs={"one": 0.25})

    root = ElementTree.fromstring(rendered(JunitReporter, log))

    properties = {p.get("name"): p.get("value") for p in root.iter("property")}
    assert properties == {
        "outcome": "fail",
        "success": "false",
        "termination": "termination_message",
        "turns": "0",
        "cost_usd": "0.25000000",
        "score.acceptance": "0.0000: checks",
    }


def test_junit_of_a_hostile_run_is_well_formed_and_readable():
    root = ElementTree.fromstring(rendered(JunitReporter, hostile_log()))

    error = next(root.iter("error"))
    assert "<script>document.title='owned'</script>" in error.get("message")
    assert "\u241b]0;owned" in error.text


def test_markdown_begins_with_whose_replies_and_the_verdict():
    text = rendered(MarkdownReporter, realistic_log())

    assert text.startswith("Model replies: scripted provider")
    assert "not a real model's output" in text
    assert "> **Not comparable: 1 of 60 samples missed their cassette.**" in text
    assert "**prompts=careful: +33 points against brief, inconclusive (interval" in text
    assert "| careful-t0.2 | 80 % | 55 to 93 % | 15 |" in text
    assert "sales_report/widget_sales/brief-t0.2/2: termination: ended by" in text


def test_markdown_fits_a_comment_however_many_samples_fail():
    long = {f"config-{'x' * 90}-{i}": {f"s{j}": "fffff" for j in range(4)} for i in range(40)}

    text = rendered(MarkdownReporter, outcome_log(long))

    assert len(text) <= LIMIT
    assert "more" in text
    assert text.rstrip().endswith("</details>")


def test_hostile_text_in_markdown_is_inert():
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(escaped(ALL, 10_000))

    assert page.startswith("<p>")
    assert page.count("<") == 2
    assert "&lt;script&gt;document.title='owned'&lt;/script&gt;" in page


@pytest.mark.parametrize(
    "text", ["@someone", "http://example.test", "www.example.test", "see #12", "a@b.test"]
)
def test_markdown_never_mentions_or_links_what_agents_wrote(text):
    shown = escaped(text)

    assert text not in shown
    assert shown.replace("\N{WORD JOINER}", "") == text
