"""Whatever goes wrong while recording, what was written before can be read and gone on with."""

from __future__ import annotations

import threading

import pytest
import requests

from harness.cassettes import find_earlier, load_cassette, recording, updating
from harness.errors import SampleInterrupt


def ask(provider, *texts):
    messages = [{"role": "user", "content": text} for text in texts]
    body = {"model": "scripted-1", "messages": messages}
    return requests.post(f"{provider.base_url}/chat/completions", json=body).content


def test_an_answer_that_comes_after_a_failed_write_does_not_spoil_the_file(
    kit, provider, path, file_size_limit
):
    failed = threading.Event()
    caught = []

    def reply(request, number):
        text = request["messages"][-1]["content"]
        if text == "slow":
            assert failed.wait(20)
        return kit.completion("x" * 100_000 if text == "huge" else f"reply to {text}")

    def ask_slowly():
        try:
            ask(provider, "shared", "slow")
        except SampleInterrupt as interrupt:
            caught.append(str(interrupt))

    def record():
        with recording(path, kit.header(provider)):
            ask(provider, "one")
            slow.start()
            try:
                with file_size_limit(50_000):
                    ask(provider, "shared", "huge")
            finally:
                failed.set()
                slow.join()

    provider.reply = reply
    slow = threading.Thread(target=ask_slowly)
    with pytest.raises(SampleInterrupt, match="could not be written"):
        record()

    assert "was not kept" in caught[0]
    partial = load_cassette(path.with_name("sample.jsonl.partial"))
    assert len(partial.interactions) == 1
    with updating(path, kit.header(provider), find_earlier(path)) as session:
        ask(provider, "one")
    assert session.kept == 1
