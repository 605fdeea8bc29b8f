from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cassette_project import cassette, copy_project, edit
from cli_project import Command, environment, write_coding_suite, write_suite

from harness.logs import find_log, read_log
from harness.model.run import RunLog
from harness.provider.server import Behaviour, serving

KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def project(recorded: Path, tmp_path: Path) -> Path:
    """With two samples and their cassettes."""
    return copy_project(recorded, tmp_path)


def the_log(project: Path) -> RunLog:
    return read_log(find_log(project / ".harness" / "runs"))


def behaviour_of(project: Path) -> Behaviour:
    module: dict[str, object] = {}
    exec((project / "scenarios/coding/provider.py").read_text(), module)  # our own text
    return Behaviour(
        scenario="look",
        task="Look around, please.",
        parameters={},
        reply=module["reply"],  # type: ignore[arg-type]
    )


def conversation(log: RunLog) -> list[list[tuple[str, str]]]:
    return [[(m.speaker, m.content) for m in s.transcript.messages] for s in log.samples]


def test_a_recording_replays_the_same_conversation_without_a_socket(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)

    recorded = harness("record", "--scripted", "--no-report")
    spoken = conversation(the_log(tmp_path))
    replayed = harness("run", "--no-report")

    assert recorded.returncode == 0, recorded.stderr
    assert replayed.returncode == 0, replayed.stderr
    assert "scripted provider" in replayed.stdout
    log = the_log(tmp_path)
    assert conversation(log) == spoken
    assert "Epoch 2 is done" in spoken[1][-1][1]
    for sample in log.samples:
        assert sample.cassette is not None
        assert sample.cassette.source == "scripted provider"
        assert sample.cassette.asked == sample.cassette.served == 2
        assert sample.cassette.sockets_opened == 0
        assert sample.cassette.unplayed == 0
        assert [artefact.path for artefact in sample.artefacts][-1] == "seen.txt"


def test_a_cassette_replays_in_another_folder_time_zone_and_temporary_folder(
    harness: Command, tmp_path: Path, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    for folder in ("scenarios", "cassettes"):
        shutil.move(tmp_path / folder, elsewhere / folder)

    replayed = harness(
        "run",
        *("--no-report", "--scenarios", "else where/scenarios", "--cassettes"),
        "else where/cassettes",
        TZ="Asia/Tokyo",
        TMPDIR=str(tmp_path_factory.mktemp("t")),
        USER="somebody",
    )

    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    outputs = [e.output for s in the_log(tmp_path).samples for e in s.transcript.code_executions]
    assert len(set(outputs)) == 1
    assert str(tmp_path) not in outputs[0]
    assert "NameError" in outputs[0]


def test_a_changed_prompt_is_a_miss_that_names_agent_place_and_command(
    harness: Command, project: Path
) -> None:
    edit(project / "scenarios/coding/suite.yaml", "You are a coder.", "You are a poet.")

    replayed = harness("run", "--no-report")

    assert replayed.returncode == 1
    for part in ("coder", "messages[0].content", "poet", "harness record coding"):
        assert part in replayed.stdout, part
    assert {sample.status for sample in the_log(project).samples} == {"miss"}


def test_the_command_that_a_miss_names_mends_it(harness: Command, project: Path) -> None:
    edit(project / "scenarios/coding/suite.yaml", "You are a coder.", "You are a poet.")
    missed = harness("run", "--no-report", "-e", "1")

    [told] = re.findall(
        r"^MISS .*\n(?:  .*\n)*To record it again: harness (.*)", missed.stdout, re.M
    )
    printed = told.split()
    recorded = harness(*printed, "--no-report")

    assert recorded.returncode == 0, recorded.stderr
    assert harness("run", "--no-report", "-e", "1").returncode == 0


def test_an_unreachable_provider_is_named_with_the_cause(harness: Command, tmp_path: Path) -> None:
    write_coding_suite(tmp_path)

    finished = harness(
        *("record", "--allow-unsafe", "--no-report", "--base-url", "http://127.0.0.1:9/v1"),
        OPENAI_API_KEY=KEY,
    )

    assert finished.returncode == 2
    assert "Connection refused" in finished.stdout


def test_a_recording_is_not_resumed_as_a_run(harness: Command, tmp_path: Path) -> None:
    write_coding_suite(tmp_path, behaviour="import time; time.sleep(60)")
    recording = subprocess.Popen(
        [sys.executable, "-m", "harness", "record", "--scripted", "--no-report"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list((tmp_path / ".harness" / "runs").glob("*.sqlite")):
        assert recording.poll() is None
        time.sleep(0.05)
    recording.kill()
    recording.wait()

    resumed = harness("run", "--resume")

    assert resumed.returncode == 2
    assert "harness record" in resumed.stderr


def test_a_cassette_that_exists_is_kept_unless_told_otherwise(
    harness: Command, project: Path
) -> None:
    cassettes = sorted((project / "cassettes").rglob("*.jsonl"))
    before = [cassette.read_bytes() for cassette in cassettes]

    again = harness("record", "--scripted", "--no-report")
    kept = [cassette.read_bytes() for cassette in cassettes]
    replaced = harness("record", "--scripted", "--no-report", "--overwrite", "-e", "1")

    assert again.returncode == 0
    assert "2 samples have a cassette and are skipped" in again.stdout
    assert kept == before
    assert replaced.returncode == 0
    assert len(the_log(project).samples) == 1


def test_a_failed_recording_stays_partial_and_is_recorded_again(
    harness: Command, tmp_path: Path
) -> None:
    suite = write_coding_suite(tmp_path, behaviour="assert call.epoch == 1, 'out of order'")
    failed = harness("record", "--scripted", "--no-report")
    finished = sorted(path.name for path in (tmp_path / "cassettes").rglob("*.jsonl*"))
    provider = (suite / "provider.py").read_text()
    (suite / "provider.py").write_text(provider.replace("assert call.epoch == 1", "assert True"))

    again = harness("record", "--scripted", "--no-report")

    assert failed.returncode == 1
    assert finished == ["1.jsonl", "2.jsonl.partial"]
    assert again.returncode == 0, again.stdout
    assert "1 sample has a cassette" in again.stdout
    assert harness("run", "--no-report").returncode == 0


def test_without_a_key_nothing_starts_and_the_variable_is_named(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)

    finished = harness("record", "--allow-unsafe")

    assert finished.returncode == 2
    assert "OPENAI_API_KEY" in finished.stderr
    assert not (tmp_path / ".harness").exists()
    assert not (tmp_path / "cassettes").exists()


def test_code_of_a_live_model_is_not_run_unisolated_unless_allowed(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)

    finished = harness("record", "--sandbox", "none", OPENAI_API_KEY=KEY)

    assert finished.returncode == 2
    assert "--allow-unsafe" in finished.stderr


def test_a_scripted_provider_served_elsewhere_is_still_called_scripted(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)
    with serving([behaviour_of(tmp_path)]) as provider:
        recorded = harness("record", "--base-url", provider.base_url, "--no-report")

    assert recorded.returncode == 0, recorded.stderr
    for sample in the_log(tmp_path).samples:
        assert sample.cassette is not None
        assert sample.cassette.source == "scripted provider"
        assert f"Epoch {sample.key.epoch} is done" in sample.transcript.messages[-1].content


def test_a_key_given_for_recording_reaches_no_file(harness: Command, tmp_path: Path) -> None:
    write_coding_suite(tmp_path, behaviour=f"return 'Your key is {KEY}. TERMINATE'")
    behaviour = behaviour_of(tmp_path)
    shutil.rmtree(tmp_path / "scenarios")
    write_coding_suite(tmp_path)
    with serving([behaviour]) as provider:
        recorded = harness(
            *("record", "--allow-unsafe", "--base-url", provider.base_url),
            *("--api-key-env", "MY_KEY", "--report", "report.html"),
            MY_KEY=KEY,
        )

    assert recorded.returncode == 0, recorded.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".jsonl", ".sqlite", ".html"}
    for path in files:
        assert KEY.encode() not in path.read_bytes(), path
    said = [m.content for s in the_log(tmp_path).samples for m in s.transcript.messages]
    assert any("Your key is [redacted]" in text for text in said)


def test_an_agent_that_opens_a_socket_during_a_replay_is_stopped(
    harness: Command, project: Path
) -> None:
    suite = project / "scenarios/coding"
    spy = (
        "import socket\n    try:\n        socket.create_connection(('127.0.0.1', 9), 1)\n"
        "    except Exception:\n        pass\n"
    )
    team = (suite / "team.py").read_text()
    (suite / "team.py").write_text(team.replace("    coder =", f"    {spy}    coder ="))

    replayed = harness("run", "--no-report")

    assert replayed.returncode == 1
    samples = the_log(project).samples
    assert {sample.status for sample in samples} == {"error"}
    assert all(s.failure and "SocketBlocked" in s.failure.type for s in samples)


CONNECT = """
import socket

def connect():
    try:
        socket.create_connection(("127.0.0.1", {port}), 1)
    except Exception:
        pass
"""


@pytest.mark.parametrize(
    ("file", "call"),
    [
        pytest.param("team.py", "connect()\n", id="importing the team"),
        pytest.param("checks.py", "def check_it(sample):\n    connect()\n", id="a check"),
        pytest.param("checks.py", "connect()\ndef check_it(sample): pass\n", id="importing checks"),
    ],
)
def test_no_code_of_a_suite_reaches_the_network_in_a_replay(
    harness: Command, project: Path, file: str, call: str
) -> None:
    suite = project / "scenarios/coding"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        code = CONNECT.format(port=listener.getsockname()[1]) + call
        text = (suite / file).read_text() if (suite / file).exists() else ""
        (suite / file).write_text(code + text)

        replayed = harness("run", "--no-report")

        with pytest.raises(TimeoutError):
            listener.accept()
    assert replayed.returncode == 1
    samples = the_log(project).samples
    assert all(s.failure and "SocketBlocked" in s.failure.type for s in samples)


def test_a_cassette_of_another_sample_is_refused(harness: Command, project: Path) -> None:
    first, second = sorted((project / "cassettes").rglob("*.jsonl"))
    shutil.copy(second, first)

    replayed = harness("run", "--no-report")

    assert replayed.returncode == 1
    assert "was recorded for coding/look/plain/2" in replayed.stdout


def test_a_suite_without_any_cassette_says_how_to_record_before_running(
    harness: Command, tmp_path: Path
) -> None:
    write_coding_suite(tmp_path)

    finished = harness("run")

    assert finished.returncode == 2
    assert "harness record coding" in finished.stderr


def test_one_missing_cassette_is_a_miss_of_that_sample_only(
    harness: Command, project: Path
) -> None:
    cassette(project, "coding/look/plain/2").unlink()

    finished = harness("run", "--no-report")

    assert finished.returncode == 1
    assert [sample.status for sample in the_log(project).samples] == ["completed", "miss"]
    assert "--epoch 2" in finished.stdout


def test_scripted_and_recorded_suites_run_together(harness: Command, project: Path) -> None:
    write_suite(project)

    finished = harness("run", "--no-report")

    assert finished.returncode == 0, finished.stderr
    assert {sample.mode for sample in the_log(project).samples} == {"replay", "mock"}


def test_a_cassette_of_the_scripted_provider_does_not_depend_on_its_port(
    harness: Command, project: Path
) -> None:
    path = cassette(project)

    assert '"base_url":"http://127.0.0.1/v1"' in path.read_text().split("\n")[0]
    assert "http://127.0.0.1:" not in path.read_text()
    assert harness("run", "--no-report", "-e", "1").returncode == 0
