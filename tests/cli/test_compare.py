"""``harness compare`` on real runs of a scripted suite."""

from __future__ import annotations

import json
from pathlib import Path

from cli_project import Command, without_autogen, write_suite


def project(folder: Path) -> Path:
    """A suite of two configs whose model answers otherwise while a file named bad is there."""
    bad = folder / "bad"
    suite = without_autogen(
        write_suite(
            folder,
            behaviour=f"if __import__('os').path.exists({str(bad)!r}): return 'TERMINATE'",
            epochs=2,
        )
    )
    file = suite / "suite.yaml"
    text = file.read_text()
    file.write_text(
        text.replace("  - {name: plain}", "  - {name: plain}\n  - {name: hot, temperature: 0.5}")
    )
    return bad


def ran(harness: Command) -> str:
    done = harness("run", "--no-report", "-n", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split("Run ")[1].split(":")[0]


def test_two_runs_part_where_the_model_answered_otherwise(harness: Command, tmp_path: Path) -> None:
    bad = project(tmp_path)
    first = ran(harness)
    bad.touch()
    second = ran(harness)

    done = harness("compare", first)

    assert (done.returncode, done.stderr) == (0, "")
    assert "4 samples of 4 got worse (4 failures)." in done.stdout
    lines = done.stdout.splitlines()
    assert "talk/hello/hot/1, turn 2: pass, then fail" in lines
    assert "  - bob: fine, thanks" in lines
    assert "  + bob: TERMINATE" in lines
    for run in (first, second):
        command = f"  harness show talk/hello/hot/1 --run {run}"
        assert command in lines
        assert harness(*command.split()[1:]).returncode == 0


def test_two_configs_of_the_newest_run_need_no_run_named(harness: Command, tmp_path: Path) -> None:
    project(tmp_path)
    ran(harness)

    done = harness("compare", "--configs", "plain", "hot")

    assert (done.returncode, done.stderr) == (0, "")
    assert "First plain, second hot." in done.stdout
    assert "Settings: temperature 0.5 instead of unset" in done.stdout
    assert "The same is said in both conversations of every pair." in done.stdout
    assert "harness show" not in done.stdout


def test_a_config_of_one_run_is_compared_with_one_of_another(
    harness: Command, tmp_path: Path
) -> None:
    bad = project(tmp_path)
    first = ran(harness)
    bad.touch()
    second = ran(harness)

    done = harness("compare", first, second, "--configs", "plain", "hot", "-k", "hello", "--json")

    found = json.loads(done.stdout)
    assert (found["between"], found["run_a"], found["run_b"]) == ("configs", first, second)
    assert [each["parting"]["turn"] for each in found["pairs"]["samples"]] == [2, 2]


def test_what_json_prints_has_exactly_the_fields_of_the_schema(
    harness: Command, tmp_path: Path
) -> None:
    project(tmp_path)
    ran(harness)
    schema = json.loads(harness("schema", "comparison").stdout)
    kinds = schema["discriminator"]["mapping"]

    for between, arguments in (("runs", ["latest"]), ("configs", ["--configs", "plain", "hot"])):
        document = json.loads(harness("compare", *arguments, "--json").stdout)

        fields = schema["$defs"][kinds[between].rpartition("/")[2]]["properties"]
        assert document["between"] == between
        assert document.keys() == fields.keys()
        assert document["pairs"].keys() == schema["$defs"]["Pairs"]["properties"].keys()


def test_a_scenario_and_a_check_that_changed_are_refused_by_key(
    harness: Command, tmp_path: Path
) -> None:
    project(tmp_path)
    first = ran(harness)
    hello = tmp_path / "scenarios" / "talk" / "hello"
    (hello / "scenario.yaml").write_text(
        "title: Hello\ntask: Say goodbye.\nlimits: {turns: 9}\nchecks: checks.py\n"
    )
    (hello / "checks.py").write_text("def check_nothing(sample):\n    pass\n")
    second = ran(harness)

    refused = harness("compare", first, second)
    forced = harness("compare", first, second, "--despite-drift")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "talk/hello (task, limits, checks) changed" in " ".join(refused.stderr.split())
    assert "--despite-drift" in refused.stderr
    assert forced.returncode == 0
    assert "not the same on both sides: talk/hello (task, limits, checks)." in forced.stdout


def test_mistakes_teach_what_to_type(harness: Command, tmp_path: Path) -> None:
    project(tmp_path)
    ran(harness)

    nothing = harness("compare")
    typo = harness("compare", "--configs", "plain", "hto")
    nobody = harness("compare", "latest", "-k", "nobody")

    assert [each.returncode for each in (nothing, typo, nobody)] == [2, 2, 2]
    assert "harness compare --configs A B" in nothing.stderr
    assert "Did you mean 'hot'?" in typo.stderr
    assert "keeps none of 4 samples" in nobody.stderr
