"""Code the agents write runs in the sandbox and is answered in AutoGen's own words."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from code_teams import DICTIONARY, EXECUTOR, WAYS, answers, block, runs_code, with_config

from harness.model.outcomes import outcome_of
from harness.model.scenario import Limits
from harness.sandboxes.none import NoSandbox

if TYPE_CHECKING:
    from pathlib import Path

    from harness.model.team import Team, TeamContext


@pytest.mark.parametrize("way", WAYS)
def test_what_a_block_prints_goes_back_in_the_words_of_autogen(
    way: str, play: Any, sandbox: Any
) -> None:
    transcript = play(runs_code(way, block("print(6 * 7)")))

    (done,) = transcript.code_executions
    newline = "\n" if way == DICTIONARY else ""
    assert answers(transcript) == [f"exitcode: 0 (execution succeeded)\nCode output: {newline}42\n"]
    assert (done.agent, done.language, done.exit_code, done.output) == ("user", "python", 0, "42\n")
    assert done.code.strip() == "print(6 * 7)"
    assert done.duration_seconds > 0
    assert done.sandbox == sandbox.label
    assert (done.stdout, done.stderr, done.cut_bytes) == ("42\n", "", 0)
    assert (done.limit, done.contained, done.infrastructure) == (None, (), "")


@pytest.mark.parametrize("way", WAYS)
def test_an_event_has_both_outputs_and_what_became_of_files(
    way: str, play: Any, tmp_path: Path
) -> None:
    (tmp_path / "old.txt").write_text("old")
    code = "import sys\nprint('out')\nprint('err', file=sys.stderr)\n"
    code += "open('chart.png', 'wb').write(b'x' * 10)\nopen('old.txt', 'w').write('new')"

    transcript = play(runs_code(way, block(code)))

    (done,) = transcript.code_executions
    assert (done.stdout, done.stderr) == ("out\n", "err\n")
    made = {file.path: (file.kind, file.size_bytes, file.media_type) for file in done.files}
    assert made["chart.png"] == ("created", 10, "image/png")
    assert made["old.txt"] == ("changed", 3, "text/plain")


@pytest.mark.parametrize("way", WAYS)
def test_output_beyond_the_limit_is_cut_and_counted(way: str, play: Any) -> None:
    limits = Limits(code_output_kb=1)

    transcript = play(runs_code(way, block("print('x' * 5000)")), limits=limits)

    (done,) = transcript.code_executions
    assert done.cut_bytes > 3900
    assert "bytes of output cut here" in answers(transcript)[0]


@pytest.mark.parametrize("way", WAYS)
def test_what_a_sandbox_refuses_is_in_the_event(way: str, play: Any, sandbox: Any) -> None:
    if not sandbox.is_isolated:
        pytest.skip(f"nothing is contained by: {sandbox.label}")
    code = "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=2)"

    transcript = play(runs_code(way, block(code)))

    (done,) = transcript.code_executions
    assert any("Errno" in refusal for refusal in done.contained)
    assert outcome_of(done).kind == "contained"


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
    stored = block("# filename: square.py\ndef area(x):\n    return x * x")
    used = block("from square import area\nprint(area(5))")

    transcript = play(runs_code(way, stored, used))

    assert (tmp_path / "square.py").exists()
    assert answers(transcript)[1].endswith("25\n")


def test_only_the_dictionary_way_makes_the_folders_of_a_name(play: Any, tmp_path: Path) -> None:
    stored = block("# filename: shapes/square.py\ndef area(x):\n    return x * x")
    used = block("from shapes.square import area\nprint(area(5))")

    crashed = play(runs_code(EXECUTOR, stored, used))
    made = play(runs_code(DICTIONARY, stored, used))

    assert crashed.termination == "error"
    assert crashed.code_executions[-1].infrastructure == (
        "FileNotFoundError: No such file or directory"
    )
    assert answers(made)[1].endswith("25\n")
    assert (tmp_path / "shapes" / "square.py").exists()


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


@pytest.mark.parametrize("use_docker", [True, "python:3-slim", ["python:3"]])
def test_a_team_that_wants_docker_runs_in_the_sandbox_without_looking_for_it(
    use_docker: Any, play: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    code = "import sys\nprint('out')\nprint('err', file=sys.stderr)"

    transcript = play(runs_code(DICTIONARY, block(code), use_docker=use_docker))

    assert transcript.termination == "termination_message"
    assert transcript.code_executions[0].sandbox == sandbox.label
    # The log of a container has both outputs, also of a success.
    assert answers(transcript) == ["exitcode: 0 (execution succeeded)\nCode output: \nerr\nout\n"]


def docker_executor(context: TeamContext) -> dict[str, Any]:
    coding = pytest.importorskip("autogen.coding")
    executor = coding.DockerCommandLineCodeExecutor(
        image="python:3-slim", work_dir=context.workspace, timeout=5
    )
    return {"executor": executor}


def test_a_docker_executor_runs_in_the_sandbox_and_answers_as_docker_does(
    play: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")
    message = block("print(1)") + block("print(__file__)", "py") + block("SELECT 1", "sql")

    transcript = play(with_config(docker_executor, message, block("import time\ntime.sleep(9)")))

    assert {event.sandbox for event in transcript.code_executions} == {sandbox.label, ""}
    told = answers(transcript)
    assert told[0].startswith(
        "exitcode: 1 (execution failed)\nCode output: 1\n/workspace/tmp_code_"
    )
    assert told[0].endswith(".python\nUnsupported language sql\n")
    assert told[1] == "exitcode: 124 (execution failed)\nCode output: \nTimeout"


def test_a_notebook_executor_runs_in_the_sandbox_in_its_own_words(play: Any) -> None:
    jupyter = pytest.importorskip("autogen.coding.jupyter")

    def configure(_context: TeamContext) -> dict[str, Any]:
        # One whose server runs already: made without asking for it.
        executor = jupyter.JupyterCodeExecutor.__new__(jupyter.JupyterCodeExecutor)
        executor._timeout = 5
        return {"executor": executor}

    good = block("print(1)") + block("print(2)")
    transcript = play(with_config(configure, good, block("print(3)\n1 / 0")))

    first, second = answers(transcript)
    assert first == "exitcode: 0 (execution succeeded)\nCode output: 1\n\n2\n"
    assert second.startswith("exitcode: 1 (execution failed)\nCode output: ERROR: Traceback")
    assert second.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.parametrize("way", WAYS)
def test_a_suite_can_leave_code_to_the_teams_own_executor(
    way: str, play: Any, tmp_path: Path
) -> None:
    code = "import os\nprint(os.path.exists('/proc/self'), os.getcwd(), os.getppid())"

    transcript = play(runs_code(way, block(code)), sandbox=NoSandbox())

    (done,) = transcript.code_executions
    assert done.sandbox == "none (NOT ISOLATED by harness: the team's own executor)"
    assert done.duration_seconds > 0
    # It is this very process that ran it, and nothing is made the same everywhere.
    assert done.output.split() == ["True", str(tmp_path), str(os.getpid())]
    assert str(tmp_path) in answers(transcript)[0]


@pytest.mark.parametrize(("way", "exit_code"), [(DICTIONARY, 1), (EXECUTOR, 124)])
def test_the_teams_own_executor_is_seen_to_run_out_of_time(
    way: str, exit_code: int, play: Any
) -> None:
    code = block("import time\ntime.sleep(2)")

    transcript = play(runs_code(way, code, timeout=1), sandbox=NoSandbox())

    (done,) = transcript.code_executions
    assert (done.exit_code, done.timed_out) == (exit_code, True)
    assert outcome_of(done).kind == "timed out"


def test_a_crash_of_the_teams_own_executor_is_recorded(play: Any) -> None:
    transcript = play(runs_code(EXECUTOR, block("# a/b\nprint(1)")), sandbox=NoSandbox())

    assert transcript.termination == "error"
    assert outcome_of(transcript.code_executions[-1]).kind == "infrastructure"


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
