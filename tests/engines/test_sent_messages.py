"""What a model was sent is read the same whether or not an earlier call had sent it."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from harness.engines.autogen_requests import SentMessages, request_message
from harness.model.transcript import ModelCall, Transcript, decode_transcript, encode_transcript

TEXTS = st.text(st.characters() | st.just("\ud800"), max_size=5)  # half of a surrogate pair, too
CALLS = st.lists(
    st.fixed_dictionaries(
        {"id": TEXTS, "function": st.fixed_dictionaries({"name": TEXTS, "arguments": TEXTS})}
    ),
    max_size=2,
)
CONTENTS = TEXTS | st.none() | st.lists(st.fixed_dictionaries({"type": TEXTS, "text": TEXTS}))
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"])},
    optional={"content": CONTENTS, "name": TEXTS, "tool_calls": CALLS, "tool_call_id": TEXTS},
)


def changed(message: dict[str, Any], text: str) -> None:
    """Change a message in place, as a transform of messages may."""
    if isinstance(message.get("content"), list):
        message["content"].append({"type": "text", "text": text})
    elif message.get("tool_calls"):
        message["tool_calls"][0]["function"]["arguments"] = text
    else:
        message["content"] = text


@given(st.lists(MESSAGES, min_size=1, max_size=8), st.data())
def test_a_message_is_read_as_it_stands_at_the_call(
    history: list[dict[str, Any]], data: st.DataObject
) -> None:
    sent = SentMessages()
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, 1))
        messages = history[start : data.draw(st.integers(0, len(history)))]
        expected = tuple(request_message(copy.deepcopy(each)) for each in messages)

        read = sent.read(data.draw(st.sampled_from(["ann reply", "bob reply"])), messages)

        assert read == expected
        changed(data.draw(st.sampled_from(history)), data.draw(TEXTS))


HALF = "call_\ud800"
HALF_CALL = {"id": HALF, "function": {"name": HALF, "arguments": HALF}}


@example({"role": "assistant", "content": None, "tool_calls": [HALF_CALL]})
@example({"role": "tool", "content": HALF, "name": HALF, "tool_call_id": HALF})
@given(MESSAGES)
def test_any_message_can_be_stored(message: dict[str, Any]) -> None:
    sent = SentMessages().read("ann reply", [message])
    call = ModelCall(
        index=0,
        offset_seconds=0,
        agent="ann",
        model_requested="m",
        new_messages=sent,
        request=(0,),
    )
    told = Transcript(engine="x", engine_version="1", events=(call,))

    assert decode_transcript(encode_transcript(told)) == told


def test_what_is_no_message_is_kept_as_its_text() -> None:
    (read,) = SentMessages().read("ann reply", ["hello"])

    assert (read.role, read.content) == ("unknown", "hello")


def test_parts_that_are_no_text_are_told_apart() -> None:
    def of(address: str) -> Any:
        image = {"type": "image_url", "image_url": {"url": address}}
        return request_message(
            {"role": "user", "content": [{"type": "text", "text": "Who? "}, image]}
        )

    cat, dog = of("https://example.org/cat.png"), of("https://example.org/dog.png")

    assert cat.content.startswith("Who? [image_url ")
    assert cat == of("https://example.org/cat.png")
    assert cat != dog
    assert "example.org" not in cat.content
