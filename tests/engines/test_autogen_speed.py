from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import pytest

from harness.engines.autogen_speed import remember_client_options, remember_protocol_members


@runtime_checkable
class Named(Protocol):
    name: str

    def speak(self) -> str: ...


class Speaker:
    name = "ann"

    def speak(self) -> str:
        return "hello"


class Mute:
    name = "bob"


def test_remembering_the_members_of_protocols_changes_no_answer() -> None:
    before = [isinstance(thing, Named) for thing in (Speaker(), Mute(), "text", None)]

    remember_protocol_members()
    remember_protocol_members()

    assert before == [True, False, False, False]
    for _ in range(2):
        assert [isinstance(thing, Named) for thing in (Speaker(), Mute(), "text", None)] == before


def test_an_instance_is_still_judged_by_what_it_has_at_that_moment() -> None:
    remember_protocol_members()
    mute = Mute()
    assert not isinstance(mute, Named)

    mute.speak = lambda: "hello"  # type: ignore[attr-defined]

    assert isinstance(mute, Named)


def test_the_options_of_clients_are_what_autogen_makes_of_the_clients_there_are_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from autogen.oai import client

    remember_client_options()
    remember_client_options()
    wrapper = client.OpenAIWrapper(api_key="none")
    before = wrapper.openai_kwargs
    assert {"api_key", "base_url", "azure_endpoint"} <= before
    if not isinstance(vars(client.OpenAIWrapper)["openai_kwargs"], property):
        pytest.skip("this AutoGen works them out once, by itself")
    wrapper.openai_kwargs.clear()
    assert wrapper.openai_kwargs == before

    class Other(client.OpenAI):  # type: ignore[misc]
        def __init__(self, *, colour: str, **options: Any) -> None: ...

    monkeypatch.setattr(client, "OpenAI", Other)
    assert wrapper.openai_kwargs - before == {"colour"}
