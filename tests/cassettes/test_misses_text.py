"""What a miss shows: the differing words, what they cost, and the command that mends it."""

from __future__ import annotations

import json
import shlex
import sys

import pytest
from recorded_chat import URL, miss, record, request, said

from harness.cassettes import load_cassette
from harness.cassettes.ignoring import Ignoring
from harness.cassettes.matching import Index, request_of
from harness.cassettes.misses import as_stray

ONE = "3f2b8c1e-0000-4000-8000-000000000001"
OTHER = "9a2b8c1e-0000-4000-8000-0000000000ff"
START, REST = "The plan is long. " * 600, " and so it goes on." * 300


def flat(text):
    return " ".join(text.split())


def test_the_eye_finds_call_nearest_difference_and_command_each_on_a_line_of_its_own(tmp_path):
    recorded = request(said("system", f"{START}Be brief.{REST}"), said("user", "hi"), top_p=1)
    cassette = record(tmp_path / "x.jsonl", ("coder", recorded, "Yes."))

    wanted = request(said("system", f"{START}Be bold.{REST}"), said("user", "no"), top_p=2)
    call, nearest, was, now, further, price, command = miss(cassette, wanted).text.split("\n")

    assert call.startswith("x.jsonl: no recorded answer for call 1 of 1 recorded (coder's 1st call")
    assert call.endswith("/v1/chat/completions: prompt changed (system prompt).")
    assert nearest.startswith("  The nearest is interaction 1 (coder); they part at $.messages")
    assert was.startswith("    recorded …'")
    assert "Be brief." in was
    assert now.startswith("    asked …'")
    assert "Be bold." in now
    assert further.startswith("  2 further differences: ")
    assert price.startswith("  Re-recording from there: 1 call, ")
    assert command.startswith("To record it again: harness record coding ")


def test_values_that_are_short_stay_on_the_line_of_their_place(tmp_path):
    cassette = record(tmp_path / "x.jsonl", ("coder", request(said("user", "hi")), "Yes."))

    text = miss(cassette, request(said("user", "hi"), temperature=1)).text

    (line,) = [line for line in text.split("\n") if "The nearest is" in line]
    assert line.endswith("they part at $.temperature: recorded 0.2, asked 1.")


@pytest.mark.parametrize("name", ["\x1b[31m", "two\nlines"])
def test_what_was_asked_breaks_no_line_and_steers_nothing(tmp_path, name):
    cassette = record(
        tmp_path / "x.jsonl", ("coder", request(said("user", f"{START}a{name}")), "Yes.")
    )

    text = miss(cassette, request(said("user", f"{START}b{name}{REST}"))).text

    assert len(text.split("\n")) == 6
    assert "\x1b" not in text


def test_the_window_shows_the_difference_deep_inside_a_long_message(tmp_path):
    recorded = f"{START}Due on Friday the first.{REST}"
    cassette = record(tmp_path / "x.jsonl", ("coder", request(said("user", recorded)), "Yes."))

    text = miss(cassette, request(said("user", f"{START}Due on Monday the first.{REST}"))).text

    size = len(START) + len("Due on Friday the first.") + len(REST)
    assert f"character {len(START) + 8:,} of {size:,}: recorded …'" in flat(text)
    assert "Due on Friday the first. and so" in text
    assert "Due on Monday the first. and so" in text
    assert len(text) < 800


def test_differing_words_are_shown_whole(tmp_path):
    word = "internationalisation"
    before, after = "some words that go before ", " and some that follow it there"
    recorded = request(said("user", f"{START}{before}{word}s{after}{REST}"))
    cassette = record(tmp_path / "x.jsonl", ("coder", recorded, "Yes."))

    text = miss(cassette, request(said("user", f"{START}{before}{word}ally{after}{REST}"))).text

    assert f"{before}{word}s{after}" in text
    assert f"{before}{word}ally{after}" in text


def test_a_difference_in_a_text_without_words_is_cut_to_size(tmp_path):
    start, rest = "QUJD" * 4000, "REVG" * 1000
    cassette = record(
        tmp_path / "x.jsonl", ("coder", request(said("user", f"{start}x{rest}")), "Yes.")
    )

    text = miss(cassette, request(said("user", f"{start}y{rest}"))).text

    assert f"character {len(start) + 1:,} of" in text
    assert f"{start[-50:]}x{rest[:50]}" in text
    assert f"{start[-50:]}y{rest[:50]}" in text
    assert len(text) < 900


def test_the_line_of_a_difference_is_told(tmp_path):
    code = "\n".join(f"line {number} of the program" for number in range(1, 100))
    cassette = record(tmp_path / "x.jsonl", ("coder", request(said("user", code)), "Yes."))

    text = miss(cassette, request(said("user", code.replace("line 40 ", "line forty ")))).text

    assert ", line 40: recorded …'" in flat(text)
    assert "line forty of the program" in text


def test_the_end_of_a_text_that_goes_on_is_told(tmp_path):
    cassette = record(tmp_path / "x.jsonl", ("coder", request(said("user", START)), "Yes."))

    text = miss(cassette, request(said("user", f"{START}And more."))).text

    assert "long. ' (its end), asked …'" in flat(text)
    assert "And more.' (its end)" not in text


def test_further_differences_are_counted_and_named(tmp_path):
    messages = [said("system", "Be brief."), said("user", "hi"), said("user", "so", name="bob")]
    cassette = record(tmp_path / "x.jsonl", ("coder", request(*messages), "Yes."))

    wanted = request(
        said("system", "Be bold."), said("user", "hi"), said("user", "no", name="ann"), top_p=1
    )
    text = miss(cassette, wanted).text

    assert "recorded 'Be brief.', asked 'Be bold.', in the system message." in text
    assert "3 further differences: $.top_p, $.messages[2].content, $.messages[2].name." in text


def test_a_removed_secret_is_not_the_difference(tmp_path):
    recorded = request(said("user", "The key [redacted] opens it."), said("user", "Go on."))
    cassette = record(tmp_path / "x.jsonl", ("coder", recorded, "Yes."))

    found = miss(
        cassette, request(said("user", "The key sk-1234 opens it."), said("user", "Stop."))
    )

    assert found.path == "$.messages[1].content"
    assert "1 further" not in found.text


def test_a_difference_after_a_removed_secret_is_found(tmp_path):
    recorded = request(said("user", f"The key [redacted] opens {START}it on Friday."))
    cassette = record(tmp_path / "x.jsonl", ("coder", recorded, "Yes."))

    text = miss(cassette, request(said("user", f"The key sk-1234 opens {START}it on Monday."))).text

    assert "it on Friday.'" in text
    assert "it on Monday.'" in text


@pytest.mark.parametrize(
    ("recorded", "wanted", "kinds", "rules"),
    [
        pytest.param(f"Run {ONE}.", f"Run {OTHER}.", "uuid", "[uuid]", id="uuid"),
        pytest.param(
            "It is 2026-01-02T03:04:05Z now.",
            "It is 2027-11-12 now.",
            "timestamp",
            "[timestamp]",
            id="timestamps of different length",
        ),
        pytest.param(
            f"Run {ONE} of 2026-01-02.",
            f"Run {OTHER} of 2026-01-03.",
            "timestamp, uuid",
            "[timestamp, uuid]",
            id="two rules in one text",
        ),
        pytest.param(
            "<object at 0x7f0011aa>",
            "<object at 0x7f0011bb22>",
            "address",
            '["$.messages[*].content"]',
            id="an address has no preset, so its path is named",
        ),
    ],
)
def test_what_is_only_volatile_names_the_rule(tmp_path, recorded, wanted, kinds, rules):
    calls = ("coder", request(said("system", recorded), said("user", "hi")), "Yes.")
    cassette = record(tmp_path / "x.jsonl", calls)
    asked = request(said("system", wanted), said("user", "hi"))

    found = miss(cassette, asked)

    assert found.kind == "only volatile differs"
    assert f"only volatile differs ({kinds})" in found.text
    assert f"`cassette: {{ignore: {rules}}}` in scenario.yaml" in found.text


def test_the_rule_that_is_named_makes_the_request_match(tmp_path):
    def body(identity: str, at: str) -> bytes:
        return (
            f'{{"messages":[{{"role":"user","content":"go"}},{{"role":"assistant","tool_calls":'
            f'[{{"id":"{identity}"}}]}},{{"role":"tool","tool_call_id":"{identity}",'
            f'"content":"<obj at {at}>"}}]}}'
        ).encode()

    path = tmp_path / "x.jsonl"
    recorded = request_of("POST", URL, body("call_abcdefgh", "0x7f01"))
    cassette = record(path, ("coder", recorded, "Yes."))
    wanted = body("call_zyxwvuts99", "0x7f02")

    text = miss(cassette, request_of("POST", URL, wanted)).text

    rules = ("tool_call_id", "$.messages[*].content")
    assert '{ignore: [tool_call_id, "$.messages[*].content"]}' in text
    index = Index(load_cassette(path, ignored=rules).interactions)
    assert index.take(request_of("POST", URL, wanted, Ignoring(rules))) is not None


def test_a_real_difference_beside_volatile_ones_is_the_one_shown(tmp_path):
    calls = (request(said("system", f"Run {ONE}."), said("user", f"{ONE}: stay here")), "Yes.")
    cassette = record(tmp_path / "x.jsonl", ("coder", *calls))

    found = miss(
        cassette, request(said("system", f"Run {OTHER}."), said("user", f"{OTHER}: go there"))
    )

    assert found.kind == "prompt changed"
    assert found.path == "$.messages[1].content"
    assert f"recorded '{ONE}: stay here'" in found.text


def test_a_conversation_is_recognised_behind_volatile_words(tmp_path):
    turns = [said("user", f"turn {number}") for number in range(6)]
    calls = [
        ("", request(said("system", f"Run {ONE}."), *turns[:end]), f"{end}") for end in (1, 3, 5)
    ]
    cassette = record(tmp_path / "x.jsonl", *calls)

    wanted = request(said("system", f"Run {OTHER}."), *turns[:4], said("user", "other"))
    found = miss(cassette, wanted, agent="")

    assert found.interaction == 3
    assert found.path == "$.messages[5].content"


def test_what_the_cassette_overlooks_is_not_shown(tmp_path):
    rules = ("uuid", "$.user")
    recorded = request(said("user", f"{ONE} is the one"), user="ann")
    cassette = record(tmp_path / "x.jsonl", ("coder", recorded, "Yes."), ignored=rules)
    body = {
        "model": "gpt-4o",
        "temperature": 0.2,
        "user": "bob",
        "messages": [said("user", f"{OTHER} is not the one")],
    }

    found = miss(cassette, request_of("POST", URL, json.dumps(body).encode(), Ignoring(rules)))

    assert found.path == "$.messages[0].content"
    assert "further" not in found.text
    assert "<uuid> is not the one" in found.text


def chat(path, **options):
    calls = [
        (("coder", "reviewer")[number % 2], request(said("user", f"turn {number}")), "Yes.")
        for number in range(5)
    ]
    return record(path, *calls, **options)


def test_the_price_of_recording_again_is_that_of_the_calls_from_there_on(tmp_path):
    cassette = chat(tmp_path / "x.jsonl", cost_usd=0.0123)

    found = miss(cassette, request(said("user", "turn 2"), temperature=1), played=2)

    assert (found.interaction, found.calls) == (3, 3)
    assert found.cost_usd == pytest.approx(0.0369)
    assert "Re-recording from there: 3 calls, about $0.0369." in found.text


@pytest.mark.parametrize(
    ("options", "price", "cost_usd"),
    [
        pytest.param({"cost_usd": None}, "1 call, unknown price", None, id="unknown"),
        pytest.param({"cost_usd": 0.00001}, "1 call, less than $0.0001", 0.00001, id="tiny"),
        pytest.param(
            {"source": "scripted provider", "cost_usd": 3.0},
            "1 call, the scripted provider costs nothing",
            0.0,
            id="scripted",
        ),
    ],
)
def test_a_price_is_never_made_up(tmp_path, options, price, cost_usd):
    cassette = chat(tmp_path / "x.jsonl", **options)

    found = miss(cassette, request(said("user", "turn 4"), temperature=1), played=4)

    assert price in found.text
    assert found.cost_usd == cost_usd


def test_which_call_of_how_many_it_is_is_told(tmp_path):
    cassette = chat(tmp_path / "x.jsonl")

    within = miss(cassette, request(said("user", "other")), played=2).text
    beyond = miss(cassette, request(said("user", "other")), played=5).text

    assert "call 3 of 5 recorded (coder's 2nd call of 3 recorded; reply)" in within
    assert "call 6, 5 recorded (coder's 4th call, 3 recorded; reply)" in beyond


@pytest.mark.parametrize(
    ("options", "command"),
    [
        pytest.param(
            {"sample": "my suite/it's/a b/2"},
            "harness record 'my suite' -k 'it'\"'\"'s' --config 'a b' --epoch 2 --update "
            "--base-url https://api.openai.com/v1",
            id="quoted for a shell",
        ),
        pytest.param(
            {"source": "scripted provider"},
            "harness record coding -k look --config brief-t0.2 --epoch 1 --update --scripted",
            id="scripted",
        ),
        pytest.param(
            {"sample": ""},
            "harness record --update --base-url https://api.openai.com/v1",
            id="of no sample",
        ),
    ],
)
def test_the_command_that_records_again_comes_last(tmp_path, options, command):
    cassette = chat(tmp_path / "x.jsonl", **options)

    text = miss(cassette, request(said("user", "other"))).text

    assert text.splitlines()[-1] == f"To record it again: {command}"
    assert shlex.split(command)


def test_the_work_grows_with_the_messages_not_with_their_text(tmp_path):
    history = [said("user", f"message {number} {REST}") for number in range(100)]
    calls = [
        ("", request(*history[:99], said("user", f"{START} {number} {REST}")), "Yes.")
        for number in range(100)
    ]
    cassette = record(tmp_path / "x.jsonl", *calls)
    asked = request(*history[:99], said("user", f"{START} and so on {REST}"))
    entered = 0

    def count(frame, event, argument):
        nonlocal entered
        entered += event == "call"

    sys.setprofile(count)
    try:
        miss(cassette, asked, agent="")
    finally:
        sys.setprofile(None)

    assert entered < 10 * len(calls) * len(history)


def test_a_refused_stray_is_explained_before_the_command(tmp_path):
    cassette = chat(tmp_path / "x.jsonl")

    text = as_stray(miss(cassette, request(said("user", "other"))).text)

    reason, command = text.split("To record it again: ")
    assert reason.rstrip().endswith("start it inside the sample.")
    assert command.startswith("harness record coding ")
    assert command.endswith("https://api.openai.com/v1")
