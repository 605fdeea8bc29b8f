"""The commands that messages advise ask those who answered before, and work as they stand."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest
from cassette_project import SAMPLES, buy_project, cassette, copy_project
from cli_project import Command, write_coding_suite
from loopback_provider import KEY, loopback_provider

from harness.sandboxes.process import ProcessSandbox

# What a live model's code needs where nothing isolates it.
UNSAFE = "" if ProcessSandbox().is_isolated else " --allow-unsafe"


@pytest.fixture(scope="module")
def bought(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Recorded from a real provider although there is a provider script."""
    return buy_project(tmp_path_factory.mktemp("bought"))


@pytest.fixture
def url(bought: tuple[Path, str], tmp_path: Path) -> str:
    folder, url = bought
    copy_project(folder, tmp_path)
    return url


def test_a_missing_epoch_is_recorded_from_where_the_others_are(
    harness: Command, tmp_path: Path, url: str
) -> None:
    cassette(tmp_path, SAMPLES[1]).unlink()

    played = harness("run", "--no-report")
    verified = harness("cassette", "verify", "--no-replay", "--json")

    flags = f"--base-url {url}{UNSAFE}"
    command = f"harness record coding -k look --config plain --epoch 2 {flags}"
    assert f"Record it with: {command}" in played.stdout
    assert json.loads(verified.stdout)["commands"] == {
        "missing": [f"harness record coding -e 2 {flags}"]
    }


@pytest.mark.parametrize("damage", ["torn", "headless"])
def test_a_damaged_cassette_is_recorded_from_where_it_or_its_neighbours_are(
    harness: Command, tmp_path: Path, url: str, damage: str
) -> None:
    path = cassette(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[:-30] if damage == "torn" else data[30:])

    verified = harness("cassette", "verify", "--no-replay", "--json")

    assert json.loads(verified.stdout)["commands"] == {
        "damaged": [f"harness record coding -e 1 --overwrite --base-url {url}{UNSAFE}"]
    }


def test_stale_cassettes_of_a_real_provider_are_updated_from_it(
    harness: Command, tmp_path: Path, url: str
) -> None:
    suite = tmp_path / "scenarios/coding/suite.yaml"
    suite.write_text(suite.read_text().replace("temperature: 0.5", "temperature: 0.7"))

    verified = harness("cassette", "verify", "--no-replay", "--json")

    assert json.loads(verified.stdout)["commands"] == {
        "stale": [f"harness record coding --update --base-url {url}{UNSAFE}"]
    }


def test_the_first_command_advised_for_a_real_provider_is_the_last_one_needed(
    harness: Command, tmp_path: Path
) -> None:
    suite = write_coding_suite(tmp_path)
    (suite / "provider.py").unlink()
    with loopback_provider() as provider:
        text = (suite / "suite.yaml").read_text()
        settings = f"provider_settings: {{base_url: '{provider.base_url}', api_key_env: A_KEY}}"
        (suite / "suite.yaml").write_text(text.replace("provider: provider.py:reply", settings))

        advised = harness("run", "--no-report").stderr.strip().split("Record them with: ")[1]
        variable, _, command = advised.partition("=... harness ")
        recorded = harness(*shlex.split(command), "--no-report", **{variable: KEY})

    assert variable == "A_KEY"
    assert recorded.returncode == 0, recorded.stderr
    assert harness("run", "--no-report").returncode == 0


def test_without_a_provider_script_nobody_advises_the_scripted_provider(
    harness: Command, tmp_path: Path
) -> None:
    suite = write_coding_suite(tmp_path)
    (suite / "provider.py").unlink()
    text = (suite / "suite.yaml").read_text()
    (suite / "suite.yaml").write_text(text.replace("provider: provider.py:reply\n", ""))

    keyless = harness("record", "--allow-unsafe")
    scripted = harness("record", "--scripted")

    assert "--scripted" not in keyless.stderr
    assert "harness record coding --allow-unsafe" in scripted.stderr


def test_where_nothing_is_recorded_the_command_records_all_that_was_asked_for_there(
    harness: Command, tmp_path: Path
) -> None:
    first = write_coding_suite(tmp_path)
    again = first.with_name("again")
    shutil.copytree(first, again)
    (again / "look" / "scenario.yaml").write_text("title: Look\ntask: Look again, please.\n")

    refused = harness("run", "--no-report", "-e", "1", "--cassettes", "else where")
    advised = refused.stderr.strip().partition("Record them with: ")[2]
    done = harness(*shlex.split(advised)[1:], "--no-report")
    played = harness("run", "--no-report", "-e", "1", "--cassettes", "else where")

    assert refused.returncode == 2
    assert advised == "harness record again coding --scripted -e 1 --cassettes 'else where'"
    assert done.returncode == 0, done.stderr
    assert played.returncode == 0, played.stdout + played.stderr


def test_suites_that_are_recorded_in_different_ways_get_a_command_each(
    harness: Command, tmp_path: Path
) -> None:
    first = write_coding_suite(tmp_path)
    live = first.with_name("live")
    shutil.copytree(first, live)
    text = (live / "suite.yaml").read_text()
    (live / "suite.yaml").write_text(text.replace("provider: provider.py:reply\n", ""))
    (live / "provider.py").unlink()

    refused = harness("run", "--no-report", "coding", "live")

    commands = (
        f"harness record coding --scripted; and OPENAI_API_KEY=... harness record live{UNSAFE}"
    )
    assert sorted(refused.stderr.strip().partition("Record them with: ")[2].split("; and ")) == (
        sorted(commands.split("; and "))
    )


def test_a_suite_scripted_in_process_is_told_how_to_be_recorded(
    harness: Command, tmp_path: Path
) -> None:
    harness("new", "scenario", "my_suite/hello")

    done = harness("record", "--scripted")

    assert done.returncode == 2
    assert "delete the line 'script:' in scenarios/my_suite/suite.yaml" in done.stderr
    assert "--allow-unsafe" in (tmp_path / "scenarios/my_suite/suite.yaml").read_text()


def test_an_unfinished_recording_is_gone_on_with_and_the_rest_removed(
    harness: Command, tmp_path: Path, url: str
) -> None:
    whole = cassette(tmp_path)
    text = whole.read_text()
    older = text.replace('"recorded_at":"20', '"recorded_at":"19', 1)
    whole.with_name("1.jsonl.partial").write_text(text)
    whole.with_name("1.jsonl.partial.old").write_text(older)
    whole.unlink()

    verified = harness("cassette", "verify", "--no-replay", "-e", "1")
    listed = json.loads(harness("cassette", "verify", "--no-replay", "--json").stdout)

    assert verified.returncode == 1
    assert listed["commands"]["unfinished"] == [
        f"harness record coding -e 1 --update --base-url {url}{UNSAFE}",
    ]
