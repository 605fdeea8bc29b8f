from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.model.run import RunLog
from harness.model.score import Unscored
from harness.runner.importing import import_run

FAILED = "exitcode: 1 (execution failed)\nCode output: boom"
CHAT = [
    {"name": "user", "role": "user", "content": "Add up."},
    {"name": "coder", "role": "assistant", "content": "So:\n```python\nprint(1/0)\n```"},
    {"name": "runner", "role": "user", "content": FAILED, "odd": [1]},
    {"name": "coder", "role": "assistant", "content": "Sorry. TERMINATE"},
]


class Folder:
    """Files to import, and importing them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.chats = root / "chats"
        self.chats.mkdir()

    def write(self, name: str, document: object) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        (self.chats / name).write_text(text)

    def imported(self, mapping: str = "") -> RunLog:
        path = self.root / "mapping.yaml"
        path.write_text(mapping)
        return import_run(self.chats, "autogen", path if mapping else None, self.root / "runs")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize("name", [None, "messages", "chat_history", "history"])
def test_a_chat_history_is_found_under_each_of_its_usual_names(
    folder: Folder, name: str | None
) -> None:
    folder.write("a.json", {name: CHAT, "more": 1} if name else CHAT)

    (sample,) = folder.imported().samples

    assert str(sample.key) == "chats/a/imported/1"
    assert sample.transcript.speakers == ["user", "coder", "runner", "coder"]
    (execution,) = sample.transcript.code_executions
    assert (execution.agent, execution.exit_code, execution.output) == ("runner", 1, "boom")
    assert (execution.language, execution.code) == ("python", "print(1/0)\n")
    assert sample.transcript.termination == "termination_message"
    assert sample.origin is not None
    assert '"odd": [1]' in sample.origin.document


def test_an_imported_run_says_so(folder: Folder) -> None:
    folder.write("a.json", CHAT)

    log = folder.imported()

    assert log.header.mode == "imported"
    assert "not run here" in log.header.sandbox
    assert log.samples[0].cassette is None


def test_only_what_an_executor_says_is_a_result_once_executors_are_named(folder: Folder) -> None:
    folder.write("a.json", CHAT)

    log = folder.imported("executors: [somebody]")

    assert log.samples[0].transcript.code_executions == ()


def test_no_end_is_made_up(folder: Folder) -> None:
    folder.write("a.json", CHAT[:3])

    (sample,) = folder.imported().samples

    assert sample.transcript.termination is None
    absent = {s.scorer: s.reason for s in sample.scores if isinstance(s, Unscored)}
    assert absent["termination"] == "The file does not tell why the conversation ended."
    assert {"correct", "cost"} <= absent.keys()


def test_repeats_of_a_scenario_are_epochs_in_the_order_of_their_seeds(folder: Folder) -> None:
    for name, seed in (("a.json", 10), ("b.json", 9)):
        about = {"id": "sums", "llm": "m/1", "seed": seed, "ok": seed == 9}
        folder.write(name, {"messages": CHAT, "about": about})

    log = folder.imported(
        "suite: math\nfields:\n  scenario: about.id\n  config: about.llm\n"
        "  seed: about.seed\n  correct: about.ok\n"
    )

    seeds = [sample.origin.seed for sample in log.samples if sample.origin]
    assert [str(s.key) for s in log.samples] == ["math/sums/m-1/1", "math/sums/m-1/2"]
    assert (seeds, [s.outcome for s in log.samples]) == (["9", "10"], ["pass", "fail"])


def test_the_texts_of_a_message_in_parts_are_its_content(folder: Folder) -> None:
    parts = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "x"}}]
    folder.write("a.json", [{"name": "a", "role": "user", "content": parts}])

    (message,) = folder.imported().samples[0].transcript.messages

    assert message.content == "look\n[image_url]"


def test_secrets_in_imported_files_do_not_reach_the_run_log(folder: Folder) -> None:
    secret = "sk-" + "proj1A2b3C4d5E6f7G8h9I0j1K2l3M4n5O6p"
    folder.write("a.json", [{"name": "a", "role": "user", "content": f"key {secret}"}])

    (sample,) = folder.imported().samples

    assert sample.origin is not None
    assert secret not in sample.origin.document
    assert secret not in sample.transcript.messages[0].content


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        pytest.param("{", "not JSON", id="half"),
        pytest.param("[" * 100_000, "nested too deeply", id="deep"),
        pytest.param('"\\ud800"', "not JSON", id="surrogate"),
        pytest.param([], "empty", id="empty"),
        pytest.param({"chat": []}, "object with one as 'messages'", id="no messages"),
        pytest.param(["x"], "message 0 is a JSON str", id="text"),
        pytest.param([{"name": "a"}], "message 0 has no 'content'; it has: 'name'", id="bare"),
        pytest.param([{"content": 3}], "'content' is a JSON int", id="number"),
        pytest.param([{"content": "", "role": "\x1bb"}], r"'role' is '\\x1bb'; valid", id="role"),
        pytest.param([{"content": "", "name": 7}], "'name' is 7", id="name"),
    ],
)
def test_a_wrong_file_is_refused_and_no_run_log_is_made(
    folder: Folder, document: object, complaint: str
) -> None:
    folder.write("good.json", CHAT)
    folder.write("wrong.json", document)

    with pytest.raises(HarnessError, match=complaint) as caught:
        folder.imported()

    assert "wrong.json" in str(caught.value)
    assert not (folder.root / "runs").exists()


@pytest.mark.parametrize(
    ("mapping", "complaint"),
    [
        pytest.param("suit: x", r"yaml:1: suit: unknown key.*Did you mean 'suite'", id="key"),
        pytest.param("suite: x\nfields: {sed: a}", r"yaml:2: fields.sed: .*'seed'", id="field"),
        pytest.param("suite: [a]", "yaml:1: suite: a text was expected", id="list"),
        pytest.param("executors: a", "executors: a list of texts", id="text"),
        pytest.param("fields: a", "fields: keys were expected", id="fields"),
        pytest.param("suite: a\nsuite: b", "yaml:2: suite: the key stands here twice", id="twice"),
        pytest.param("{", "not YAML", id="half"),
        pytest.param("[a]", "a mapping of keys", id="no mapping"),
        pytest.param("fields: {seed: sede}", "no field 'sede'.*Did you mean 'seed'", id="absent"),
        pytest.param("fields: {correct: seed}", "fields.correct is 7; true", id="correct"),
        pytest.param("suite: '//'", "no sample can be named", id="name"),
    ],
)
def test_a_wrong_mapping_is_refused_and_the_fault_named(
    folder: Folder, mapping: str, complaint: str
) -> None:
    folder.write("a.json", {"messages": CHAT, "seed": 7})

    with pytest.raises(HarnessError, match=complaint):
        folder.imported(mapping)


def test_a_file_whose_name_has_no_letter_of_names_is_told_which_those_are(folder: Folder) -> None:
    folder.write("привет.json", CHAT)

    with pytest.raises(HarnessError, match=r"'привет': letters \(a to z, A to Z\), digits"):
        folder.imported()


def test_two_scenarios_that_would_get_one_name_are_refused(folder: Folder) -> None:
    folder.write("a.json", {"messages": CHAT, "id": "x/y"})
    folder.write("b.json", {"messages": CHAT, "id": "x y"})

    with pytest.raises(HarnessError, match="would both be called 'x-y'"):
        folder.imported("fields: {scenario: id}")


def test_numbered_files_come_in_the_order_of_their_numbers(folder: Folder) -> None:
    for name in ("10.json", "2.json", "1.json", "002b.json"):
        folder.write(name, CHAT)

    log = folder.imported()

    assert [sample.key.scenario for sample in log.samples] == ["1", "2", "002b", "10"]
    assert [each.name for each in log.header.suites[0].scenarios] == ["1", "2", "002b", "10"]


def test_a_scenario_is_titled_by_its_task_and_not_by_its_name_again(folder: Folder) -> None:
    folder.write("1.json", CHAT)
    folder.write("2.json", [{"role": "user", "content": f"\n{'long ' * 40}\nmore"}])
    folder.write("3.json", [{"role": "user", "content": ""}])

    (suite,) = folder.imported().header.suites

    titles = [scenario.title for scenario in suite.scenarios]
    assert titles == ["Add up.", f"{'long ' * 15}long…", "3"]


def test_a_scenario_whose_name_had_to_be_changed_is_titled_as_it_was_called(folder: Folder) -> None:
    folder.write("1.json", {"messages": CHAT, "id": "sum of two?"})

    (suite,) = folder.imported("fields: {scenario: id}").header.suites

    (scenario,) = suite.scenarios
    assert (scenario.name, scenario.title) == ("sum-of-two", "sum of two?")
