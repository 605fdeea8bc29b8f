from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.capture import Recorder, exception_info, read_spool
from harness.errors import LimitReached
from harness.model.scenario import Limits
from harness.model.transcript import decode_transcript, encode_transcript

if TYPE_CHECKING:
    from pathlib import Path


def say(recorder: Recorder, content: str = "Hm.") -> None:
    recorder.message(speaker="ann", recipient="bob", content=content)


def call(recorder: Recorder) -> None:
    recorder.model_call(agent="ann", model_requested="mock-1")


def test_events_are_numbered_and_timed_from_the_start() -> None:
    ticks = itertools.count(100.0, 0.25)
    recorder = Recorder(clock=lambda: next(ticks))

    say(recorder)
    call(recorder)

    assert [(event.index, event.offset_seconds) for event in recorder.events] == [
        (0, 0.25),
        (1, 0.5),
    ]


def test_the_message_after_the_last_allowed_turn_is_refused_and_not_kept() -> None:
    recorder = Recorder(limits=Limits(turns=2))
    say(recorder)
    say(recorder)

    with pytest.raises(
        LimitReached, match=r"ann wanted to say message 3.*allows 2 turns"
    ) as caught:
        say(recorder)

    assert caught.value.reason == "turn_limit"
    assert recorder.turns == len(recorder.events) == 2


def test_the_call_that_exceeds_the_cost_limit_is_kept_before_the_sample_is_stopped() -> None:
    recorder = Recorder(limits=Limits(cost_usd=0.25), price=lambda _call: 0.125)
    call(recorder)
    call(recorder)

    with pytest.raises(LimitReached, match=r"\$0.375.*cost_usd of \$0.25") as caught:
        call(recorder)

    assert caught.value.reason == "cost_limit"
    assert len(recorder.events) == 3


def test_a_call_of_unknown_price_does_not_use_up_the_cost_limit() -> None:
    recorder = Recorder(limits=Limits(cost_usd=0.0), price=lambda _call: None)

    call(recorder)

    assert len(recorder.events) == 1


def test_the_first_termination_stands_and_nothing_follows_it() -> None:
    recorder = Recorder()
    recorder.terminate("no_reply", "Silence.")

    second = recorder.terminate("timeout", "Too late.")
    say(recorder)

    assert second.reason == "no_reply"
    assert [type(event).__name__ for event in recorder.events] == ["Termination"]


def test_an_exception_is_kept_as_data_with_its_traceback() -> None:
    try:
        raise LookupError("no such agent")
    except LookupError as error:
        full, short = exception_info(error), exception_info(error, with_traceback=False)

    assert (full.type, full.message) == ("LookupError", "no such agent")
    assert "test_an_exception_is_kept_as_data" in full.traceback
    assert short.traceback == ""


def test_threads_never_share_an_index() -> None:
    recorder = Recorder()
    threads = [
        threading.Thread(target=lambda: [call(recorder) for _ in range(200)]) for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [event.index for event in recorder.events] == list(range(1600))


@given(st.text(st.characters(categories=None), max_size=40))
def test_any_text_can_be_stored_lone_surrogates_included(text: str) -> None:
    recorder = Recorder()

    say(recorder, text)

    transcript = recorder.transcript("mock", "mock 1")
    assert decode_transcript(encode_transcript(transcript)) == transcript
    expected = text if text.isascii() else text.encode("utf-8", "replace").decode()
    assert transcript.messages[0].content == expected


def test_a_spool_reads_back_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with open(path, "wb") as spool:
        recorder = Recorder(spool=spool)
        say(recorder, "Grüße\nand more")
        call(recorder)
        recorder.terminate("no_reply", "Silence.")

        while_open = read_spool(path.read_bytes())

    assert while_open == read_spool(path.read_bytes()) == recorder.events


@given(st.data())
def test_a_spool_cut_anywhere_gives_the_events_before_the_cut(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("spool") / "events.jsonl"
    with open(path, "wb") as spool:
        recorder = Recorder(spool=spool, clock=lambda: 0.0)
        for number in range(4):
            say(recorder, f"message {number}")
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))

    path.write_bytes(whole[:cut])

    assert read_spool(path.read_bytes()) == recorder.events[: whole[:cut].count(b"\n")]


def test_a_missing_or_damaged_spool_gives_what_can_be_read(tmp_path: Path) -> None:
    recorder = Recorder()
    say(recorder)
    damaged = tmp_path / "damaged.jsonl"
    line = msgspec.json.encode(recorder.events[0])
    damaged.write_bytes(line + b"\n\xff\xfe not json\n" + line + b"\n")

    assert read_spool(b"") == ()
    assert read_spool(damaged.read_bytes()) == recorder.events


KILLED = """
import os, sys
from harness.capture import Recorder
with open(sys.argv[1], "wb") as spool:
    recorder = Recorder(spool=spool)
    recorder.message(speaker="ann", recipient="bob", content="last words")
    os.kill(os.getpid(), 9)
"""


def test_events_of_a_killed_process_survive(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"

    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)

    assert done.returncode == -9
    assert [event.content for event in read_spool(path.read_bytes())] == ["last words"]  # type: ignore[union-attr]
