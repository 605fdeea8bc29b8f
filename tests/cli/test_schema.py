"""Whatever the command line writes as JSON fits the schema that it prints."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import msgspec
import pytest
from cli_project import environment, write_coding_suite
from jsonschema import Draft202012Validator

from harness import compare_runs, read_log

KINDS = {
    "transcript": "harness show --json, the transcript in it",
    "sample": "harness show --json",
    "run": "a run log, encoded",
    "results": "harness run --results",
    "comparison": "two run logs compared, encoded",
    "gate": "harness gate --results",
    "baseline": "harness baseline set",
    "history": "harness history --json",
}
GATE = "gate: {success: {at_least: 0.9}, cost_usd: {at_most: 1}}\n"
SAMPLE = "coding/look/plain/1"


def encoded(value: msgspec.Struct) -> object:
    return json.loads(msgspec.json.encode(value))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """One output of each kind, of a small project whose agents run code."""
    project = tmp_path_factory.mktemp("project")

    def harness(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "harness", *arguments],
            cwd=project,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    suite = write_coding_suite(project)
    (suite / "suite.yaml").write_text((suite / "suite.yaml").read_text() + GATE)
    harness("record", "--scripted", "--no-report")
    harness("run", "--no-report", "--results", "results.json")
    harness("baseline", "set", "latest")
    harness("history", "add", "--all")
    assert "Gate of coding" in harness("gate", "--results", "gate.json")
    logs = [read_log(path) for path in sorted((project / ".harness" / "runs").glob("*.sqlite"))]
    assert any(sample.transcript.code_executions for sample in logs[1].samples)
    sample = json.loads(harness("show", SAMPLE, "--json"))
    return {
        "transcript": sample["transcript"],
        "sample": sample,
        "run": encoded(logs[1]),
        "results": json.loads((project / "results.json").read_text()),
        "comparison": encoded(compare_runs(*logs)),
        "gate": json.loads((project / "gate.json").read_text()),
        "baseline": json.loads((suite / "baseline.json").read_text()),
        "history": json.loads(harness("history", "--json")),
    }


def schema(name: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "harness", "schema", name], capture_output=True, check=True
    )
    printed: dict[str, object] = json.loads(done.stdout)
    return printed


@pytest.mark.parametrize("name", KINDS)
def test_what_is_written_fits_the_schema_that_is_printed(
    outputs: dict[str, object], name: str
) -> None:
    printed = schema(name)
    Draft202012Validator.check_schema(printed)

    assert [
        error.message for error in Draft202012Validator(printed).iter_errors(outputs[name])
    ] == []


@pytest.mark.parametrize("name", KINDS)
def test_what_has_one_field_more_or_another_type_does_not_fit(
    outputs: dict[str, object], name: str
) -> None:
    validator = Draft202012Validator(schema(name))
    document = outputs[name]
    assert isinstance(document, dict)
    key = next(name for name in document if name != "schema_version")

    assert not validator.is_valid({**document, "unheard_of": 1})
    assert not validator.is_valid({**document, key: 12.5})


def test_every_kind_that_the_help_lists_is_tried_here() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness", "schema", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert re.findall(r"^  ([a-z]+)   +\S", done.stdout, re.MULTILINE) == list(KINDS)
    assert f"[{'|'.join(KINDS)}]" in "".join(done.stdout.split())
