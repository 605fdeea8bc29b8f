"""The parts that faults are made of: simulated time, decisions, and the form of answers."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes import calling
from harness.faults import wire
from harness.faults.clock import Clock, simulated
from harness.faults.planning import Decider, suits
from harness.model.faults import FAULT_CLASSES, FAULTS, FaultPlan, FaultRule, faults_named


def test_only_model_calls_sleep_in_simulated_time() -> None:
    clock = Clock()

    with simulated(clock):
        time.sleep(0.01)
        assert clock.seconds == 0
        with calling("coder", "reply"):
            time.sleep(3600)
            asyncio.run(asyncio.sleep(1800))
    time.sleep(0.01)

    assert clock.seconds == 5400


def test_an_async_sleep_still_lets_others_run_and_gives_its_result() -> None:
    seen: list[str] = []

    async def other() -> None:
        seen.append("other")

    async def main() -> str:
        task = asyncio.ensure_future(other())
        done = await asyncio.sleep(3600, "slept")
        await task
        return done

    with simulated(Clock()), calling("coder", "reply"):
        result = asyncio.run(main())

    assert (result, seen) == ("slept", ["other"])


TEXTS = st.none() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
CALLS = st.lists(
    st.tuples(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.text('{}[]":,a1 ', max_size=20)),
    max_size=3,
)


@given(text=TEXTS, calls=CALLS, is_stream=st.booleans())
def test_an_answer_reads_as_it_was_written_plain_or_streamed(
    text: str | None, calls: list[tuple[str, str]], is_stream: bool
) -> None:
    reply = wire.WireReply(
        content=text, calls=tuple((f"call_{at}", *call) for at, call in enumerate(calls))
    )

    given_back = wire.read(wire.render(reply, 1, is_stream=is_stream))

    if given_back is None:
        # A stream that says nothing at all cannot be told from one that broke.
        assert is_stream
        assert text is None
        assert not calls
    else:
        assert given_back.content == text
        assert [call[1:] for call in given_back.calls] == calls


@given(seed=st.integers(0, 1000), rate=st.floats(0, 1), requests=st.integers(1, 30))
def test_chance_is_the_same_for_the_same_seed_and_keeps_to_its_kinds(
    seed: int, rate: float, requests: int
) -> None:
    plan = FaultPlan(rate=rate, kinds=("retry_after", "null_content"), seed=seed)

    def decided() -> list[str | None]:
        decider = Decider(plan)
        return [
            decider.decide("coder", "reply", has_tools=False, has_spoken=False)
            for _ in range(requests)
        ]

    assert decided() == decided()
    assert set(decided()) <= {None, "retry_after", "null_content"}
    if rate == 0:
        assert set(decided()) == {None}


def test_a_rule_strikes_the_calls_it_names_and_no_others() -> None:
    rule = FaultRule(fault="server_error", agent="coder", purpose="reply", call=2, times=2)
    decider = Decider(FaultPlan(rules=(rule,)))
    asked = ["coder", "boss", "coder", "coder", "coder", "boss"]

    faults = [decider.decide(a, "reply", has_tools=False, has_spoken=True) for a in asked]

    assert faults == [None, None, "server_error", "server_error", None, None]


@pytest.mark.parametrize(
    ("fault", "purpose", "has_tools", "expected"),
    [
        pytest.param("unknown_speaker", "speaker_selection", False, True, id="speaker"),
        pytest.param("unknown_speaker", "reply", False, False, id="speaker in a reply"),
        pytest.param("unknown_tool", "reply", False, False, id="no tools"),
        pytest.param("unknown_tool", "reply", True, True, id="tools"),
        pytest.param("null_content", "summary", False, False, id="content of a summary"),
        pytest.param("timeout", "summary", False, True, id="network anywhere"),
        pytest.param("repeated", "reply", False, False, id="nothing to repeat"),
    ],
)
def test_a_fault_strikes_only_where_it_makes_sense(
    fault: str, purpose: str, has_tools: bool, expected: bool
) -> None:
    assert suits(fault, purpose, has_tools=has_tools, has_spoken=False) is expected


def test_a_name_stands_for_a_fault_or_for_its_class() -> None:
    assert faults_named("timeout") == ("timeout",)
    assert faults_named("server") == ("server_error", "unavailable")
    assert faults_named("nothing") == ()
    assert {name for group in FAULT_CLASSES for name in faults_named(group)} == set(FAULTS)
