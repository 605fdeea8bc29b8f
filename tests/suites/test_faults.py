"""Every mistake is named with its file, line, key, valid choices and nearest name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import SuiteError
from harness.suites import load_suite

if TYPE_CHECKING:
    from pathlib import Path


def faults_of(suite: Any) -> tuple[str, ...]:
    with pytest.raises(SuiteError) as caught:
        load_suite(suite.root)
    return caught.value.faults


def at_six(line: str, expected: str) -> Any:
    """A case: the fixture's suite file has 5 lines, so a line that is added is the sixth."""
    return pytest.param(line, f"6: {expected}", id=line)


SUITE_FAULTS = [
    at_six("epoch: 3", "epoch: unknown key 'epoch'; valid choices: ... Did you mean 'epochs'?"),
    at_six("title: Again", "title: given twice; the first is on line 1"),
    at_six("epochs: 0", "epochs: 0 is out of range; ... from 1 to 10000"),
    at_six("epochs: five", "epochs: expected a whole number, got the text 'five'"),
    at_six("epochs: true", "epochs: expected a whole number, got true"),
    at_six("epochs: 2.0", "epochs: expected a whole number, got the number 2.0"),
    at_six("description: 3", "description: expected text, ... 3; put it in quotes"),
    at_six("description: [a]", "description: expected text, got a list"),
    at_six("human: exit", "human: expected a list, got the text 'exit'; for example: [..., exit]"),
    at_six(
        "limits: 3", "limits: expected a mapping, got the number 3; for example: {wall_seconds: ..."
    ),
    at_six("limits: {turns: 0}", "limits.turns: 0 is out of range; ..."),
    at_six(
        "limits: {cost_usd: -1}", "limits.cost_usd: -1 is out of range; expected a number above 0"
    ),
    at_six("limits: {wall_seconds: .inf}", "...: .inf is not a number that..."),
    at_six("limits: {turn: 3}", "limits.turn: unknown key ... mean 'turns'?"),
    at_six(
        "scorers: [terminaton]",
        "scorers[0]: unknown scorer 'terminaton'; valid choices: ...acceptance... "
        "Did you mean 'termination'? List them with: harness plugins scorers",
    ),
    at_six(
        "scorers: [{cost: {currency: EUR}}]",
        "scorers[0].cost.currency: the scorer 'cost' takes no options",
    ),
    at_six("scorers: [3]", "scorers[0]: expected a scorer's name, got the number 3"),
    at_six("scorers: [{turns: {}, cost: {}}]", "scorers[0]: expected a scorer's name, or one ..."),
    at_six("scorers: [{turns: 3}]", "scorers[0].turns: expected a mapping of options, got ..."),
    at_six("engine: 3", "engine: expected an engine's name, got the number 3"),
    at_six("parameters: {'': 1}", "parameters.'': the key is empty"),
    at_six("limits: {wall_seconds: soon}", "limits.wall_seconds: expected a number, got ..."),
    at_six("parameters: !!int x", "parameters: 'x' is not a number"),
    at_six(f"parameters: {'9' * 5000}", "parameters: 999... is not a number that can be stored"),
    at_six(
        "scorers: []",
        "scorers: expected at least one entry; for example: [acceptance, termination]",
    ),
    at_six("engine: autogn", "engine: unknown engine 'autogn'; ... mean 'autogen'?..."),
    at_six("team: tem.py", "team: there is no file demo/tem.py. ... 'team.py'?"),
    at_six(
        "team: team.py:biuld",
        "team: demo/team.py has no 'biuld'; it defines: build. Did you mean 'build'?",
    ),
    at_six("team: 'team.py:'", "team: '' is not a function's name; ..."),
    at_six("team: ../team.py", "team: '../team.py' leads out of the suite's folder demo; ..."),
    at_six("team: /etc/team.py", "team: '/etc/team.py' is absolute; ..."),
    at_six('team: "a\\0b.py"', "team: ... is not a path"),
    at_six("checks: team.py", "checks: ... no function whose name begins ..."),
    at_six("script: script.py", "script: there is no file demo/script.py."),
    at_six("baseline: plan", "baseline: unknown config 'plan'; ... 'plain'?"),
    at_six("scenarios: [frist]", "scenarios[0]: unknown scenario ... 'first'?"),
    at_six("scenarios: [first, first]", "scenarios[1]: ... is listed twice"),
    at_six("prices: {m: {prompt: 1}}", "prices.m: the key 'completion' is missing"),
    at_six("prices: {m: {prompt: -1, completion: 1}}", "prices.m.prompt: -1 is..."),
    at_six("provider_settings: {api_typ: azure}", "...: unknown key ... 'api_type'?"),
    at_six("provider_settings: {base_url: here}", "...: expected a URL ..."),
    at_six("provider_settings: {api_type: azure}", "...: Azure needs ..."),
    at_six("matrix: {}", "matrix: expected at least one factor ..."),
    at_six("matrix: {temperature: []}", "matrix.temperature: expected at least ..."),
    at_six(
        "matrix: {temperature: [0.2, 2.5]}",
        "matrix.temperature[1]: 2.5 is out of range; expected a number from 0 to 2",
    ),
    at_six("matrix: {temprature: [1]}", "matrix.temprature: ... Did you mean 'temperature'?"),
    at_six("matrix: {model: [a/b, a:b]}", "matrix: two configs have the name 'a-b'"),
    at_six(
        "matrix: {prompts: {Plain: {a: b}}}",
        "matrix: two configs have the name 'Plain' when case is ignored",
    ),
    at_six("matrix: {prompts: {a b: {a: b}}}", "matrix: ... 'a b' is not valid..."),
    at_six("matrix: {prompts: {a: hello}}", "matrix.prompts.a: expected a mapping, ..."),
    at_six(
        "matrix: {prompts: {a: {writer: {file: x.md}}}}",
        "matrix.prompts.a.writer.file: there is no file demo/x.md.",
    ),
    at_six(
        "matrix: {parameters.a: &a [1,2,3,4,5,6,7,8,9,10,11], parameters.b: *a, parameters.c: *a}",
        "matrix: expands to 1331 configs; at most 1000 are allowed",
    ),
    at_six("parameters: !!python/object:os.system {}", "...: the tag ..."),
    at_six("parameters: {a: !!binary aGk=}", "...: the tag '!!binary' ..."),
    at_six("parameters: {[a]: 1}", "parameters: a key must be a word, ..."),
    at_six('parameters: {a: "\\ud800"}', "...: ... surrogate ..."),
    at_six("parameters: &a [*a]", "parameters...: nested more than 40 deep"),
    at_six("parameters: {<<: 3}", "...: only a mapping can be merged ..."),
    at_six("\ttitle: x", "not YAML: ...; indent with spaces, not tabs"),
    at_six("a: b: c", "not YAML: mapping values are not allowed here"),
    at_six('a: "\\UFFFFFFFF"', "not YAML: an escape names no character ..."),
    at_six("a: \x07", "not YAML: the character '\\x07' is not allowed"),
    at_six("--- {}", "not YAML: expected a single document ..."),
]


@pytest.mark.parametrize(("line", "expected"), SUITE_FAULTS)
def test_a_fault_in_the_suite_file(suite: Any, line: str, expected: str) -> None:
    suite.suite(line)

    faults = faults_of(suite)

    assert len(faults) == 1, faults
    assert matches(faults[0], f"demo{os.sep}suite.yaml:{expected}")


SCENARIO_FAULTS = [
    pytest.param(["title: No task"], "1: there is no task; ...", id="no task"),
    pytest.param(["task: a", "task_file: ../team.py"], "2: task_file: give either ...", id="both"),
    pytest.param(["task: ' '"], "1: task: the text is empty", id="blank task"),
    pytest.param(["task_file: t.md"], "1: task_file: there is no file demo/first/t.md.", id="file"),
    pytest.param(
        ["task: a", "accept:", "  - max_turn"],
        "3: accept[0]: unknown termination reason 'max_turn'; valid ... Did you mean 'max_turns'?",
        id="reason",
    ),
    pytest.param(["task: a", "accept: []"], "1: the scenario expects nothing, ...", id="nothing"),
    pytest.param(["task: a", "tasks: b"], "2: tasks: unknown key ... Did you mean 'task'?", id="k"),
    pytest.param(["task: a", "epochs: 3"], "2: epochs: unknown key 'epochs'; ...", id="suite key"),
    pytest.param(["task: a", "files: [x.csv]"], "2: files[0]: there is no file ...", id="fixture"),
    pytest.param(
        ["task: a", "files: [{file: scenario.yaml, as: ../x}]"],
        "2: files[0].as: '../x' is not a path inside the workspace",
        id="target",
    ),
    pytest.param(
        ["task: a", "files: [scenario.yaml, {file: ../team.py, as: scenario.yaml}]"],
        "2: files: ... and demo/team.py would both become 'scenario.yaml' in the workspace",
        id="same target",
    ),
    pytest.param([], "1: the file is empty", id="empty"),
    pytest.param(["- a"], "1: expected a mapping, got a list", id="list"),
    pytest.param(["just text"], "1: expected a mapping, got the text 'just text'", id="text"),
]


@pytest.mark.parametrize(("lines", "expected"), SCENARIO_FAULTS)
def test_a_fault_in_a_scenario_file(suite: Any, lines: list[str], expected: str) -> None:
    suite.scenario(*lines)

    faults = faults_of(suite)

    assert len(faults) == 1, faults
    assert matches(faults[0], f"demo/first/scenario.yaml:{expected}")


def matches(fault: str, pattern: str) -> bool:
    """Whether fault is pattern, where "..." in the pattern stands for anything."""
    first, *rest = pattern.split("...")
    position = len(first)
    if not fault.startswith(first):
        raise AssertionError(f"{fault!r} does not begin with {first!r}")
    for part in rest:
        found = fault.find(part.strip(), position)
        if found < 0:
            raise AssertionError(f"{part!r} is not where it should be in {fault!r}")
        position = found + len(part.strip())
    return pattern.endswith("...") or position == len(fault) or fault[position:] == "."


def test_all_mistakes_of_all_files_come_at_once(suite: Any) -> None:
    suite.suite("epochs: 0", "engine: autogn")
    suite.scenario("task: a", "titel: b")
    suite.scenario("task: [", name="second")
    suite.write("team.py", "def build(:\n")

    faults = faults_of(suite)

    places = [fault.partition(": ")[0] for fault in faults]
    assert places == [
        "demo/team.py:1",
        "demo/suite.yaml:6",
        "demo/suite.yaml:7",
        "demo/first/scenario.yaml:2",
        "demo/second/scenario.yaml:2",
    ]
    assert faults[0] == "demo/team.py:1: invalid Python: invalid syntax"


def test_a_broken_suite_file_does_not_hide_or_invent_faults_of_scenarios(suite: Any) -> None:
    suite.write("suite.yaml", "title: [\n")
    suite.scenario("task: 3")

    faults = faults_of(suite)

    assert len(faults) == 2
    assert faults[1].startswith("demo/first/scenario.yaml:1: task: expected text")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda s: (s.root / "team.py").unlink(), "there is no team.py", id="no team"),
        pytest.param(
            lambda s: (s.root / "first/scenario.yaml").unlink(), "no scenario", id="no scenario"
        ),
        pytest.param(
            lambda s: s.write("suite.yaml", "model: m\naccept: [max_turns]\n"),
            "there is no config",
            id="no config",
        ),
        pytest.param(
            lambda s: s.write("suite.yaml", "accept: [max_turns]\nconfigs: [{name: a}]\n"),
            "no model is named for the config a",
            id="no model",
        ),
        pytest.param(
            lambda s: s.write("suite.yaml", "model: m\nconfigs: [{name: a}]\n"),
            "the scenario expects nothing",
            id="no expectation",
        ),
        pytest.param(
            lambda s: s.write("suite.yaml", "\xff".encode("latin-1")),
            "suite.yaml:1: the file is not UTF-8: byte 0xff",
            id="not UTF-8",
        ),
        pytest.param(
            lambda s: s.write("suite.yaml", "[" * 5000), "nested too deeply", id="too deep"
        ),
        pytest.param(
            lambda s: s.write("suite.yaml", "#" * 1_000_001), "has 1000001 bytes", id="too big"
        ),
        pytest.param(
            lambda s: (s.root / "first").rename(s.root / "the first"),
            "'the first' is not valid",
            id="bad folder name",
        ),
    ],
)
def test_a_suite_that_lacks_something(suite: Any, change: Any, expected: str) -> None:
    change(suite)

    faults = faults_of(suite)

    assert len(faults) == 1, faults
    assert expected in faults[0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b" \n", "the file demo/p.md is empty", id="empty"),
        pytest.param(b"\xff", "demo/p.md cannot be read: ", id="not UTF-8"),
    ],
)
def test_a_prompt_file_that_cannot_be_used(suite: Any, content: bytes, said: str) -> None:
    suite.write("p.md", content)
    suite.suite("matrix: {prompts: {a: {writer: {file: p.md}}}}")

    (fault,) = faults_of(suite)

    assert said in fault


def test_a_fixture_that_links_out_of_the_suite_is_refused(suite: Any, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("mine")
    suite.write("first/files/a.txt", "1")
    (suite.root / "first/files/b.txt").symlink_to(tmp_path / "secret.txt")

    assert faults_of(suite) == (
        "demo/first/scenario.yaml:1: demo/first/files/b.txt is a link that leads out of the "
        "suite's folder",
    )


def test_a_folder_without_a_suite_file_is_said_to_have_none(suite: Any) -> None:
    (suite.root / "suite.yaml").unlink()

    assert faults_of(suite) == ("demo/suite.yaml:1: there is no such file",)


def test_a_misnamed_scenario_file_is_not_silently_ignored(suite: Any) -> None:
    suite.write("second/scenario.yml", "task: x\n")

    assert faults_of(suite) == (
        "demo/suite.yaml:1: rename demo/second/scenario.yml to scenario.yaml",
    )


def test_aliases_that_multiply_are_refused_quickly(suite: Any) -> None:
    rows = ["parameters:", "  a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    suite.suite(*rows)

    (fault,) = faults_of(suite)

    assert "more than 20000 values, aliases counted in full" in fault


def test_a_key_written_into_the_file_is_refused_and_never_repeated(suite: Any) -> None:
    secret = "sk-live-0123456789"
    suite.suite(f"provider_settings: {{api_key: {secret}, api_key_env: {secret}}}")

    faults = faults_of(suite)

    assert len(faults) == 2
    assert "api_key_env" in faults[0]
    assert secret not in "".join(faults)


def test_control_characters_cannot_reach_the_terminal(suite: Any) -> None:
    suite.suite('"\\e[31m\\n": 1')

    (fault,) = faults_of(suite)

    assert fault.isprintable()
    assert "\\x1b[31m\\n: unknown key" in fault


def test_a_link_out_of_the_suite_is_climbing_too(suite: Any, tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("def build(context): pass\n")
    (suite.root / "linked.py").symlink_to(tmp_path / "outside.py")
    suite.suite("team: linked.py")

    (fault,) = faults_of(suite)

    assert "leads out of the suite's folder" in fault


def test_paths_outside_the_current_directory_are_shown_in_full(
    suite: Any, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.suite("epochs: 0")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    (fault,) = faults_of(suite)

    assert fault.startswith(f"{suite.root}/suite.yaml:6: epochs: ")


def test_names_that_only_running_the_file_could_show_are_not_faults(suite: Any) -> None:
    suite.write("team.py", "from factories import *\n")
    suite.suite("provider: provider.py")
    suite.write(
        "provider.py",
        "try:\n    from x import reply\nexcept ImportError:\n    reply = None\n",
    )

    assert load_suite(suite.root).scenarios[0].team.attribute == "build"
