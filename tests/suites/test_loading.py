from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.model.scenario import Limits, Price, ScorerSpec
from harness.suites import load_suite

BUILTIN_SCORERS = ["acceptance", "code_success", "cost", "termination", "turns"]


def test_a_small_suite_has_sensible_defaults(suite: Any) -> None:
    loaded = load_suite(suite.root)

    (scenario,) = loaded.scenarios
    assert (loaded.name, loaded.title, loaded.epochs, loaded.baseline) == ("demo", "Demo", 1, None)
    assert (scenario.name, scenario.suite, scenario.title) == ("first", "demo", "First")
    assert scenario.task == "Do it."
    assert scenario.accept == ("termination_message",)
    assert scenario.limits == Limits()
    assert [spec.name for spec in scenario.scorers] == BUILTIN_SCORERS
    assert scenario.team.path == str(suite.root / "team.py")
    assert scenario.team.attribute == "build"
    assert scenario.checks is scenario.provider is scenario.script is None
    assert loaded.configs[0].engine == "autogen"


def test_every_documented_key_reaches_the_suite(suite: Any) -> None:
    suite.write("checks.py", "def check_it(sample): pass\n")
    suite.write("provider.py", "def reply(call): return ''\n")
    suite.write("script.py", "def play(context): pass\n")
    suite.suite(
        "description: A paragraph.",
        "script: script.py:play",
        "epochs: 5",
        "limits: {wall_seconds: 30, turns: 40, cost_usd: 1.5, code_seconds: 6}",
        "scorers: [termination, {turns: {}}]",
        "baseline: plain",
        "prices: {scripted-1: {prompt: 0.5, completion: 1.5, cached: 0.25}}",
        "provider_settings: {api_key_env: MY_KEY, base_url: 'http://localhost:1/v1'}",
        "human: [exit, '']",
        "parameters: {rows: 100, nested: {a: [1, 2.5, true, null]}}",
    )

    loaded = load_suite(suite.root)

    (scenario,) = loaded.scenarios
    assert loaded.description == "A paragraph."
    assert (loaded.epochs, loaded.baseline) == (5, "plain")
    assert loaded.prices == {"scripted-1": Price(prompt=0.5, completion=1.5, cached=0.25)}
    assert loaded.provider_settings == {
        "api_key_env": "MY_KEY",
        "base_url": "http://localhost:1/v1",
    }
    assert scenario.limits == Limits(wall_seconds=30, turns=40, cost_usd=1.5, code_seconds=6)
    assert scenario.scorers == (ScorerSpec(name="termination"), ScorerSpec(name="turns"))
    assert scenario.human == ("exit", "")
    assert scenario.parameters == {"rows": 100, "nested": {"a": [1, 2.5, True, None]}}
    assert scenario.checks is not None
    assert scenario.provider is not None
    assert scenario.script is not None
    assert (scenario.provider.attribute, scenario.script.attribute) == ("reply", "play")


def test_a_scenario_overrides_its_suite_and_inherits_the_rest(suite: Any) -> None:
    suite.suite("limits: {turns: 40, cost_usd: 1}", "parameters: {rows: 100, seed: 1}")
    suite.write("first/team.py", "def build(context): pass\n")
    suite.write("first/checks.py", "def check_it(sample): pass\n")
    suite.scenario(
        "task: Do it.",
        "limits: {turns: 10}",
        "parameters: {seed: 2}",
        "accept: []",
        "scorers: [acceptance]",
        "human: [go on]",
    )

    (scenario,) = load_suite(suite.root).scenarios

    assert scenario.limits == Limits(turns=10, cost_usd=1)
    assert scenario.parameters == {"rows": 100, "seed": 2}
    assert scenario.accept == ()
    assert scenario.scorers == (ScorerSpec(name="acceptance"),)
    assert scenario.human == ("go on",)
    assert scenario.team.path == str(suite.root / "first/team.py")
    assert scenario.checks is not None
    assert scenario.checks.path == str(suite.root / "first/checks.py")


def test_scenarios_come_in_the_listed_order_and_then_by_name(suite: Any) -> None:
    for name in ("alpha", "beta", "gamma"):
        suite.scenario("task: Do it.", name=name)
    suite.suite("scenarios: [gamma, beta]")

    loaded = load_suite(suite.root)

    assert [scenario.name for scenario in loaded.scenarios] == ["gamma", "beta", "alpha", "first"]


def test_tasks_and_prompts_may_stand_in_files(suite: Any) -> None:
    suite.write("prompts/writer.md", "\ufeffWrite\r\nwell.\r\n\r\n")
    suite.write("first/task.md", "A long task.\n")
    suite.scenario("task_file: task.md")
    suite.suite("matrix: {prompts: {careful: {writer: {file: prompts/writer.md}}}}")

    loaded = load_suite(suite.root)

    assert loaded.scenarios[0].task == "A long task."
    assert loaded.configs[1].prompts == {"writer": "Write\nwell."}


def test_fixtures_keep_their_relative_paths(suite: Any) -> None:
    suite.write("first/files/data/a.csv", "1")
    suite.write("first/files/b.txt", "2")
    suite.write("first/files/__pycache__/b.pyc", "3")
    suite.write("common/shared.csv", "4")
    suite.scenario("task: Do it.", "files: [{file: ../common/shared.csv, as: in/s.csv}]")

    (scenario,) = load_suite(suite.root).scenarios

    root = suite.root
    assert scenario.files == (
        (str(root / "first/files/b.txt"), "b.txt"),
        (str(root / "first/files/data/a.csv"), "data/a.csv"),
        (str(root / "common/shared.csv"), "in/s.csv"),
    )


def test_the_matrix_is_the_cross_product_with_speaking_names(suite: Any) -> None:
    suite.suite(
        "matrix:",
        "  prompts:",
        "    brief: {writer: Be brief.}",
        "    careful: {writer: Be careful.}",
        "  temperature: [0.2, 1]",
    )

    configs = load_suite(suite.root).configs

    assert [config.name for config in configs] == [
        "plain",
        "brief-t0.2",
        "brief-t1.0",
        "careful-t0.2",
        "careful-t1.0",
    ]
    assert configs[2].factors == {"prompts": "brief", "temperature": "1.0"}
    assert configs[2].temperature == 1.0
    assert configs[2].prompts == {"writer": "Be brief."}
    assert configs[0].factors == {}


@pytest.mark.parametrize(
    ("matrix", "names"),
    [
        pytest.param("{temperature: [0.2]}", ["t0.2"], id="one temperature still shows"),
        pytest.param("{temperature: 0.2}", ["t0.2"], id="one level needs no list"),
        pytest.param("{model: [m], max_tokens: 5}", ["default"], id="single levels are silent"),
        pytest.param(
            "{model: ['org/big:8b', small]}", ["org-big-8b", "small"], id="models are made safe"
        ),
        pytest.param(
            "{max_tokens: [100, 200], temperature: [0]}",
            ["t0.0-max100", "t0.0-max200"],
            id="order of factors does not matter",
        ),
        pytest.param(
            "{parameters.rounds: [1, 2]}", ["rounds_1", "rounds_2"], id="parameters by name"
        ),
        pytest.param(
            "{parameters.tools: [[a], [a, b]]}", ["tools_1", "tools_2"], id="data by position"
        ),
        pytest.param(
            "{engine: [autogen, mock], temperature: 1}",
            ["t1.0-autogen", "t1.0-mock"],
            id="engines",
        ),
    ],
)
def test_matrix_names(suite: Any, matrix: str, names: list[str]) -> None:
    suite.write(
        "suite.yaml",
        f"model: m\naccept: [max_turns]\nmatrix: {matrix}\n",
    )

    assert [config.name for config in load_suite(suite.root).configs] == names


def test_matrix_parameters_reach_the_config_with_their_type(suite: Any) -> None:
    suite.suite("matrix: {parameters.rounds: [1, 2], parameters.style: [terse]}")

    configs = load_suite(suite.root).configs

    assert configs[1].parameters == {"rounds": 1, "style": "terse"}
    assert configs[1].factors == {"parameters.rounds": "1"}


def test_plain_words_and_times_stay_text(suite: Any) -> None:
    suite.suite("parameters: {a: yes, b: off, c: 12:30, d: 2024-01-01, e: 1e3, f: 0o17, g: ~}")

    (scenario,) = load_suite(suite.root).scenarios

    assert scenario.parameters == {
        "a": "yes",
        "b": "off",
        "c": "12:30",
        "d": "2024-01-01",
        "e": 1000.0,
        "f": 15,
        "g": None,
    }


def test_anchors_and_merge_keys_work(suite: Any) -> None:
    suite.write(
        "suite.yaml",
        "model: m\naccept: [max_turns]\nconfigs:\n"
        "  - &base {name: a, temperature: 0.5, prompts: &p {writer: Hi.}}\n"
        "  - {<<: *base, name: b}\n"
        "  - {name: c, prompts: *p}\n",
    )

    first, second, third = load_suite(suite.root).configs

    assert (second.name, second.temperature, second.prompts) == ("b", 0.5, first.prompts)
    assert (third.temperature, third.prompts) == (None, first.prompts)


def test_the_digest_follows_what_shapes_the_scenario(suite: Any) -> None:
    def digest() -> str:
        return load_suite(suite.root).scenarios[0].digest

    suite.write("first/files/a.txt", "1")
    before = digest()
    suite.scenario("# a comment", "title: Another title", "task:   Do it.")
    suite.write("team.py", "def build(context):\r\n    return None\r\n")
    assert digest() == before

    changed = {before}
    for file, text in [
        ("first/files/a.txt", "2"),
        ("first/files/b.txt", "1"),
        ("team.py", "def build(context):\n    return 1\n"),
        ("checks.py", "def check_it(sample): pass\n"),
        ("first/scenario.yaml", "task: Do that.\n"),
    ]:
        suite.write(file, text)
        changed.add(digest())
    assert len(changed) == 6


def test_the_digest_is_the_same_in_another_folder(suite: Any, tmp_path: Any) -> None:
    suite.write("first/files/a.txt", "1")
    here = load_suite(suite.root).scenarios[0]
    suite.root.rename(tmp_path / "moved")

    there = load_suite(tmp_path / "moved").scenarios[0]

    assert there.digest == here.digest
    assert there.folder != here.folder


def test_a_suite_survives_encoding(suite: Any) -> None:
    loaded = load_suite(suite.root)

    assert msgspec.json.decode(msgspec.json.encode(loaded), type=type(loaded)) == loaded


def test_configs_of_the_mock_engine_need_no_model(suite: Any) -> None:
    suite.write("suite.yaml", "engine: mock\naccept: [max_turns]\nconfigs: [{name: a}]\n")

    assert load_suite(suite.root).configs[0].model == ""
