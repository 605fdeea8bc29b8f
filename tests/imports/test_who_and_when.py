"""Forty real conversations, imported and counted again by other means."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from harness.model.run import RunLog
from harness.model.score import Score, Unscored
from harness.runner.importing import import_run

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data" / "who_and_when"
DATA = Path(os.environ.get("WHO_AND_WHEN", BESIDE))
MAPPING = """\
suite: who_and_when
executors: [Computer_terminal]
fields: {messages: history, scenario: question_ID, task: question, correct: is_correct}
"""

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the conversations are not at {DATA}; WHO_AND_WHEN says where"
)


@pytest.fixture
def log(tmp_path: Path) -> RunLog:
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    return import_run(DATA, "autogen", tmp_path / "mapping.yaml", tmp_path / "runs")


def counted(document: dict[str, object]) -> tuple[int, list[int]]:
    """Turns and exit codes by splitting texts, without the importer's pattern."""
    history = document["history"]
    assert isinstance(history, list)
    said = [m["content"] for m in history if m["name"] == "Computer_terminal"]
    results = [text for text in said if text.startswith("exitcode: ")]
    return len(history), [int(text[len("exitcode: ") :].split(" ", 1)[0]) for text in results]


def test_turns_executions_and_exit_codes_of_all_forty_are_those_in_the_files(log: RunLog) -> None:
    files = {json.loads(p.read_text())["question_ID"]: p for p in DATA.glob("*.json")}

    assert len(log.samples) == len(files) == 40
    for sample in log.samples:
        document = json.loads(files[sample.key.scenario].read_text())
        codes = [each.exit_code for each in sample.transcript.code_executions]
        assert (sample.transcript.turns, codes) == counted(document)
        assert sample.transcript.speakers == [m["name"] for m in document["history"]]
        assert [m.content for m in sample.transcript.messages] == [
            m["content"] for m in document["history"]
        ]
    assert sum(sample.transcript.turns for sample in log.samples) == 352
    assert sum(len(sample.transcript.code_executions) for sample in log.samples) == 70


def test_their_judgement_is_kept_and_their_cost_is_an_explicit_absence(log: RunLog) -> None:
    for sample in log.samples:
        scores = {score.scorer: score for score in sample.scores}
        assert sample.outcome == "fail"
        assert isinstance(scores["correct"], Score)
        assert scores["correct"].passed is False
        assert isinstance(scores["cost"], Unscored)


def test_fields_the_importer_does_not_know_are_kept(log: RunLog) -> None:
    for sample in log.samples:
        assert sample.origin is not None
        assert json.loads(sample.origin.document) == json.loads(
            Path(sample.origin.path).read_text(encoding="utf-8")
        )
