"""Scenario files as tests, and tests marked with a scenario."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from cli_project import write_coding_suite, write_suite
from pytest_project import result_of, run_pytest

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.pytester import RunResult

CHECKS = """
def check_it_is_fine(sample):
    assert sample.key.epoch == 1, "only the first epoch is fine"
"""


MOCK_TEAM = """
from harness import Team
from harness.mocks import MockAgent

def build(context):
    return Team(initiator=MockAgent("ann"), recipient=MockAgent("bob"), max_turns=2)
"""


def without_autogen(suite: Path) -> Path:
    """Have mock agents say what the script says."""
    (suite / "suite.yaml").write_text("engine: mock\n" + (suite / "suite.yaml").read_text())
    (suite / "team.py").write_text(MOCK_TEAM)
    return suite


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    """A suite of two epochs, played by a script; its check fails in the second."""
    suite = without_autogen(write_suite(pytester.path))
    (suite / "checks.py").write_text(CHECKS)
    return pytester.path


def run(pytester: pytest.Pytester, *arguments: str) -> RunResult:
    return result_of(run_pytest(pytester.path, *arguments))


def test_a_scenario_file_is_a_test_per_config_and_epoch(
    pytester: pytest.Pytester, project: Path
) -> None:
    (project / "molecule").mkdir()
    (project / "molecule" / "scenario.yaml").write_text("name: somebody else's\n")

    done = run(pytester, "-rA", "--harness-report=r.html", "--junitxml=j.xml")

    item = "scenarios/talk/hello/scenario.yaml::plain"
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        [
            "it_is_fine: only the first epoch is fine*",
            "talk/hello/plain/2, its last turns:",
            "  [[]2] bob to ann",
            "      fine, thanks",
            "Read it whole: harness show talk/hello/plain/2 --run *-*",
            f"PASSED {item}/1",
            f"FAILED {item}/2*",
        ]
    )
    assert "talk/hello/plain/2" in (project / "r.html").read_text()
    assert 'name="harness.termination" value="max_turns"' in (project / "j.xml").read_text()


def test_low_scores_may_pass_but_errors_never(pytester: pytest.Pytester, project: Path) -> None:
    low = run(pytester, "--harness-allow-low-scores")
    (project / "scenarios" / "talk" / "checks.py").write_text("def check_x(sample): 1 / 0")
    broken = run(pytester, "--harness-allow-low-scores")

    low.assert_outcomes(passed=2)
    broken.assert_outcomes(failed=2)


@pytest.mark.parametrize(
    ("arguments", "collected"),
    [
        pytest.param(["scenarios/talk/suite.yaml"], 2, id="a suite file"),
        pytest.param(["-k", "talk and plain and 1"], 1, id="by its folders' names"),
        pytest.param(["scenarios/talk/hello/scenario.yaml::plain/2"], 1, id="by its id"),
        pytest.param(["scenarios", "-p", "no:harness"], 0, id="without the plugin"),
    ],
)
def test_samples_are_selected_like_any_test(
    pytester: pytest.Pytester, project: Path, arguments: list[str], collected: int
) -> None:
    done = run(pytester, "--collect-only", "-q", *arguments)

    assert sum("::" in line for line in done.outlines) == collected


def test_a_faulty_suite_is_an_error_with_file_and_line(
    pytester: pytest.Pytester, project: Path
) -> None:
    (project / "scenarios/talk/hello/scenario.yaml").write_text("title: Hello\ntaks: Say it.\n")

    done = run(pytester)

    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*scenario.yaml:2:*taks*"])
    assert "Traceback" not in done.stdout.str()


CODING = "scenarios/coding"


@pytest.fixture(scope="module")
def _recorded_coding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("coding")
    write_coding_suite(folder)
    recorded = result_of(run_pytest(folder, CODING, "--harness-mode=record", "--harness-scripted"))
    recorded.assert_outcomes(passed=2)
    recorded.stdout.fnmatch_lines(["0 cassettes played, 2 recorded, *"])
    return folder


@pytest.fixture
def coding(_recorded_coding: Path, pytester: pytest.Pytester) -> Path:
    """A suite whose team writes code, recorded from its scripted provider."""
    shutil.copytree(_recorded_coding, pytester.path, dirs_exist_ok=True)
    return pytester.path / CODING


def test_a_scenario_without_a_cassette_tells_how_to_record_it(
    pytester: pytest.Pytester, coding: Path
) -> None:
    shutil.rmtree(pytester.path / "cassettes")

    without = run(pytester, CODING)

    without.assert_outcomes(failed=2)
    without.stdout.fnmatch_lines(["*has no cassette. Record it with: harness record coding*"])


def test_recorded_scenarios_are_replayed_and_a_miss_explains_itself(
    pytester: pytest.Pytester, coding: Path
) -> None:
    replayed = run(pytester, CODING, "--harness-strict", "-n", "1")
    (coding / "look" / "scenario.yaml").write_text("title: Look\ntask: Look away.\n")
    missed = run(pytester, CODING, "-k", "plain and 1")
    mocked = run(pytester, CODING, "--harness-mode=mock")

    replayed.assert_outcomes(passed=2)
    replayed.stdout.fnmatch_lines(["2 cassettes played, 0 stale, 0 unplayed, 0 orphaned; *"])
    missed.assert_outcomes(failed=1)
    missed.stdout.fnmatch_lines(
        [
            "cassette miss: *no recorded answer for call 1 of 2 recorded*",
            "  The nearest is *: recorded 'Look around, please.', asked 'Look away.'*",
            "To record it again: harness record coding *",
            "FAILED *plain/1 - cassette miss: *",
        ]
    )
    mocked.assert_outcomes(skipped=2)


def test_a_changed_config_makes_its_cassette_stale(pytester: pytest.Pytester, coding: Path) -> None:
    text = (coding / "suite.yaml").read_text()
    changed = text.replace("temperature: 0.5", "temperature: 0.5, parameters: {rounds: 3}")
    (coding / "suite.yaml").write_text(changed)

    lenient = run(pytester, CODING)
    strict = run(pytester, CODING, "--harness-strict", "-k", "plain and 1")

    assert lenient.ret == 0
    lenient.stdout.fnmatch_lines(
        ["2 cassettes played, 2 stale, *", "stale: *coding/look/plain/1.jsonl (parameter rounds *"]
    )
    assert strict.ret == 1


MARKED = """
import pytest

@pytest.mark.scenario("talk/hello", config="plain", epochs=3)
def test_mine(sample, transcript):
    assert sample.transcript is transcript
    assert transcript.speakers == ["ann", "bob", "ann", "bob"][: transcript.turns]
    assert transcript.termination == "max_turns"

@pytest.mark.scenario("talk", epochs=[2])
def test_second(transcript):
    assert transcript.turns == 1

@pytest.mark.parametrize("limit", [2, 9])
@pytest.mark.scenario("talk")
def test_both(sample, limit):
    assert sample.transcript.turns <= limit
"""


def test_a_marker_makes_a_test_per_sample(pytester: pytest.Pytester, project: Path) -> None:
    pytester.makepyfile(MARKED)

    done = run(pytester, "-rA", "test_a_marker_makes_a_test_per_sample.py")

    ids = [line.split("::")[1] for line in done.outlines if line.startswith("PASSED")]
    assert [name for name in ids if "mine" in name] == [
        f"test_mine[hello/plain/{epoch}]" for epoch in (1, 2, 3)
    ]
    assert (
        sum("test_both" in line for line in done.outlines if line.startswith("PASSED"))
        + sum("test_both" in line for line in done.outlines if line.startswith("FAILED"))
        == 4
    )
    done.stdout.fnmatch_lines(
        [
            "*turns * == 1",
            "Read it whole: harness show talk/hello/plain/2 --run *-*",
            "FAILED *test_second[[]hello/plain/2[]]*",
        ]
    )


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        pytest.param('"talkk"', "*There is no suite 'talkk'*Did you mean 'talk'*", id="suite"),
        pytest.param('"talk/hallo"', "*no scenario 'hallo'*Did you mean 'hello'*", id="scenario"),
        pytest.param('"talk", config="plian"', "*no config 'plian'*'plain'*", id="config"),
        pytest.param('"talk", epochs=0', "*epochs=0 is neither*", id="epochs"),
        pytest.param(
            '"talk", epoch=1', "*takes names of scenarios, config= and epochs=*", id="key"
        ),
        pytest.param("", "*takes names of scenarios*it got nothing*", id="nothing"),
    ],
)
def test_a_mistake_in_a_marker_names_what_there_is(
    pytester: pytest.Pytester, project: Path, marker: str, text: str
) -> None:
    pytester.makepyfile(
        f"import pytest\n@pytest.mark.scenario({marker})\ndef test_it(sample): pass\n"
    )

    done = run(pytester)

    done.stdout.fnmatch_lines([text])
    assert done.ret != 0


def test_a_sample_that_does_not_complete_fails_its_test(
    pytester: pytest.Pytester, project: Path
) -> None:
    without_autogen(write_suite(project, "broken", behaviour="raise ValueError('no idea')"))
    pytester.makepyfile(
        test_it="""
        import pytest

        @pytest.mark.scenario("broken", epochs=1)
        def test_it(sample):
            pass

        def test_unmarked(sample):
            pass
        """
    )

    done = run(pytester, "test_it.py")

    done.assert_outcomes(failed=1, errors=1)
    done.stdout.fnmatch_lines(["*error: *no idea*"])
    done.stdout.fnmatch_lines(["*need a marker that names a scenario*"])
