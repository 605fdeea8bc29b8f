"""How often the step that people blame carries a label, beside how often any step does.

A step carries a label if its message, or the result of code it tells, is evidence for one.
Count it for any folder of Who&When's conversations, one JSON file each, with:

    WHO_AND_WHEN=FOLDER pytest -s tests/imports/test_labels_and_blame.py
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from harness.model.sample import SampleResult
from harness.model.transcript import CodeExecution
from harness.runner.importing import import_run
from harness.scorers.labels import find_labels

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data" / "who_and_when"
DATA = Path(os.environ.get("WHO_AND_WHEN", BESIDE))
MAPPING = "executors: [Computer_terminal]\nfields: {messages: history, correct: is_correct}\n"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the conversations are not at {DATA}; WHO_AND_WHEN says where"
)


def labels_by_step(sample: SampleResult) -> list[set[str]]:
    events = sample.transcript.events
    labels = find_labels(sample.transcript)
    steps = []
    for message in sample.transcript.messages:
        before = events[message.index - 1] if message.index else None
        places = {message.index} | ({before.index} if isinstance(before, CodeExecution) else set())
        steps.append({label.name for label in labels if places & set(label.evidence)})
    return steps


def test_what_labels_tell_of_the_blamed_step_is_measured_beside_chance(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MAPPING)
    log = import_run(DATA, "autogen", tmp_path / "m.yaml", tmp_path / "runs")

    blamed: Counter[str] = Counter()
    every: Counter[str] = Counter()
    expected = 0.0
    for sample in log.samples:
        assert sample.origin is not None
        steps = labels_by_step(sample)
        blamed_step = steps[int(json.loads(sample.origin.document)["mistake_step"])]
        blamed.update(blamed_step | ({"any"} if blamed_step else set()))
        for step in steps:
            every.update(step | ({"any"} if step else set()))
        expected += sum(map(bool, steps)) / len(steps)
    turns = sum(sample.transcript.turns for sample in log.samples)
    for name, count in sorted(every.items()):
        print(f"{name}: blamed {blamed[name]}/{len(log.samples)}, all steps {count}/{turns}")
    print(f"a step drawn at random from each conversation: {expected:.1f}/{len(log.samples)}")

    if len(list(DATA.rglob("*.json"))) != 40:
        pytest.skip("printed only: the numbers below are those of the 40 that were measured first")
    assert len(log.samples) == 40
    assert (blamed["any"], every["any"], turns) == (2, 64, 352)
    # Worse than a step drawn at random: labels do not find who is to blame.
    assert round(expected, 1) == 6.6
