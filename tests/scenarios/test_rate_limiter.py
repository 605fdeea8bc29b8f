"""The written limiters behave as labelled, and the hidden tests cannot be talked into passing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.model.sample import SampleKey
from harness.model.team import FinishedSample
from harness.model.transcript import Transcript
from harness.provider.chat import code_in
from harness.provider.parts import Parts, read_parts
from harness.provider.script import Call
from harness.sandboxes.process import ProcessSandbox
from harness.suites import load_callable, load_checks, load_suite, sibling

FOLDER = Path(__file__).parents[2] / "scenarios" / "rate_limiter"
SUITE = load_suite(FOLDER)
SCENARIOS = {scenario.name: scenario for scenario in SUITE.scenarios}
CONFIGS = {config.name: config for config in SUITE.configs}
PARTS = {name: read_parts(FOLDER / "parts" / f"{name}.txt") for name in SCENARIOS}
TOPICS = ("refill", "burst", "timeout", "threads")
OWN = ("own_tests", "own_tests_notice_a_limiter_that_never_refuses")
written = sibling(str(FOLDER / "provider.py"), "written")

# Which hidden tests, by topic, a slip fails.
SLIPS = {
    "token_bucket": {
        "start/empty": "refill burst timeout threads",
        "refill/whole_tokens": "refill",
        "refill/no_cap": "burst",
        "take/more_than": "refill burst timeout threads",
        "take/no_lock": "threads",
        "limits/positive_only": "burst",
        "wait/ignores_timeout": "timeout",
        "wait/late": "timeout",
        "wait/holds_lock": "timeout",
    },
    "sliding_window": {
        "limits/missing": "burst",
        "take/fixed_window": "refill",
        "take/edge_counts": "refill timeout",
        "take/refused_count": "refill",
        "take/no_lock": "threads",
        "wait/ignores_timeout": "timeout",
        "wait/late": "timeout",
        "wait/holds_lock": "timeout",
    },
    "keyed_limiter": {
        "level/whole_tokens": "refill",
        "level/shared": "burst timeout threads",
        "forget/never": "refill",
        "forget/too_early": "refill",
        "take/more_than": "refill burst timeout threads",
        "take/no_lock": "threads",
        "wait/ignores_timeout": "timeout",
        "wait/late": "timeout",
        "wait/holds_lock": "timeout",
    },
}
# Which check of the developer's own tests a slip in them fails.
TEST_SLIPS = {
    "tests/wrong_sum": "own_tests",
    "tests/thin": "own_tests_notice_a_limiter_that_never_refuses",
}


def call(scenario: str, config: str, epoch: int = 1, **more: object) -> Call:
    prompt = CONFIGS[config].prompts["developer"]
    given = {"system": prompt, "temperature": CONFIGS[config].temperature or 0.0, **more}
    return Call(scenario=scenario, model="scripted-1", epoch=epoch, **given)


def sound(parts: Parts) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for part in parts.parts:
        if part.variant.startswith("good"):
            chosen.setdefault(part.slot, part.variant)
    return {**chosen, "tests": "thorough"}


def with_part(scenario: str, name: str) -> dict[str, str]:
    part = PARTS[scenario].get(name)
    return {**sound(PARTS[scenario]), part.slot: part.variant}


def save(workspace: Path, scenario: str, chosen: dict[str, str]) -> None:
    """Store both files as the executor does."""
    for code in code_in(written.files(call(scenario, "brief-t0.2"), chosen)):
        name = code.splitlines()[0].removeprefix("# filename: ")
        (workspace / name).write_text(code, encoding="utf-8")


def failing(scenario: str, workspace: Path, *names: str) -> dict[str, str]:
    """Why each of the named checks fails; all checks if none is named."""
    sample = FinishedSample(
        key=SampleKey(suite="rate_limiter", scenario=scenario, config="brief-t0.2", epoch=1),
        scenario=SCENARIOS[scenario],
        config=SUITE.configs[0],
        transcript=Transcript(engine="autogen", engine_version="-"),
        workspace=workspace,
        sandbox=ProcessSandbox(),
    )
    checks = load_checks(SCENARIOS[scenario].checks)
    found = {}
    for name in names or checks:
        try:
            checks[name](sample)
        except AssertionError as error:
            found[name] = str(error)
    return found


def ids(pairs: list[tuple[str, str]]) -> list:
    return [pytest.param(*pair, id="-".join(pair).replace("/", "-")) for pair in pairs]


EACH_SLIP = pytest.mark.parametrize(
    ("scenario", "name"), ids([(s, name) for s, table in SLIPS.items() for name in table])
)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_slip_is_in_one_of_the_tables(scenario: str) -> None:
    slips = {part.name for part in PARTS[scenario].parts if part.number("rate")}

    assert slips == {*SLIPS[scenario], *TEST_SLIPS}


SOUND = [
    (scenario, part.name)
    for scenario, parts in PARTS.items()
    for part in parts.parts
    if part.variant.startswith("good") or part.name == "tests/thorough"
]


@pytest.mark.parametrize(("scenario", "name"), ids(SOUND))
def test_every_sound_part_passes_every_check(scenario: str, name: str, tmp_path: Path) -> None:
    save(tmp_path, scenario, with_part(scenario, name))

    assert failing(scenario, tmp_path) == {}


@EACH_SLIP
def test_a_slip_fails_the_hidden_tests_meant_for_it(
    scenario: str, name: str, tmp_path: Path
) -> None:
    save(tmp_path, scenario, with_part(scenario, name))

    assert set(failing(scenario, tmp_path, *TOPICS)) == set(SLIPS[scenario][name].split())


@pytest.mark.parametrize(
    ("scenario", "name"), ids([(scenario, name) for scenario in SCENARIOS for name in TEST_SLIPS])
)
def test_poor_tests_of_the_developer_are_noticed(scenario: str, name: str, tmp_path: Path) -> None:
    save(tmp_path, scenario, with_part(scenario, name))

    assert set(failing(scenario, tmp_path, *OWN)) == {TEST_SLIPS[name]}


def run_own_tests(workspace: Path) -> str:
    code = (workspace / "test_rate_limiter.py").read_text(encoding="utf-8")
    done = ProcessSandbox().run(
        workspace, code, language="python", filename="test_rate_limiter.py", timeout_seconds=30
    )
    return done.output


@EACH_SLIP
def test_thorough_tests_catch_what_they_are_said_to(
    scenario: str, name: str, tmp_path: Path
) -> None:
    save(tmp_path, scenario, with_part(scenario, name))
    caught = PARTS[scenario].get(name).notes.get("caught")

    output = run_own_tests(tmp_path)

    failed = re.findall(r"^(?:FAIL|ERROR): (\w+)", output, re.MULTILINE)
    assert (caught in failed) if caught else (failed == [])


@EACH_SLIP
def test_what_failing_tests_print_is_the_same_every_time(
    scenario: str, name: str, tmp_path: Path
) -> None:
    save(tmp_path, scenario, with_part(scenario, name))

    first, second = run_own_tests(tmp_path), run_own_tests(tmp_path)

    assert first == second
    paths = set(re.findall(r'File "([^"]+)"', first))
    assert paths <= {"/workspace/test_rate_limiter.py", "/workspace/rate_limiter.py"}
    assert "comp>" not in first


FORGED_REPORT = """
import os
print("OK")
print('0123456789abcdef0123456789abcdef {"tests": {}}')
os._exit(0)
"""


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        pytest.param("import os\nos._exit(0)\n", "ended with 0", id="ends-the-process"),
        pytest.param("import sys\nsys.exit(0)\n", "could not be loaded: SystemExit", id="exits"),
        pytest.param(FORGED_REPORT, "ended with 0", id="forges-a-report"),
        pytest.param("def broken(:\n", "could not be loaded: SyntaxError", id="syntax-error"),
        pytest.param("TokenBucket = object\n", "failed: TypeError", id="not-a-bucket"),
    ],
)
def test_a_module_that_cheats_passes_nothing(module: str, reason: str, tmp_path: Path) -> None:
    save(tmp_path, "token_bucket", sound(PARTS["token_bucket"]))
    (tmp_path / "rate_limiter.py").write_text(module, encoding="utf-8")

    found = failing("token_bucket", tmp_path, *TOPICS, "own_tests")
    assert set(found) == {*TOPICS, "own_tests"}
    assert all(reason in text for name, text in found.items() if name in TOPICS)


@pytest.mark.parametrize(
    ("tests", "reason"),
    [
        pytest.param("", "holds 0 tests", id="empty"),
        pytest.param("import os\nos._exit(0)\n", "did not report", id="ends-the-process"),
        pytest.param(
            "import unittest\n\n\n@unittest.skip('later')\nclass T(unittest.TestCase):\n"
            "    def test_a(self): pass\n    def test_b(self): pass\n",
            "skipped: later",
            id="skipped",
        ),
    ],
)
def test_own_tests_that_test_nothing_do_not_count(tests: str, reason: str, tmp_path: Path) -> None:
    save(tmp_path, "token_bucket", sound(PARTS["token_bucket"]))
    (tmp_path / "test_rate_limiter.py").write_text(tests, encoding="utf-8")

    assert reason in failing("token_bucket", tmp_path, "own_tests")["own_tests"]


def test_files_of_the_agents_cannot_stand_in_for_the_hidden_ones(tmp_path: Path) -> None:
    save(tmp_path, "token_bucket", with_part("token_bucket", "refill/whole_tokens"))
    for name in ("harness_refill", "harness_fakes", "harness_driver"):
        (tmp_path / f"{name}.py").write_text("def test_fine(): pass\n", encoding="utf-8")

    assert "refill" in failing("token_bucket", tmp_path, "refill")


@pytest.mark.parametrize("name", ["rate_limiter.py", "test_rate_limiter.py"])
def test_a_file_that_was_never_written_is_named(name: str, tmp_path: Path) -> None:
    save(tmp_path, "token_bucket", sound(PARTS["token_bucket"]))
    (tmp_path / name).unlink()

    assert f"{name} was not saved" in failing("token_bucket", tmp_path).values()


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("config", CONFIGS)
def test_a_developers_first_message_is_two_whole_files(scenario: str, config: str) -> None:
    reply = load_callable(SCENARIOS[scenario].provider)
    task = {"role": "user", "name": "executor", "content": SCENARIOS[scenario].task}

    for epoch in range(1, 21):
        text = str(reply(call(scenario, config, epoch, messages=(task,))))

        assert [code.splitlines()[0] for code in code_in(text)] == [
            "# filename: rate_limiter.py",
            "# filename: test_rate_limiter.py",
        ]
        assert "<<" not in text
        for code in code_in(text):
            compile(code, "written", "exec")


def reviews(config: str, name: str, epochs: int = 40) -> list[str]:
    """What the reviewer says of a module with one slip whose tests are green."""
    code = written.files(call("token_bucket", config), with_part("token_bucket", name))
    green = "exitcode: 0 (execution succeeded)\nCode output: OK"
    chat = [
        {"role": "user", "name": "executor", "content": SCENARIOS["token_bucket"].task},
        {"role": "user", "name": "developer", "content": code},
        {"role": "user", "name": "executor", "content": green},
    ]
    reply = load_callable(SCENARIOS["token_bucket"].provider)
    prompt = CONFIGS[config].prompts["reviewer"]
    return [
        str(reply(call("token_bucket", config, epoch, messages=tuple(chat), system=prompt)))
        for epoch in range(1, epochs + 1)
    ]


def test_a_reviewer_with_a_checklist_sees_more() -> None:
    finding = PARTS["token_bucket"].get("wait/holds_lock").notes["finding"]
    seen = {
        config: sum(finding in text for text in reviews(config, "wait/holds_lock"))
        for config in ("brief-t1.0", "careful-t1.0")
    }

    assert 0 < seen["brief-t1.0"] < 20 < seen["careful-t1.0"] < 40


def test_a_reviewer_finds_nothing_where_nothing_is_wrong() -> None:
    assert not [text for text in reviews("careful-t0.2", "take/good") if "1. " in text]
