"""Runs that find the same are the same file; what differs between them is beside it."""

import json

import msgspec
import pytest
from report_logs import realistic_log

from harness.comparison import compare_configs
from harness.model.transcript import CodeExecution
from harness.reports.files import write_report
from harness.reports.steady import digest_of


@pytest.fixture(scope="module")
def log():
    found = realistic_log(epochs=1)
    assert any(sample.transcript.code_executions for sample in found.samples)
    return found


def another_time(log):
    """The same run under another name, on another machine, at another speed."""

    def slower(event):
        changes = {"offset_seconds": event.offset_seconds + 1.5}
        if isinstance(event, CodeExecution):
            changes |= {"duration_seconds": 9.0, "cpu_seconds": 8.0, "peak_memory_bytes": 7}
            changes |= {"is_remembered": True}
        return msgspec.structs.replace(event, **changes)

    def later(sample):
        events = tuple(map(slower, sample.transcript.events))
        return msgspec.structs.replace(
            sample,
            started_at="2031-01-01T00:00:00Z",
            duration_seconds=77.0,
            transcript=msgspec.structs.replace(sample.transcript, events=events),
        )

    header = msgspec.structs.replace(
        log.header,
        run_id="20310101T000000-fedcba",
        started_at="2031-01-01T00:00:00Z",
        command="harness run --workers 7",
        python="3.13.1",
        platform="Darwin arm64",
        scenarios_root="/elsewhere",
        cassettes_root="/there",
        commit="0123456789" * 4,
    )
    return msgspec.structs.replace(log, header=header, samples=tuple(map(later, log.samples)))


def written(name, log, folder):
    folder.mkdir()
    write_report(name, folder / f"results.{name}", log, compare_configs(log))
    return (folder / f"results.{name}").read_bytes(), (folder / "results.run.json").read_bytes()


@pytest.mark.parametrize("name", ["html", "json"])
def test_name_clock_and_speed_of_a_run_change_its_sidecar_alone(name, log, tmp_path):
    results, sidecar = written(name, log, tmp_path / "one")
    again, other_sidecar = written(name, another_time(log), tmp_path / "other")

    assert results == again
    assert sidecar != other_sidecar


@pytest.mark.parametrize("name", ["html", "json"])
def test_another_outcome_changes_the_results(name, log, tmp_path):
    first, *others = log.samples
    changed = msgspec.structs.replace(
        log, samples=(msgspec.structs.replace(first, status="error", scores=()), *others)
    )

    assert written(name, log, tmp_path / "one")[0] != written(name, changed, tmp_path / "other")[0]
    assert digest_of(log) != digest_of(changed)


def test_the_sidecar_names_its_results_and_holds_what_they_leave_out(log, tmp_path):
    results, sidecar = written("json", log, tmp_path / "one")

    told = json.loads(sidecar)
    assert told["results"] == json.loads(results)["results"] == digest_of(log)
    assert told["run"]["run_id"] == log.header.run_id
    assert told["run"]["python"] == log.header.python
    ran = next(each for each in log.samples if each.transcript.code_executions)
    entry = next(each for each in told["samples"] if each["sample"] == str(ran.key))
    assert entry["duration_seconds"] == ran.duration_seconds
    assert entry["offsets_seconds"] == [event.offset_seconds for event in ran.transcript.events]
    assert [each["duration_seconds"] for each in entry["executions"]] == [
        event.duration_seconds for event in ran.transcript.code_executions
    ]


def test_a_report_without_a_sidecar_has_none(log, tmp_path):
    write_report("junit", tmp_path / "results.xml", log, compare_configs(log))

    assert [path.name for path in tmp_path.iterdir()] == ["results.xml"]
