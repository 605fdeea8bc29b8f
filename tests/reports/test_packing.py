import json

import msgspec
import report_data
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_hostile import hostile_log
from report_logs import realistic_log

from harness.model.transcript import Message, Transcript
from harness.reports.packing import pack
from harness.reports.text import visible

_LETTERS = st.sampled_from("ab \n\x01\x00\r\ud8000123456789é")
_TEXTS = st.text(_LETTERS, max_size=80)
_LINES = st.lists(st.sampled_from(["a line of some length", "another line of it", "", "\x010"]))


def with_messages(texts):
    """The first sample of a run, saying these texts."""
    sample = realistic_log(epochs=1).samples[0]
    events = tuple(
        Message(index=index, offset_seconds=0.0, speaker="a", recipient="b", content=text)
        for index, text in enumerate(texts)
    )
    transcript = Transcript(engine="mock", engine_version="", events=events)
    return msgspec.structs.replace(sample, transcript=transcript)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.one_of(_TEXTS, _LINES.map("\n".join)), max_size=12))
def test_every_text_comes_out_of_its_chunk_as_it_is_shown(texts):
    (chunk,) = pack([with_messages(texts)]).chunks

    (sample,) = report_data.opened(chunk)
    said = [event.get("content", "") for event in sample["transcript"].get("events", [])]

    assert said == [visible(text) for text in texts]


def test_a_hostile_run_comes_out_with_every_text_visible():
    log = hostile_log()
    packed = pack(log.samples)

    samples = [sample for chunk in packed.chunks for sample in report_data.opened(chunk)]
    shown = [e["content"] for e in samples[0]["transcript"]["events"] if e["type"] == "message"]

    assert shown == [visible(message.content) for message in log.samples[0].transcript.messages]


def test_a_text_that_occurs_again_and_again_is_stored_once():
    text = "".join(chr(97 + (n * n) % 26) for n in range(5000))

    once, often = (len(pack([with_messages([text] * n)]).chunks[0]) for n in (1, 50))

    assert often < 1.1 * once


def test_a_verdict_that_is_false_is_told_from_one_that_is_absent():
    samples = realistic_log(epochs=1).samples
    packed = pack(samples)

    told = [
        score for chunk in packed.chunks for s in report_data.opened(chunk) for score in s["scores"]
    ]
    verdicts = [score.get("passed") for score in told]

    assert verdicts == [getattr(score, "passed", None) for s in samples for score in s.scores]


def test_the_list_knows_where_each_conversation_is():
    log = realistic_log(epochs=2)
    packed = pack(log.samples)
    index = report_data.unpacked(packed.index)
    chunks = [report_data.opened(chunk) for chunk in packed.chunks]

    places = zip(index["chunk"], index["position"], strict=True)
    keys = [chunks[chunk][position]["key"] for chunk, position in places]

    assert keys == [json.loads(msgspec.json.encode(sample.key)) for sample in log.samples]


def test_many_long_conversations_of_a_scenario_are_not_one_chunk():
    texts = [f"{n} {'words and words ' * 20_000}" for n in range(12)]
    samples = [with_messages([text]) for text in texts]
    samples = [
        msgspec.structs.replace(s, key=msgspec.structs.replace(s.key, epoch=n))
        for n, s in enumerate(samples, 1)
    ]

    assert len(pack(samples).chunks) > 1
