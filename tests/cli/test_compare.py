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


def test_two_runs_and_two_configs_that_said_the_same_are_called_identical(
    harness: Command, tmp_path: Path
) -> None:
    project(tmp_path)
    first = ran(harness)
    ran(harness)

    runs = harness("compare", first).stdout
    configs = harness("compare", "--configs", "plain", "hot").stdout

    for told in (runs, configs):
        assert "identical, conversation by conversation: nothing could differ." in told
        assert "inconclusive" not in told
        assert "sees" not in told
    rows = [line for line in runs.splitlines() if line.startswith("talk/")]
    assert [row.split()[-1] for row in rows] == ["identical", "identical"]


def test_a_run_with_one_sample_that_differs_is_not_called_identical(
    harness: Command, tmp_path: Path
) -> None:
    bad = project(tmp_path)
    first = ran(harness)
    bad.touch()
    suite = tmp_path / "scenarios" / "talk" / "script.py"
    suite.write_text(
        suite.read_text().replace("if __import__", "if context.epoch == 2 and __import__")
    )
    ran(harness)

    told = harness("compare", first, "-k", "plain").stdout

    assert "1 sample of 2 got worse" in told
    assert "identical" not in told


def test_levels_of_a_matrix_are_compared_and_the_report_is_said_to_correct_for_more(
    harness: Command, tmp_path: Path
) -> None:
    suite = write_suite(
        tmp_path, behaviour="if context.config.temperature == 1: return 'TERMINATE'"
    )
    file = suite / "suite.yaml"
    matrix = (
        "matrix: {prompts: {brief: {ann: Be brief.}, careful: {ann: Check.}}, "
        "temperature: [0.2, 1.0]}"
    )
    file.write_text(file.read_text().replace("configs:\n  - {name: plain}", matrix))
    ran(harness)

    prompts = harness("compare", "--configs", "prompts=brief", "prompts=careful")
    heat = harness("compare", "--configs", "temperature=0.2", "temperature=1.0")
    pair = harness("compare", "--configs", "brief-t0.2", "careful-t0.2")

    assert (heat.returncode, heat.stderr) == (0, "")
    assert "First prompts=brief, second prompts=careful." in prompts.stdout
    assert "identical, conversation by conversation" in prompts.stdout
    assert "Conversations part in 4 of 4 pairs" in heat.stdout
    assert "talk/hello, epoch 1, brief-t0.2 and brief-t1.0, turn 2" in heat.stdout
    alone = "Interval, p and what it sees are of this comparison alone, at 95 %. A report corrects"
    assert alone in heat.stdout
    # Of sides that say the same, nothing is left to chance.
    for told in (prompts, pair):
        assert "A report corrects" not in told.stdout


def test_where_a_run_has_two_configs_alone_a_report_corrects_for_no_more(
    harness: Command, tmp_path: Path
) -> None:
    suite = write_suite(
        tmp_path, behaviour="if context.config.temperature == 1: return 'TERMINATE'"
    )
    file = without_autogen(suite) / "suite.yaml"
    file.write_text(file.read_text().replace("plain}", "plain}\n  - {name: hot, temperature: 1.0}"))
    ran(harness)

    done = harness("compare", "--configs", "plain", "hot").stdout

    assert "Interval, p and what it sees are of this comparison alone, at 95 %.\n" in done
