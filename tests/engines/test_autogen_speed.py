from __future__ import annotations

from typing import Protocol, runtime_checkable

from harness.engines.autogen_speed import remember_protocol_members


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
