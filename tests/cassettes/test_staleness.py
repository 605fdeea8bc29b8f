from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from harness.cassettes import CassetteHeader
from harness.cassettes.redaction import PLACEHOLDER
from harness.cassettes.staleness import config_facets, stale_reasons
from harness.model.scenario import AgentConfig

NOW = datetime(2026, 5, 1, tzinfo=UTC)
BEFORE = AgentConfig(
    name="a",
    model="gpt-4o",
    temperature=0.2,
    prompts={"coder": "You write code.", "critic": "You judge."},
    parameters={"rounds": 5, "style": {"long": "x" * 100}},
)


def header(config: AgentConfig = BEFORE, **fields: Any) -> CassetteHeader:
    values: dict[str, Any] = {
        "recorded_at": "2026-01-01T00:00:00+00:00",
        "source": "api.openai.com",
        "base_url": "https://api.openai.com/v1",
        "config_digest": config.digest,
        "facets": config_facets(config),
        "conversation_digest": "same",
        **fields,
    }
    return CassetteHeader(**values)


def reasons(
    of: CassetteHeader,
    config: AgentConfig = BEFORE,
    *,
    conversation_digest: str = "same",
    max_age_days: float | None = None,
) -> tuple[str, ...]:
    return stale_reasons(
        of,
        config=config,
        conversation_digest=conversation_digest,
        max_age_days=max_age_days,
        now=NOW,
    )


def changed(**fields: Any) -> AgentConfig:
    return msgspec.structs.replace(BEFORE, **fields)


def test_what_did_not_change_is_fresh() -> None:
    renamed = changed(name="b", factors={"prompts": "x"})

    assert reasons(header()) == ()
    assert reasons(header(), renamed) == ()


@pytest.mark.parametrize(
    ("now", "said"),
    [
        pytest.param({"temperature": 0.7}, "temperature 0.2 -> 0.7", id="temperature"),
        pytest.param(
            {"temperature": None}, "temperature 0.2 -> the provider's default", id="no temperature"
        ),
        pytest.param({"model": "gpt-4o-mini"}, "model gpt-4o -> gpt-4o-mini", id="model"),
        pytest.param(
            {"max_tokens": 50}, "max_tokens the provider's default -> 50", id="token limit"
        ),
        pytest.param({"engine": "mock"}, "engine autogen -> mock", id="engine"),
        pytest.param(
            {"prompts": {"coder": "You write tests.", "critic": "You judge."}},
            "the prompt of coder changed",
            id="prompt",
        ),
        pytest.param(
            {"prompts": {"coder": "You write code."}},
            "the prompt of critic was removed",
            id="prompt gone",
        ),
        pytest.param(
            {"prompts": {**BEFORE.prompts, "boss": "You rule."}},
            "a prompt of boss was added",
            id="prompt new",
        ),
        pytest.param(
            {"parameters": {**BEFORE.parameters, "rounds": 9}},
            "parameter rounds 5 -> 9",
            id="short parameter",
        ),
        pytest.param(
            {"parameters": {**BEFORE.parameters, "style": {"long": "y" * 100}}},
            "parameter style changed",
            id="long parameter",
        ),
    ],
)
def test_a_change_of_the_config_is_named(now: dict[str, Any], said: str) -> None:
    assert reasons(header(), changed(**now)) == (said,)


def test_facets_hold_no_prompt() -> None:
    facets = " ".join(config_facets(BEFORE).values())

    assert "You" not in facets
    assert "x" * 10 not in facets


def test_a_header_without_facets_still_tells_that_the_config_changed() -> None:
    old = header(facets={})

    assert reasons(old) == ()
    assert reasons(old, changed(temperature=0.7)) == ("the config changed",)
    assert reasons(header(facets={}, config_digest=""), changed(temperature=0.7)) == ()


def test_a_secret_removed_from_the_header_stands_for_the_one_in_the_config() -> None:
    config = changed(parameters={"key": "sk-very-secret"})
    stored = header(config)
    facets = {**stored.facets, "parameters.key": f'"{PLACEHOLDER}"'}
    stored = msgspec.structs.replace(stored, facets=facets)

    assert reasons(stored, config) == ()
    assert reasons(stored, changed(parameters={"key": 5})) != ()


def test_age_counts_only_where_a_limit_is_given_and_is_passed() -> None:
    on_the_day = (NOW - timedelta(days=90)).isoformat()
    a_second_later = (NOW - timedelta(days=90, seconds=1)).isoformat()

    assert reasons(header()) == ()
    assert reasons(header(), max_age_days=90) == ("recorded 120 days ago, more than 90",)
    assert reasons(header(recorded_at=on_the_day), max_age_days=90) == ()
    assert reasons(header(recorded_at=a_second_later), max_age_days=90) != ()
    assert reasons(header(recorded_at="2026-04-30T22:00:00"), max_age_days=0) == (
        "recorded 2.0 hours ago, more than 0",
    )


def test_a_recording_time_that_is_none_is_told_and_not_taken_for_fresh() -> None:
    [reason] = reasons(header(recorded_at="yesterday"), max_age_days=90)

    assert "'yesterday'" in reason


def test_another_conversation_is_a_reason_only_where_both_digests_are_known() -> None:
    assert reasons(header(), conversation_digest="other") == (
        "the task, the team or the fixtures changed",
    )
    assert reasons(header(), conversation_digest="") == ()
    assert reasons(header(conversation_digest=""), conversation_digest="other") == ()
