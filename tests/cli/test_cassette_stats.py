from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cassette_project import cassette, copy_project
from cli_project import Command

from harness.cassettes import CassetteHeader
from harness.cassettes.format import ResponseRecord
from harness.cassettes.matching import request_of
from harness.cassettes.payload import payload_of
from harness.cassettes.writer import CassetteWriter

pytestmark = pytest.mark.slow


@pytest.fixture
def project(recorded: Path, tmp_path: Path) -> Path:
    return copy_project(recorded, tmp_path)


def counted(harness: Command, *paths: str) -> dict[str, Any]:
    done = harness("cassette", "stats", "--json", *paths)
    assert done.returncode == 0, done.stderr
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded


def priced(path: Path, *costs: float | None) -> None:
    """A cassette of a real provider, whose calls cost this much."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = CassetteHeader(
        recorded_at="2026-01-02T03:04:05+00:00",
        source="api.openai.com",
        base_url="https://api.openai.com/v1",
        sample="chat/hello/cheap/1",
    )
    writer = CassetteWriter(path, header)
    for number, cost in enumerate(costs):
        asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": f"{number}?"}]}
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        body = json.dumps({"model": "gpt-4o-2024", "choices": [], "usage": usage}).encode()
        url = "https://api.openai.com/v1/chat/completions"
        writer.write(
            request_of("POST", url, json.dumps(asked).encode()),
            ResponseRecord(status=200, body=payload_of(body)),
            latency_seconds=0.1,
            cost_usd=cost,
        )
    writer.finish()


def test_cassettes_are_counted_by_suite_and_config(harness: Command, project: Path) -> None:
    priced(project / "cassettes/chat/hello/cheap/1.jsonl", 0.5, 0.25, None)

    counts = counted(harness)

    assert [(each["suite"], each["config"]) for each in counts["groups"]] == [
        ("chat", "cheap"),
        ("coding", "plain"),
    ]
    chat, coding = counts["groups"]
    assert (chat["files"], chat["interactions"]) == (1, 3)
    assert (chat["prompt_tokens"], chat["completion_tokens"]) == (300, 30)
    assert chat["models"] == {"gpt-4o-2024": 3}
    assert (chat["real_usd"], chat["scripted_usd"], chat["unpriced"]) == (0.75, None, 1)
    assert chat["first"] == "2026-01-02T03:04:05+00:00"
    assert (coding["files"], coding["interactions"]) == (2, 4)
    assert coding["sources"] == {"scripted provider": 2}
    assert coding["real_usd"] is None
    assert counts["total"]["files"] == 3
    assert counts["total"]["size_bytes"] == sum(
        path.stat().st_size for path in (project / "cassettes").rglob("*.jsonl")
    )


def test_money_of_a_real_provider_is_told_apart(harness: Command, project: Path) -> None:
    scripted = harness("cassette", "stats")
    priced(project / "cassettes/chat/hello/cheap/1.jsonl", 0.5, 0.25)
    mixed = harness("cassette", "stats")

    assert "saves" not in scripted.stdout
    assert "One replay of all saves $0.750, as priced when recorded." in mixed.stdout


def test_paths_may_be_files_and_folders_and_nothing_counts_twice(
    harness: Command, project: Path
) -> None:
    one = str(cassette(project).relative_to(project))

    assert counted(harness, one)["total"]["files"] == 1
    assert counted(harness, one, "cassettes/coding", one)["total"]["files"] == 2


def test_a_damaged_cassette_is_named_and_not_counted(harness: Command, project: Path) -> None:
    torn = cassette(project)
    torn.write_bytes(torn.read_bytes()[:-200])

    counts = counted(harness)
    plain = harness("cassette", "stats")

    assert counts["total"]["files"] == 1
    assert [Path(each["path"]).name for each in counts["damaged"]] == ["1.jsonl"]
    assert "Not counted, as they cannot be read: 1" in plain.stdout


def test_an_absent_folder_is_the_users_mistake(harness: Command, tmp_path: Path) -> None:
    done = harness("cassette", "stats")

    assert done.returncode == 2
    assert "harness record" in done.stderr


def test_a_folder_without_cassettes_says_so(harness: Command, tmp_path: Path) -> None:
    (tmp_path / "cassettes").mkdir()

    done = harness("cassette", "stats")

    assert done.returncode == 0
    assert "There are no cassettes there." in done.stdout
    assert counted(harness)["total"]["files"] == 0
