"""Each label is found where it belongs, with its evidence, and not where it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.imports.autogen import AutogenImporter
from harness.model.imported import ImportMapping
from harness.runner.importing import import_run
from harness.scorers.labels import find_labels

BAD = ("pc", "exitcode: 1 (execution failed)\nCode output: boom")
GOOD = ("pc", "exitcode: 0 (execution succeeded)\nCode output: 4")
END = ("b", "TERMINATE")
CODE = ("a", "```python\nx\n```")


def labels_of(*said: tuple[str, str]) -> list[tuple[str, tuple[int, ...]]]:
    history = [{"name": name, "role": "user", "content": text} for name, text in said]
    (read,) = AutogenImporter().read("f", json.dumps(history), history, ImportMapping())
    return [(label.name, label.evidence) for label in find_labels(read.transcript)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param([CODE, GOOD, END], [], id="nothing wrong"),
        pytest.param(
            [("a", "x"), ("b", "y"), ("a", " x\n"), END],
            [("repeated_message", (0, 2))],
            id="repeated",
        ),
        pytest.param([("a", "x"), ("b", "x"), END], [], id="echo of another"),
        pytest.param(
            [("a", "x"), ("b", "y"), ("a", "x"), ("b", "y"), END],
            [
                ("repeated_message", (0, 2)),
                ("repeated_message", (1, 3)),
                ("ping_pong", (0, 1, 2, 3)),
            ],
            id="ping-pong",
        ),
        pytest.param(
            [CODE, BAD, ("a", "An error; again."), END],
            [("premature_termination", (1, 4))],
            id="premature",
        ),
        pytest.param([("a", "x"), ("b", "y")], [("missing_termination", (1,))], id="no end"),
        pytest.param(
            [CODE, BAD, ("b", "Lovely."), CODE, GOOD, END],
            [("repeated_message", (0, 4)), ("ignored_error", (1, 3))],
            id="ignored",
        ),
        pytest.param(
            [CODE, BAD, ("b", "It failed, yet it worked."), ("a", "```\ny\n```"), GOOD, END],
            [("claims_success", (1, 3))],
            id="claim",
        ),
        pytest.param(
            [CODE, BAD, ("b", "It has not worked: an error."), ("a", "```\ny\n```"), GOOD, END],
            [],
            id="negated claim",
        ),
        pytest.param(
            [CODE, GOOD, ("a", "exitcode: 0 (execution succeeded)"), END],
            [("out_of_role", (3,))],
            id="made-up result",
        ),
        pytest.param(
            [CODE, GOOD, ("pc", "```\nmine\n```"), END],
            [("out_of_role", (3,))],
            id="executor codes",
        ),
    ],
)
def test_each_label_is_found_with_its_evidence(
    said: list[tuple[str, str]], expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert labels_of(*said) == expected


def test_a_score_tells_each_label_with_the_events_that_carry_it(tmp_path: Path) -> None:
    said = [CODE, BAD, ("b", "Lovely."), CODE, ("a", "again"), *[("a", "again")] * 8, END]
    chat = [{"name": name, "role": "user", "content": text} for name, text in said]
    (tmp_path / "c.json").write_text(json.dumps(chat))

    (sample,) = import_run(tmp_path / "c.json", None, None, tmp_path / "runs").samples

    score = sample.score_of("labels")
    assert score is not None
    assert score.reason.startswith(
        "11 labels found, with the events that carry them: repeated_message 9 (0-4, 5-6, 5-7, 5-8, "
        "5-9, 5-10, and 3 more); "
    )
    assert "ignored_error 1 (1-3)" in score.reason
    named = score.details["labels"]
    assert ["ignored_error", 1, 3] in named
    assert set(score.evidence) == {index for _, *indices in named for index in indices}
