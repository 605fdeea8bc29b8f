"""``harness record --dry-run`` promises nothing that the recording then refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cassette_project import buy_project, cassette, contents, copy_project, edit
from cli_project import Command
from loopback_provider import KEY

UPDATE = ("record", "--update", "--no-report")


@pytest.fixture(scope="module")
def bought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two samples, recorded from a provider that is no script, with a list-priced model."""
    folder, _ = buy_project(tmp_path_factory.mktemp("bought"))
    return folder


def changed_model(project: Path, model: str) -> None:
    edit(project / "scenarios/coding/suite.yaml", "model: gpt-4o-mini", f"model: {model}")


BASE = ("--base-url", "http://127.0.0.1:9/v1")


def test_another_model_is_priced_as_such(harness: Command, tmp_path: Path, bought: Path) -> None:
    copy_project(bought, tmp_path)
    changed_model(tmp_path, "gpt-4o")

    done = harness(*UPDATE, "--dry-run", *BASE)

    # 1000 tokens in and 100 out at 2.50 and 10 dollars per million.
    line = "from call 1      coding/look/plain/1  about 1 call, about $0.0035"
    assert f"{line} (the tokens recorded with gpt-4o-mini)" in done.stdout
    assert "Would record 2 of 2 samples: about 2 calls, $0.0070" in done.stdout


def test_another_model_is_priced_as_such_in_whole_recordings_too(
    harness: Command, tmp_path: Path, bought: Path
) -> None:
    copy_project(bought, tmp_path)
    changed_model(tmp_path, "gpt-4o")
    cassette(tmp_path).unlink()

    anew = harness("record", "--overwrite", "--dry-run", "-e", "2", *BASE)
    new = harness("record", "--dry-run", "-e", "1", *BASE)

    assert "about 1 call, about $0.0035 (the tokens recorded with gpt-4o-mini)" in anew.stdout
    assert "about 1 call, about $0.0035 (as in 1 other epoch)" in new.stdout


def test_a_model_without_a_price_has_no_known_cost(
    harness: Command, tmp_path: Path, bought: Path
) -> None:
    copy_project(bought, tmp_path)
    changed_model(tmp_path, "unheard-of-1")

    done = harness(*UPDATE, "--dry-run", *BASE)

    assert "about 1 call, price unknown" in done.stdout
    assert "Would record 2 of 2 samples: about 2 calls, cost unknown." in done.stdout
    assert "$" not in done.stdout


def test_a_tiny_cost_is_no_zero(harness: Command, tmp_path: Path, bought: Path) -> None:
    copy_project(bought, tmp_path)
    edit(
        tmp_path / "scenarios/coding/suite.yaml",
        "prices: {written-1: {prompt: 1, completion: 2}}",
        "prices: {gpt-4o-mini: {prompt: 0.01, completion: 0.01}}",
    )

    done = harness("record", "--overwrite", "--dry-run", *BASE)

    assert "about 1 call, less than $0.0001" in done.stdout
    assert "about 2 calls, less than $0.0001" in done.stdout


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda text: text[: len(text) // 2], id="cut off"),
        pytest.param(lambda text: text.replace("\n", "\n<<<<<<< HEAD\n", 1), id="conflict marker"),
    ],
)
def test_a_damaged_cassette_is_refused_in_both(
    harness: Command, tmp_path: Path, recorded: Path, damage
) -> None:
    copy_project(recorded, tmp_path)
    path = cassette(tmp_path)
    path.write_text(damage(path.read_text()))

    dry = harness(*UPDATE, "--scripted", "--dry-run")
    real = harness(*UPDATE, "--scripted")

    assert (dry.returncode, real.returncode) == (1, 1)
    assert "REFUSED          coding/look/plain/1" in dry.stdout
    assert "Would record 0 of 2 samples; 1 still fit" in dry.stdout
    reason = dry.stdout.split("coding/look/plain/1  ")[1].partition("\n")[0]
    assert reason in real.stdout.replace(f"{tmp_path}/", "")


def test_another_source_is_refused_in_both(
    harness: Command, tmp_path: Path, recorded: Path
) -> None:
    copy_project(recorded, tmp_path)
    edit(tmp_path / "scenarios/coding/suite.yaml", "You are a coder.", "You are a poet.")
    before = contents(tmp_path)

    dry = harness(*UPDATE, "--dry-run", *BASE)
    real = harness(*UPDATE, *BASE, "--allow-unsafe", OPENAI_API_KEY=KEY)

    assert (dry.returncode, real.returncode) == (1, 1)
    for done in (dry, real):
        assert "would mix the two in one conversation" in done.stdout
        assert "harness record --update --scripted" in done.stdout
    assert "2 could not be recorded like this" in dry.stdout
    assert contents(tmp_path) == before


def test_what_fits_entirely_needs_no_provider_in_both(
    harness: Command, tmp_path: Path, recorded: Path
) -> None:
    copy_project(recorded, tmp_path)
    before = contents(tmp_path)

    dry = harness(*UPDATE, "--dry-run", *BASE)
    real = harness(*UPDATE, *BASE, "--allow-unsafe", OPENAI_API_KEY=KEY)

    assert (dry.returncode, real.returncode) == (0, 0), real.stdout
    assert "2 still fit" in dry.stdout
    assert contents(tmp_path) == before


def test_a_dry_run_says_what_the_recording_would_ask_for_first(
    harness: Command, tmp_path: Path, recorded: Path
) -> None:
    copy_project(recorded, tmp_path)
    shutil.rmtree(tmp_path / "cassettes")

    dry = harness("record", "--dry-run", "--sandbox", "none")
    real = harness("record", "--no-report", "--sandbox", "none")

    assert (dry.returncode, real.returncode) == (0, 2)
    told = dry.stdout.partition("Without --dry-run it would refuse to start:\n")[2]
    assert told.strip() == real.stderr.removeprefix("Error: ").strip()
    assert "--allow-unsafe" in told
    assert "OPENAI_API_KEY" in told
