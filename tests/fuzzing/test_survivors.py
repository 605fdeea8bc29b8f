"""Teams built to survive do: what the fuzzer calls broken is broken."""

from __future__ import annotations

import pytest
from tutorial_teams import Build, ends_with_the_word, group, subject, two_agents

from harness.fuzzing import FuzzSettings, hunt, tell


def first_assistants(user: object, coder: object, reviewer: object) -> object:
    """The user runs what the coder wrote, and never its own words."""

    def next_speaker(last: object, groupchat: object) -> object:
        newest = str(groupchat.messages[-1].get("content") or "")  # type: ignore[attr-defined]
        if last is coder:
            return user if "```" in newest else reviewer
        return coder

    return next_speaker


@pytest.mark.slow
@pytest.mark.parametrize(
    "build",
    [
        pytest.param(two_agents(has_tool=True), id="two agents"),
        pytest.param(
            group(
                manager={"is_termination_msg": ends_with_the_word},
                speaker_selection_method=first_assistants,
            ),
            id="group chat",
        ),
    ],
)
def test_a_sound_team_survives_two_thousand_conversations(build: Build) -> None:
    hunted = hunt(subject(build), FuzzSettings(examples=2000, seed=7))

    assert [tell(finding) for finding in hunted.findings] == []
    assert hunted.conversations >= 2000
