"""Code that does something else in a replay is named in the miss, with what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from recorded_chat import miss, record, request, said

if TYPE_CHECKING:
    from pathlib import Path

CODER = said("system", "You are a coder.")
TASK = said("user", "Add the numbers.", name="runner")
CODE = said("assistant", "```python\nprint(open('a').read())\n```", name="coder")


def result(code: int, output: str) -> dict[str, str]:
    verdict = "succeeded" if code == 0 else "failed"
    content = f"exitcode: {code} (execution {verdict})\nCode output: {output}"
    return said("user", content, name="runner")


RECORDED = (CODER, TASK, CODE, result(0, "\nready\n"), CODE, result(0, "\nrows 12\ntotal 5\n"))


@pytest.mark.parametrize(
    ("now", "told"),
    [
        pytest.param(
            result(0, "\nrows 12\ntotal 6\n"),
            "execution 2 printed 'total 6' instead of 'total 5'",
            id="another line",
        ),
        pytest.param(
            result(1, "\nrows 12\ntotal 5\n"), "execution 2 exited 1 instead of 0", id="exit code"
        ),
        pytest.param(
            result(1, "\nTraceback\n"),
            "execution 2 exited 1 instead of 0 and printed 'Traceback' instead of 'rows 12'",
            id="both",
        ),
        pytest.param(
            result(0, "\nrows 12\n"),
            "execution 2 printed nothing more instead of 'total 5'",
            id="less",
        ),
        pytest.param(
            result(0, "\nrows 12\ntotal 5\nextra\n"),
            "execution 2 printed 'extra' instead of nothing more",
            id="more",
        ),
    ],
)
def test_a_miss_tells_what_the_code_did_instead(tmp_path: Path, now: dict, told: str) -> None:
    calls = (("coder", request(CODER, TASK), CODE["content"]), ("coder", request(*RECORDED), "ok"))
    cassette = record(tmp_path / "s.jsonl", *calls)

    found = miss(cassette, request(*RECORDED[:-1], now), played=1)

    assert found.kind == "earlier turn diverged"
    assert f"earlier turn diverged ({told})" in found.text


def test_a_message_that_is_no_result_is_told_as_before(tmp_path: Path) -> None:
    cassette = record(tmp_path / "s.jsonl", ("coder", request(*RECORDED), "ok"))

    found = miss(cassette, request(*RECORDED[:-1], said("user", "stop", name="runner")))

    assert "execution 2" not in found.text
