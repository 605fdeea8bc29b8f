"""Code the agents write runs in the sandbox and is answered in AutoGen's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.mocks import MockAgent
from harness.model.scenario import Limits
from harness.model.team import Team, TeamContext

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DICTIONARY, EXECUTOR = "dictionary", "executor"
WAYS = [DICTIONARY, EXECUTOR]


def block(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}\n```"


def runs_code(way: str, *messages: str, **options: Any) -> Callable[[TeamContext], Team]:
    """A coder that says the messages, and a user that runs the code in them."""

    def build(context: TeamContext) -> Team:
        if way == DICTIONARY:
            work_dir = str(context.workspace)
            config: dict[str, Any] = {"work_dir": work_dir, "use_docker": False, **options}
        else:
            from autogen.coding import LocalCommandLineCodeExecutor

            executor = LocalCommandLineCodeExecutor(work_dir=context.workspace, **options)
            config = {"executor": executor}
        user = MockAgent("user", "Nothing to run. TERMINATE").as_autogen(
            code_execution_config=config
        )
        coder = MockAgent("coder", [*messages, "TERMINATE"]).as_autogen()
        return Team(initiator=user, recipient=coder)

    return build


def answers(transcript: Any) -> list[str]:
    return [message.content for message in transcript.messages[2::2]]


@pytest.mark.parametrize("way", WAYS)
def test_what_a_block_prints_goes_back_in_the_words_of_autogen(way: str, play: Any) -> None:
    transcript = play(runs_code(way, block("print(6 * 7)")))

    (done,) = transcript.code_executions
    newline = "\n" if way == DICTIONARY else ""
    assert answers(transcript) == [f"exitcode: 0 (execution succeeded)\nCode output: {newline}42\n"]
    assert (done.agent, done.language, done.exit_code, done.output) == ("user", "python", 0, "42\n")
    assert done.code.strip() == "print(6 * 7)"
    assert done.duration_seconds > 0
    assert done.sandbox == "process (NOT ISOLATED)"


@pytest.mark.parametrize("way", WAYS)
def test_blocks_run_until_the_first_that_fails(way: str, play: Any) -> None:
    message = "\n".join([block("print(1)"), block("raise SystemExit(3)"), block("print(2)")])

    transcript = play(runs_code(way, message))

    assert [done.exit_code for done in transcript.code_executions] == [0, 3]
    assert answers(transcript)[0].startswith("exitcode: 3 (execution failed)\nCode output: ")
    assert "2\n" not in answers(transcript)[0]


@pytest.mark.parametrize("way", WAYS)
def test_shell_blocks_run_too(way: str, play: Any) -> None:
    transcript = play(runs_code(way, block("echo shell && pwd", "sh")))

    assert "shell\n/workspace\n" in answers(transcript)[0]
    assert transcript.code_executions[0].language == "sh"


@pytest.mark.parametrize("way", WAYS)
def test_a_named_block_is_stored_and_can_be_imported_later(
    way: str, play: Any, tmp_path: Path
) -> None:
    stored = block("# filename: shapes/square.py\ndef area(x):\n    return x * x")
    used = block("from shapes.square import area\nprint(area(5))")

    transcript = play(runs_code(way, stored, used))

    assert (tmp_path / "shapes" / "square.py").exists()
    assert answers(transcript)[1].endswith("25\n")


@pytest.mark.parametrize("way", WAYS)
def test_a_name_outside_the_workspace_is_refused(way: str, play: Any, tmp_path: Path) -> None:
    transcript = play(runs_code(way, block("# filename: ../escaped.py\nprint(1)")))

    assert not (tmp_path.parent / "escaped.py").exists()
    assert "Filename is not in the workspace" in answers(transcript)[0]
    assert transcript.code_executions[0].exit_code == 1


@pytest.mark.parametrize("way", WAYS)
def test_an_unknown_language_fails_as_it_does_in_autogen(way: str, play: Any) -> None:
    transcript = play(runs_code(way, block("print(1)") + "\n" + block("DISPLAY 1", "cobol")))

    first, second = transcript.code_executions
    assert (first.exit_code, second.exit_code) == (0, 1)
    assert (second.language, second.output) == ("cobol", "unknown language cobol")
    assert answers(transcript)[0].startswith("exitcode: 1 (execution failed)\nCode output: ")
    assert answers(transcript)[0].endswith("\nunknown language cobol")


def test_only_the_executor_way_stores_javascript_and_calls_it_a_success(
    play: Any, tmp_path: Path
) -> None:
    message = block("// filename: app.js\nlet x = 1", "javascript")

    saved = play(runs_code(EXECUTOR, message))
    refused = play(runs_code(DICTIONARY, message))

    assert answers(saved) == [
        "exitcode: 0 (execution succeeded)\nCode output: Code saved to /workspace/app.js\n"
    ]
    assert saved.code_executions == ()
    assert (tmp_path / "app.js").read_text().endswith("let x = 1")
    assert "unknown language javascript" in answers(refused)[0]


@pytest.mark.parametrize(("way", "exit_code"), [(DICTIONARY, 1), (EXECUTOR, 124)])
def test_a_time_out_reads_as_it_does_in_autogen(way: str, exit_code: int, play: Any) -> None:
    build = runs_code(way, block("import time\ntime.sleep(30)"))

    transcript = play(build, limits=Limits(code_seconds=0.3))

    (done,) = transcript.code_executions
    assert (done.exit_code, done.timed_out, done.output) == (exit_code, True, "Timeout")
    assert done.duration_seconds < 10
    assert answers(transcript) == [
        f"exitcode: {exit_code} (execution failed)\nCode output: \nTimeout"
    ]


@pytest.mark.parametrize("way", WAYS)
def test_the_shorter_of_two_time_limits_holds(way: str, play: Any) -> None:
    build = runs_code(way, block("import time\ntime.sleep(30)"), timeout=1)

    transcript = play(build, limits=Limits(code_seconds=25))

    assert transcript.code_executions[0].timed_out
    assert transcript.code_executions[0].duration_seconds < 10


def test_code_runs_in_the_workspace_whatever_folder_the_team_names(
    play: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    code = block("open('made.txt', 'w').close()")

    play(runs_code(DICTIONARY, code, work_dir=str(elsewhere)))
    play(runs_code(DICTIONARY, code, work_dir=str(tmp_path / "inner")))

    assert list(elsewhere.iterdir()) == []
    assert (tmp_path / "made.txt").exists()
    assert (tmp_path / "inner" / "made.txt").exists()


def test_files_autogen_named_itself_are_removed_in_the_dictionary_way(
    play: Any, tmp_path: Path
) -> None:
    play(runs_code(DICTIONARY, block("print(1)")))

    assert list(tmp_path.iterdir()) == []


def test_a_traceback_names_no_path_of_this_machine(play: Any, tmp_path: Path) -> None:
    transcript = play(runs_code(EXECUTOR, block("# filename: bad.py\n1 / 0")))

    assert 'File "/workspace/bad.py", line 2' in answers(transcript)[0]
    assert str(tmp_path) not in answers(transcript)[0]


def test_a_team_that_wants_docker_runs_in_the_sandbox_without_looking_for_it(play: Any) -> None:
    transcript = play(runs_code(DICTIONARY, block("print(1)"), use_docker="python:3-slim"))

    assert transcript.termination == "termination_message"
    assert transcript.code_executions[0].sandbox == "process (NOT ISOLATED)"


def add_two(x: int) -> int:
    """Add two."""
    return x + 2


def test_functions_given_to_the_executor_can_be_imported(play: Any) -> None:
    code = block("from functions import add_two\nprint(add_two(40))")

    transcript = play(runs_code(EXECUTOR, code, functions=[add_two]))

    assert answers(transcript)[0].endswith("42\n")


def test_a_command_autogen_holds_dangerous_ends_the_conversation(play: Any) -> None:
    transcript = play(runs_code(EXECUTOR, block("rm -rf /tmp/nothing-here", "sh")))

    assert transcript.termination == "error"
    assert "dangerous command" in transcript.termination_event.detail


def test_the_executor_is_back_in_its_place_afterwards(play: Any) -> None:
    kept: list[Any] = []
    build = runs_code(EXECUTOR, block("print(1)"))

    def remember(context: TeamContext) -> Team:
        team = build(context)
        kept.append((team.initiator, team.initiator._code_executor))
        return team

    play(remember)

    ((user, executor),) = kept
    assert user._code_executor is executor
