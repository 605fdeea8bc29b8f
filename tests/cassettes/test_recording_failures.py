"""Whatever goes wrong while recording, what was written before can be read and gone on with."""

from __future__ import annotations

import resource
import threading

import pytest
import requests

from harness.cassettes import Charging, find_earlier, load_cassette, recording, updating
from harness.errors import CassetteError, SampleInterrupt
from harness.model.scenario import Price


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


def test_a_disk_that_fills_up_at_the_very_end_is_a_clear_error(
    kit, provider, path, file_size_limit
):
    partial = path.with_name("sample.jsonl.partial")

    def record():
        with recording(path, kit.header(provider)):
            ask(provider, "one")
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (partial.stat().st_size, hard))

    with file_size_limit(10**9), pytest.raises(CassetteError, match=r"Make room, then: .*--update"):
        record()

    assert not path.exists()
    assert len(load_cassette(partial).interactions) == 1


def test_a_link_in_the_way_of_a_finished_cassette_is_not_written_through(kit, provider, path):
    victim = path.with_name("victim")
    victim.write_text("precious")
    path.with_name("sample.jsonl.finished").symlink_to(victim)
    charging = Charging(prices={"scripted-1": Price(prompt=1.0, completion=1.0)})

    with recording(path, kit.header(provider), charging=charging):
        ask(provider, "one")

    assert victim.read_text() == "precious"
    assert load_cassette(path).header.cost_usd is not None
    assert not path.is_symlink()


def test_a_recording_that_fails_before_its_first_answer_leaves_no_file(kit, provider, path):
    partial = path.with_name(path.name + ".partial")

    for precious in (None, b"precious\n"):
        if precious is not None:
            partial.write_bytes(precious)
        with (
            pytest.raises(RuntimeError, match="no key"),
            recording(path, kit.header(provider)),
        ):
            raise RuntimeError("no key")
        left = {each.name: each.read_bytes() for each in path.parent.iterdir()}
        assert left == ({} if precious is None else {partial.name: precious})
