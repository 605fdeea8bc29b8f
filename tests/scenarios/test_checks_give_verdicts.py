"""Whatever agents leave behind, the shipped checks judge it and do not crash on it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from harness.model.sample import SampleKey
from harness.model.score import Score
from harness.model.team import FinishedSample
from harness.model.transcript import CodeExecution, Message, Transcript
from harness.sandboxes.process import ProcessSandbox
from harness.scorers.acceptance import Acceptance
from harness.suites import find_suites, load_checks, load_suite

ROOT = Path(__file__).parents[2] / "scenarios"
SCENARIOS = {
    scenario.name: scenario
    for folder in find_suites(ROOT)
    for scenario in load_suite(folder).scenarios
}
TABLES = {
    "widgets": ("sales.csv", "month,product,revenue,units"),
    "returns": ("net_revenue.csv", "quarter,gross,returned,net"),
    "regions": ("clean_sales.csv", "order_id,date,region,amount"),
}
CHARTS = {
    "widgets": "revenue_by_product.png",
    "returns": "net_revenue_by_quarter.png",
    "regions": "revenue_by_region.png",
}


def judged(name: str, workspace: Path, *said: str) -> Score:
    """The score of a sample whose agents said and printed this; no check may crash."""
    scenario = SCENARIOS[name]
    assert scenario.checks is not None
    events: list[Message | CodeExecution] = []
    for text in said:
        at = {"index": len(events), "offset_seconds": 0.0}
        events.append(Message(speaker="reviewer", recipient="coder", content=text, **at))
        at["index"] += 1
        ran = {"agent": "executor", "language": "python", "duration_seconds": 0.1}
        events.append(CodeExecution(code="", exit_code=0, output=text, **ran, **at))
    score = Acceptance().score(
        FinishedSample(
            key=SampleKey(suite=scenario.suite, scenario=name, config="c", epoch=1),
            scenario=scenario,
            config=load_suite(ROOT / scenario.suite).configs[0],
            transcript=Transcript(engine="autogen", engine_version="-", events=tuple(events)),
            workspace=workspace,
            sandbox=ProcessSandbox(),
            checks=load_checks(scenario.checks),
        )
    )
    assert isinstance(score, Score)
    return score


@pytest.mark.parametrize("name", SCENARIOS)
def test_nothing_said_and_nothing_saved_is_a_failure(name: str, tmp_path: Path) -> None:
    assert judged(name, tmp_path).passed is False


BODIES = {
    "no rows": "",
    "short rows": "1\n2,3\n,\n",
    "long rows": "1,2,3,4,5\n1,2,3,4,5\n",
    "ragged": "1,2,3,4\n1,2,3,4,5,6\n",
    "open quote": '"1,2,3,4\n',
    "infinite": "2025-01,Widget A,inf,-inf\nQ1,inf,nan,-inf\nnan,nan,nan,nan\n",
    "too large": f"Q1,{'9' * 400},1e999,{'9' * 25}\n" * 2,
    "not numbers": "Q1,\u0661,\u00b2,1_0\n",
    "null bytes": "\0,\0,\0,\0\n",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_any_content_is_judged(name: str, body: str, tmp_path: Path) -> None:
    file, header = TABLES[name]
    (tmp_path / file).write_text(f"{header}\n{body}", encoding="utf-8")

    printed = "Widget A: $-1,,, -$-3 \u0661 1.2.3\nQ1: nan inf --5\nNorth: 1,2\n"
    assert judged(name, tmp_path, printed).passed is False


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe\x00a", id="no text"),
        pytest.param(b"\n\n\n", id="blank lines"),
        pytest.param(b"a,a,a,a\n1,2,3,4\n", id="one column often"),
        pytest.param(b"a;b;c;d\n1;2;3;4\n", id="semicolons"),
    ],
)
@pytest.mark.parametrize("name", TABLES)
def test_a_table_that_is_none_is_judged(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / TABLES[name][0]).write_bytes(content)

    assert judged(name, tmp_path).passed is False


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\x89PNG\r\n\x1a\n", id="only the mark"),
        pytest.param(png(800, 500), id="no pixels"),
        pytest.param(png(800, 500, chunk(b"IDAT", b"no zlib"), chunk(b"IEND", b"")), id="no zlib"),
        pytest.param(png(60_000, 60_000, chunk(b"IDAT", b"")), id="a bomb"),
        pytest.param(png(0, 0, chunk(b"IEND", b"")), id="no size"),
        pytest.param(png(800, 500, chunk(b"iTXt", b"a\0\1")), id="a torn text"),
        pytest.param(
            png(800, 500, chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 10**8))), id="a text bomb"
        ),
    ],
)
@pytest.mark.parametrize("name", CHARTS)
def test_a_damaged_picture_is_judged(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / CHARTS[name]).write_bytes(content)

    checks = judged(name, tmp_path).details["checks"]
    assert [check["passed"] for check in checks if check["name"] == "chart"] == [False]


MODULES = {
    "ends the process": "import os\nos._exit(0)\n",
    "closes its output": "import os\nos.close(1)\n",
    "is no Python": "def :\n",
    "is no text": "\ud800",
}


@pytest.mark.parametrize("code", MODULES.values(), ids=MODULES)
@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("token_bucket", ["rate_limiter.py", "test_rate_limiter.py"]),
        ("session_cache", ["session_cache.py"]),
    ],
)
def test_a_module_of_any_content_is_judged(
    name: str, files: list[str], code: str, tmp_path: Path
) -> None:
    for file in files:
        (tmp_path / file).write_bytes(code.encode("utf-8", "surrogatepass"))

    said = "FINDING:\nFINDING: | |\nFINDING: a\nVERDICT: APPROVED\n"
    assert judged(name, tmp_path, said).passed is False
