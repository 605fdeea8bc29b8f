"""What every registered scorer must do, ours and anyone's: registering it puts it under test."""

from __future__ import annotations

import dataclasses
import inspect
import math
from typing import TYPE_CHECKING

import msgspec
import pytest

from harness import plugins
from harness.model.score import Score, Unscored

if TYPE_CHECKING:
    from harness.model.team import FinishedSample
    from harness.protocols import Scorer

every_scorer = pytest.mark.parametrize("name", plugins.names("scorers"))
every_sample = pytest.mark.parametrize("sample_name", ["finished", "broken_off"])


def made(name: str) -> Scorer:
    scorer: Scorer = plugins.load("scorers", name)()
    return scorer


@every_scorer
def test_a_scorer_bears_the_name_it_is_registered_under(name: str) -> None:
    assert made(name).name == name


@every_scorer
def test_a_scorer_is_a_frozen_dataclass_whose_fields_are_its_options(name: str) -> None:
    scorer = plugins.load("scorers", name)

    assert dataclasses.is_dataclass(scorer)
    assert scorer.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert [each.name for each in dataclasses.fields(scorer) if each.name == "name"] == []


@every_scorer
def test_a_scorer_is_documented(name: str) -> None:
    assert plugins.load("scorers", name).__doc__
    assert inspect.getmodule(plugins.load("scorers", name)).__doc__  # type: ignore[union-attr]


@every_sample
@every_scorer
def test_a_scorer_answers_with_a_reason_and_sound_evidence(
    name: str, sample_name: str, request: pytest.FixtureRequest
) -> None:
    sample: FinishedSample = request.getfixturevalue(sample_name)

    score = made(name).score(sample)

    assert isinstance(score, Score | Unscored)
    assert score.scorer == name
    assert score.reason.strip()
    if isinstance(score, Score):
        assert math.isfinite(score.value)
        assert score.unit != "share" or 0 <= score.value <= 1
        assert set(score.evidence) <= set(range(len(sample.transcript.events)))


@every_sample
@every_scorer
def test_scoring_again_gives_the_same_and_it_can_be_stored(
    name: str, sample_name: str, request: pytest.FixtureRequest
) -> None:
    sample: FinishedSample = request.getfixturevalue(sample_name)

    first, second = made(name).score(sample), made(name).score(sample)

    assert first == second
    stored = msgspec.json.encode(first)
    assert msgspec.json.encode(msgspec.json.decode(stored, type=type(first))) == stored


@every_scorer
def test_no_scorer_passes_a_sample_in_which_nothing_happened(
    name: str, broken_off: FinishedSample
) -> None:
    score = made(name).score(broken_off)

    assert isinstance(score, Unscored) or score.passed is not True
