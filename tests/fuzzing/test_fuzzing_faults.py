"""Fuzzed conversations in which the provider fails, too."""

from __future__ import annotations

import pytest
from tutorial_teams import subject, two_agents

from harness.errors import HarnessError
from harness.fuzzing import FuzzSettings, hunt, replay, tell
from harness.fuzzing.moves import Failed


def test_a_provider_that_breaks_a_team_is_found_and_played_again() -> None:
    team = subject(two_agents())
    settings = FuzzSettings(examples=40, seed=1, faults=("malformed_json",))

    (finding,) = hunt(team, settings).findings

    assert finding.violation.invariant == "no-exception"
    assert "JSONDecodeError" in finding.violation.reason
    assert "the provider fails: malformed_json" in tell(finding)
    failed = [move.fault for move in finding.played.moves if isinstance(move, Failed)]
    assert failed == ["malformed_json"]
    again = replay(team, settings, finding.played.moves)
    assert again is not None
    assert again.violation.invariant == "no-exception"


def test_a_client_that_asks_again_lets_a_team_survive() -> None:
    settings = FuzzSettings(examples=25, seed=1, faults=("retry_after",))

    hunted = hunt(subject(two_agents(has_tool=True)), settings)

    # Three failures in a row are more than the client bears.
    assert all("RateLimitError" in f.violation.reason for f in hunted.findings)
    for finding in hunted.findings:
        fails = [m.fault for m in finding.played.moves if isinstance(m, Failed)]
        assert fails[-3:] == ["retry_after"] * 3


def test_an_unknown_fault_is_named() -> None:
    with pytest.raises(HarnessError, match=r"no fault 'rate_limits'; .* Did you mean 'rate_limit'"):
        hunt(subject(two_agents()), FuzzSettings(faults=("rate_limits",)))
