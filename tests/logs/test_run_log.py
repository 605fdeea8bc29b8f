import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest

from harness import find_log, read_log
from harness.capture import Recorder
from harness.errors import LogError, SchemaError
from harness.logs import create_log, open_log
from harness.model.outcomes import outcome_of
from harness.model.requests import RequestMessage
from harness.model.run import RunHeader
from harness.model.sample import SampleKey, SampleResult
from harness.model.transcript import SCHEMA_VERSION, Message, ModelCall, Termination, Transcript


def key(epoch: int) -> SampleKey:
    return SampleKey(suite="s", scenario="a", config="c", epoch=epoch)


def header(run_id: str = "20260101T000000-abc", epochs: int = 3) -> RunHeader:
    return RunHeader(
        run_id=run_id,
        started_at="2026-01-01T00:00:00+00:00",
        mode="mock",
        command="harness run",
        harness_version="0",
        python="3",
        platform="x",
        sandbox="none",
        suites=(),
        plan=tuple(key(epoch) for epoch in range(1, epochs + 1)),
    )


def result(epoch: int, text: str = "hello") -> SampleResult:
    events = (
        Message(index=0, offset_seconds=0.0, speaker="a", recipient="b", content=text),
        Termination(index=1, offset_seconds=0.1, reason="no_reply", detail="nobody answered"),
    )
    return SampleResult(
        key=key(epoch),
        status="completed",
        mode="mock",
        transcript=Transcript(engine="mock", engine_version="mock", events=events),
        started_at="2026-01-01T00:00:00+00:00",
        duration_seconds=0.1,
    )


def test_what_was_appended_is_read_back_equal_and_in_plan_order(tmp_path: Path) -> None:
    store = create_log(tmp_path, header())
    for epoch in (3, 1):
        store.append(result(epoch, text="Grüße \x00 \u2028 </script>"))
    store.close()

    log = read_log(store.path)

    assert log.header == header()
    assert [sample.key.epoch for sample in log.samples] == [1, 3]
    assert log.samples[0] == result(1, text="Grüße \x00 \u2028 </script>")
    assert log.missing == (key(2),)


def test_a_sample_is_never_overwritten(tmp_path: Path) -> None:
    store = create_log(tmp_path, header())
    store.append(result(1, text="first"))

    with pytest.raises(LogError, match="nothing was overwritten"):
        store.append(result(1, text="second"))

    [kept] = store.read_samples()
    store.close()
    assert kept == result(1, text="first")


def test_two_runs_never_share_a_log(tmp_path: Path) -> None:
    create_log(tmp_path, header()).close()

    with pytest.raises(LogError, match="exists"):
        create_log(tmp_path, header())


def test_every_acknowledged_sample_survives_kill_9(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        sys.path.insert(0, sys.argv[1])
        from pathlib import Path
        from test_run_log import create_log, header, result
        store = create_log(Path(sys.argv[2]), header(epochs=100_000))
        for epoch in range(1, 100_000):
            store.append(result(epoch))
            print(epoch, flush=True)
        """
    )
    folder = str(Path(__file__).parent)
    writer = subprocess.Popen(
        [sys.executable, "-c", script, folder, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    for _ in range(50):
        acknowledged = int(writer.stdout.readline())
    os.kill(writer.pid, signal.SIGKILL)
    rest = writer.stdout.read().split()
    writer.stdout.close()
    writer.wait()

    log = read_log(find_log(tmp_path))

    epochs = [sample.key.epoch for sample in log.samples]
    assert len(epochs) >= max([acknowledged, *map(int, rest[:-1])])
    assert epochs == list(range(1, len(epochs) + 1))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"not a database at all, but long enough to look", "not a run log", id="text"),
        pytest.param(b"", "layout version 0", id="empty"),
    ],
)
def test_a_file_that_is_no_run_log_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.sqlite"
    path.write_bytes(content)

    with pytest.raises(LogError, match=message):
        open_log(path)


def test_a_run_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    for run_id in ("20260101T000000-aaa", "20260102T000000-bbb"):
        create_log(tmp_path, header(run_id)).close()

    assert find_log(tmp_path).stem == "20260102T000000-bbb"
    assert find_log(tmp_path, "20260101").stem == "20260101T000000-aaa"
    with pytest.raises(LogError, match="ambiguous"):
        find_log(tmp_path, "2026")
    with pytest.raises(LogError, match="Did you mean '20260101T000000-aaa'"):
        find_log(tmp_path, "20260101T000000-aab")


def test_a_run_is_read_by_whatever_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path(".harness", "runs")
    older = create_log(folder, header("20260101T000000-aaa"))
    older.close()
    create_log(folder, header("20260102T000000-bbb")).close()

    for run in (older.path, str(older.path), "20260101T000000-aaa", "20260101"):
        assert read_log(run).header.run_id == "20260101T000000-aaa"
    assert read_log().header.run_id == "20260102T000000-bbb"
    assert read_log("20260101", str(folder.absolute())).header.run_id == "20260101T000000-aaa"
    for path in (Path("missing.sqlite"), "runs/missing.sqlite"):
        with pytest.raises(LogError, match=r"missing\.sqlite: there is no such run log"):
            read_log(path)


WITHOUT_PANDAS = """
import sys
sys.modules["pandas"] = None
from harness import HarnessError, RunLog
sys.path.insert(0, sys.argv[1])
from test_run_log import header
try:
    RunLog(header=header()).to_pandas()
except HarnessError as error:
    print(error)
"""


def test_without_pandas_a_table_names_what_to_install() -> None:
    folder = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PANDAS, folder], capture_output=True, text=True, check=True
    )

    assert "pip install pandas" in done.stdout


def test_an_empty_folder_names_the_command_that_makes_a_run(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="harness run"):
        find_log(tmp_path)


def test_a_log_written_before_executions_told_more_is_read(tmp_path: Path) -> None:
    kept = Path(__file__).parent / "version_1" / "run.sqlite"
    path = shutil.copy(kept, tmp_path)

    log = read_log(Path(path))

    (sample,) = log.samples
    assert log.header.commit == ""
    assert sample.transcript.schema_version == SCHEMA_VERSION
    told = [str(outcome_of(event)) for event in sample.transcript.code_executions]
    assert told == [
        "crashed (ZeroDivisionError: division by zero)",
        "not run (unknown language cobol)",
        "passed",
    ]
    assert sample.score_of("code_success").value == pytest.approx(1 / 3)


def test_a_log_with_a_transcript_of_a_later_release_says_so(tmp_path: Path) -> None:
    store = create_log(tmp_path, header())
    later = Transcript(schema_version=SCHEMA_VERSION + 1, engine="x", engine_version="x")
    store.append(msgspec.structs.replace(result(1), transcript=later))
    store.close()

    with pytest.raises(SchemaError, match="Upgrade it with"):
        read_log(store.path)


def test_a_log_whose_requests_name_messages_it_does_not_tell_is_refused_by_name(
    tmp_path: Path,
) -> None:
    store = create_log(tmp_path, header())
    call = ModelCall(index=0, offset_seconds=0, agent="a", model_requested="m", request=(3,))
    broken = Transcript(engine="x", engine_version="x", events=(call,))
    store.append(msgspec.structs.replace(result(1), transcript=broken))
    store.close()

    with pytest.raises(SchemaError, match=r"sent message 3, but up to there 0") as refused:
        read_log(store.path)

    assert str(store.path) in str(refused.value)


def test_texts_that_a_log_repeats_are_in_memory_once(tmp_path: Path) -> None:
    prompt = "Say it again. " * 40  # too long for Python to share of itself
    store = create_log(tmp_path, header())
    kept = []
    for epoch in (1, 2):
        recorder = Recorder()
        for _ in range(2):
            sent = [RequestMessage(role="user", content=prompt)]
            recorder.model_call(agent="coder", model_requested="m", prompt=prompt, sent=sent)
            recorder.message(speaker="coder", recipient="user", content=prompt)
        told = recorder.transcript("x", "x 1")
        kept.append(msgspec.structs.replace(result(epoch), transcript=told))
        store.append(kept[-1])
    store.close()

    log = read_log(store.path)

    assert list(log.samples) == kept
    for sample in log.samples:
        call, *others = sample.transcript.model_calls
        texts = [call.prompt, call.new_messages[0].content, *(each.prompt for each in others)]
        texts += [message.content for message in sample.transcript.messages]
        assert {id(text) for text in texts} == {id(call.prompt)}
