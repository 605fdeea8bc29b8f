"""What `harness run` says of the cassettes it played."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from cassette_project import SAMPLES, cassette, copy_project, edit
from cli_project import Command

from harness.cassettes import load_cassette
from harness.cassettes.format import ResponseRecord
from harness.cassettes.writer import CassetteWriter

pytestmark = pytest.mark.slow


@pytest.fixture
def project(recorded: Path, tmp_path: Path) -> Path:
    return copy_project(recorded, tmp_path)


def rewrite(path: Path, *, source: str, cost_usd: float | None) -> None:
    """Write a cassette again, as another provider's whose calls cost this much each."""
    old = load_cassette(path)
    header = msgspec.structs.replace(old.header, source=source)
    writer = CassetteWriter(path, header, overwrite=True)
    for each in old.interactions:
        response = ResponseRecord(
            status=each.status, reason=each.reason, headers=dict(each.headers), body=each.payload
        )
        writer.write(
            each.request,
            response,
            latency_seconds=each.latency_seconds,
            caller=(each.agent, each.purpose),
            cost_usd=cost_usd,
        )
    writer.finish()


def test_fresh_scripted_cassettes_are_not_worth_a_word(harness: Command, project: Path) -> None:
    done = harness("run", "--no-report")

    assert done.returncode == 0, done.stdout
    assert "Cassettes:" not in done.stdout
    assert "saved" not in done.stdout


def test_stale_cassettes_that_still_play_are_counted(harness: Command, project: Path) -> None:
    edit(
        project / "scenarios/coding/suite.yaml",
        "temperature: 0.5",
        "temperature: 0.5, parameters: {note: 1}",
    )

    done = harness("run", "--no-report")

    assert done.returncode == 0, done.stdout
    assert "Cassettes: of 2, 2 are stale. Read why: harness cassette verify" in done.stdout


def test_calls_that_nobody_asked_for_are_counted(harness: Command, project: Path) -> None:
    edit(project / "scenarios/coding/suite.yaml", "epochs: 2", "epochs: 2\nlimits: {turns: 2}")

    done = harness("run", "--no-report", "-e", "1")

    assert "Cassettes: of 1, 1 holds calls that nobody asked for." in done.stdout


def test_what_replaying_a_real_provider_saved_is_summed_up(harness: Command, project: Path) -> None:
    rewrite(cassette(project, SAMPLES[0]), source="api.example.org", cost_usd=0.25)
    rewrite(cassette(project, SAMPLES[1]), source="api.example.org", cost_usd=None)

    both = harness("run", "--no-report")
    one = harness("run", "--no-report", "-e", "1")

    sum_of_two_calls = "Replaying saved $0.500, as the calls were priced when recorded"
    assert f"{sum_of_two_calls} (1 of 2 have a price)." in both.stdout
    assert f"{sum_of_two_calls}." in one.stdout


def test_the_scripted_providers_prices_save_no_money(harness: Command, project: Path) -> None:
    rewrite(cassette(project), source="scripted provider", cost_usd=0.25)

    done = harness("run", "--no-report", "-e", "1")

    assert done.returncode == 0, done.stdout
    assert "saved" not in done.stdout
