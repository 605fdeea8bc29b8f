"""What the scripted analyst writes behaves as labelled, and the checks tell right from wrong."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from harness.model.sample import SampleKey
from harness.model.team import FinishedSample
from harness.model.transcript import CodeExecution, Transcript
from harness.provider.parts import Parts, read_parts
from harness.sandboxes.process import ProcessSandbox
from harness.suites import load_checks, load_suite

FOLDER = Path(__file__).parents[2] / "scenarios" / "sales_report"
SUITE = load_suite(FOLDER)
SCENARIOS = {scenario.name: scenario for scenario in SUITE.scenarios}
PARTS = {name: read_parts(FOLDER / "parts" / f"{name}.txt") for name in SCENARIOS}
SEEDS = (3, 11, 23, 42, 101, 2025)

# Which checks fail because of a slip that raises no error.
SILENT = {
    "widgets": {
        "generate/every_month": "rows",
        "generate/low_units": "rows",
        "group/skips_first": "totals means",
        "mean/all_rows": "means",
        "mean/whole_units": "means",
        "chart/cleared": "chart",
        "chart/unsaved": "chart",
        "chart/other_name": "chart",
        "print/no_means": "means",
        "print/thousands": "totals",
    },
    "regions": {
        "amount/refund_as_sale": "tidy_rows revenue",
        "date/month_first": "tidy_rows",
        "region/blanks_only": "tidy_rows orders revenue",
        "clean/keeps_doubles": "tidy_rows orders revenue",
        "clean/same_text_only": "tidy_rows orders revenue",
        "chart/cleared": "chart",
        "chart/unsaved": "chart",
        "print/no_counts": "orders",
    },
    "returns": {
        "quarter/one_late": "table figures",
        "refund/last_wins": "table figures",
        "refund/per_line": "table figures",
        "sum/returned_only": "table figures",
        "sum/date_of_return": "table figures",
        "chart/cleared": "chart",
        "chart/unsaved": "chart",
        "print/net_only": "figures",
    },
}
# Slips that end the script with an error of its own.
LOUD = {
    "widgets": ["read/other_column", "read/as_text"],
    "regions": [
        "amount/plain",
        "amount/no_parentheses",
        "amount/no_missing",
        "clean/other_column",
    ],
    "returns": ["price/other_column", "refund/unknown_orders"],
}


def sound(parts: Parts) -> dict[str, str]:
    """The first sound variant of every slot, and the chart that is drawn fastest."""
    chosen: dict[str, str] = {}
    for part in parts.parts:
        if part.variant.startswith("good"):
            chosen.setdefault(part.slot, part.variant)
    return {**chosen, "chart": "good_pillow"}


def with_part(scenario: str, name: str, **more: str) -> dict[str, str]:
    part = PARTS[scenario].get(name)
    return {**sound(PARTS[scenario]), part.slot: part.variant, **more}


def run(
    scenario: str,
    workspace: Path,
    chosen: dict[str, str],
    template: str = "program/whole",
    seed: int = 3,
) -> CodeExecution:
    """Run a script made of written parts, as the executor does."""
    code = PARTS[scenario].compose(template, chosen, {"seed": seed})
    for source, target in SCENARIOS[scenario].files:
        shutil.copy(source, workspace / target)
    done = ProcessSandbox().run(
        workspace, code, language="python", filename="report.py", timeout_seconds=60
    )
    return CodeExecution(
        index=0,
        offset_seconds=0.0,
        agent="executor",
        language="python",
        code=code,
        exit_code=done.exit_code,
        output=done.output,
        duration_seconds=done.duration_seconds,
    )


def finished(scenario: str, workspace: Path, *executions: CodeExecution) -> FinishedSample:
    return FinishedSample(
        key=SampleKey(suite="sales_report", scenario=scenario, config="brief-t0.2", epoch=1),
        scenario=SCENARIOS[scenario],
        config=SUITE.configs[0],
        transcript=Transcript(engine="autogen", engine_version="-", events=executions),
        workspace=workspace,
        sandbox=ProcessSandbox(),
    )


def failures(sample: FinishedSample) -> dict[str, str]:
    """Why each check that fails does."""
    assert sample.scenario.checks is not None
    found = {}
    for name, check in load_checks(sample.scenario.checks).items():
        try:
            result = check(sample)
        except AssertionError as error:
            found[name] = str(error)
        else:
            if result is not None and not result.passed:
                found[name] = result.reason
    return found


def cases(kind: str) -> list:
    table = {"silent": SILENT, "loud": LOUD}[kind]
    return [
        pytest.param(scenario, name, id=f"{scenario}-{name.replace('/', '-')}")
        for scenario, names in table.items()
        for name in names
    ]


def slips(scenario: str) -> set[str]:
    return {part.name for part in PARTS[scenario].parts if part.number("rate")}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_slip_is_in_one_of_the_tables(scenario: str) -> None:
    assert slips(scenario) == {*SILENT[scenario], *LOUD[scenario]}


SOUND = [
    pytest.param(scenario, part.name, id=f"{scenario}-{part.name.replace('/', '-')}")
    for scenario, parts in PARTS.items()
    for part in parts.parts
    if part.variant.startswith("good") or part.slot == "verify"
]


@pytest.mark.parametrize(("scenario", "name"), SOUND)
def test_every_sound_part_passes_every_check(scenario: str, name: str, tmp_path: Path) -> None:
    execution = run(scenario, tmp_path, with_part(scenario, name))

    assert execution.exit_code == 0, execution.output
    assert failures(finished(scenario, tmp_path, execution)) == {}


@pytest.mark.parametrize(("scenario", "name"), cases("silent"))
def test_a_silent_slip_fails_the_checks_meant_for_it(
    scenario: str, name: str, tmp_path: Path
) -> None:
    execution = run(scenario, tmp_path, with_part(scenario, name))

    assert execution.exit_code == 0, execution.output
    found = failures(finished(scenario, tmp_path, execution))
    assert set(found) == set(SILENT[scenario][name].split())


@pytest.mark.parametrize(("scenario", "name"), cases("loud"))
def test_a_loud_slip_gives_itself_away_the_same_on_every_python(
    scenario: str, name: str, tmp_path: Path
) -> None:
    execution = run(scenario, tmp_path, with_part(scenario, name))

    assert execution.exit_code == 1
    assert PARTS[scenario].get(name).notes["error"] in execution.output
    frames = re.findall(r'File "([^"]+)", line \d+, in (\S+)', execution.output)
    assert {path for path, _ in frames} == {"/workspace/report.py"}
    # Python 3.11 shows a comprehension as a frame of its own, 3.12 does not.
    assert not [function for _, function in frames if function.endswith("comp>")]


CHECKED = [
    pytest.param(scenario, name, id=f"{scenario}-{name.replace('/', '-')}")
    for scenario, table in SILENT.items()
    for name in table
    if "error" in PARTS[scenario].get(name).notes
]


@pytest.mark.parametrize(("scenario", "name"), CHECKED)
def test_a_script_that_checks_itself_finds_the_slip(
    scenario: str, name: str, tmp_path: Path
) -> None:
    execution = run(scenario, tmp_path, with_part(scenario, name, verify="everything"))

    assert execution.exit_code == 1
    assert "AssertionError: " in execution.output
    assert PARTS[scenario].get(name).notes["error"] in execution.output


@pytest.mark.parametrize("seed", SEEDS)
def test_the_range_slip_shows_with_every_seed(seed: int, tmp_path: Path) -> None:
    good = run("widgets", tmp_path, {"generate": "good_writer"}, "first/whole", seed)
    assert "rows" not in failures(finished("widgets", tmp_path, good))

    bad = run("widgets", tmp_path, {"generate": "low_units"}, "first/whole", seed)

    assert "is not between 10 and 500" in failures(finished("widgets", tmp_path, bad))["rows"]
