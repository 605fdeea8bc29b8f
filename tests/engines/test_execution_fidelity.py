"""The same blocks, run by AutoGen alone and by the harness: agents are told the same."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from code_teams import (
    DICTIONARY,
    EXECUTOR,
    WAYS,
    answers,
    block,
    code_config,
    runs_code,
    with_config,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from harness.model.team import TeamContext

BOTH_STREAMS = "import sys\nprint('out')\nprint('err', file=sys.stderr)\n"
COUNT = "print('".join(["", *[f"line {n}')\n" for n in range(3)]])

SAME_IN_BOTH_WAYS = {
    "output": block("print(6 * 7)"),
    "no output": block("x = 1"),
    "no newline at the end": block("import sys\nsys.stdout.write('42')"),
    "both outputs and success": block(BOTH_STREAMS),
    "both outputs and failure": block(BOTH_STREAMS + "sys.exit(3)"),
    "a traceback": block("def divide(x):\n    return x / 0\n\ndivide(1)"),
    "a file that does not compile": block("def broken(:\n    pass"),
    "a message on leaving": block("raise SystemExit('gave up')"),
    "ended by a signal": block("import os\nprint('on', flush=True)\nos.kill(os.getpid(), 9)"),
    "several blocks": "\n".join([block(COUNT), block("print('then')"), block(BOTH_STREAMS)]),
    "failing in the middle": "\n".join(
        [block("print(1)"), block("raise ValueError(2)"), block("print(3)")]
    ),
    "shell": block("echo one; echo two >&2; pwd", "sh"),
    "shell by another name": block("echo one", "shell"),
    "shell that fails": block("echo one\nno-such-command-anywhere", "sh"),
    "bash": block('words=(a b c); echo "${#words[@]}"', "bash"),
    "bash that fails": block("no-such-command-anywhere", "bash"),
    "several languages": block("print(1)") + block("echo 2", "sh") + block("print(3)", "py"),
    "python by another name": block("print(1)", "Python"),
    "python as py": block("print(1)", "py"),
    "an unknown language": block("DISPLAY 1", "cobol"),
    "an unknown language after output": block("print(1)") + block("SELECT 1", "sql"),
    "no language": block("print(1)", ""),
    "a name": block("# filename: total.py\nprint(__file__)"),
    "a name, and a traceback": block("# filename: total.py\n1 / 0"),
    "stored and imported": block("# filename: shape.py\nside = 5")
    + block("import shape\nprint(shape.side)"),
    "words AutoGen uses": block("import sys\nsys.stdout.write('Timeout')") + block("print(1)"),
    "other words AutoGen uses": block(
        "import sys\nsys.stdout.write('Filename is not in the workspace')"
    )
    + block("print(1)"),
    "letters of all kinds": block("print('naïve ✓ \\U0001f600')"),
    "carriage returns": block("import sys\nsys.stdout.write('10%\\r20%\\r\\ndone\\n\\r\\r\\n')"),
    "much output": block("for n in range(20_000): print(n)"),
    "silenced pip": block(
        'pip() { echo "pip $*"; }\npip install pandas\npip install -qqq numpy', "sh"
    ),
    "pip in Python": block("! pip install pandas\nprint(1)"),
    "a comment that is a name": block("# just a comment\nprint(__file__)"),
}
# Where AutoGen raises, and what.
CRASHES = {
    "a comment with a slash": (EXECUTOR, block("# Q1/Q2 sales report\nprint(1)")),
    "a nested name": (EXECUTOR, block("# filename: shapes/square.py\nside = 5")),
    "a comment of 300 characters": (EXECUTOR, block(f"# {'x' * 300}\nprint(1)")),
    "a name of 300 characters": (DICTIONARY, block(f"# filename: {'x' * 300}\nprint(1)")),
    "the name of a folder": (EXECUTOR, block("# .\nprint(1)")),
    "no name after all": (DICTIONARY, block("# filename: \nprint(1)")),
    "output that is no text": (DICTIONARY, block("import os\nos.write(1, b'caf\\xe9')")),
    "output that is no text, too": (EXECUTOR, block("import os\nos.write(1, b'caf\\xe9')")),
    "errors that are no text": (EXECUTOR, block("import os\nos.write(2, b'\\xff\\xfe')")),
    "a script that removes itself": (DICTIONARY, block("import os\nos.unlink(__file__)")),
    "a dangerous command": (EXECUTOR, block("rm -rf nothing", "sh")),
}


@pytest.fixture
def by_autogen(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., str]:
    """What AutoGen alone says to a message with code, in a folder of its own."""
    # The harness leaves out the carets under a traceback's lines: Pythons differ in them.
    monkeypatch.setenv("PYTHONNODEBUGRANGES", "1")
    # AutoGen 0.2 asks for Docker whatever it is told; with cassettes about, that never ends.
    monkeypatch.setattr("autogen.code_utils.is_docker_running", lambda: False)

    def run(way: str, message: str, **options: Any) -> str:
        from autogen import ConversableAgent

        folder = tmp_path_factory.mktemp("autogen").resolve()
        config = code_config(way, folder, **options)
        agent = ConversableAgent("user", llm_config=False, code_execution_config=config)
        messages = [{"role": "user", "content": message}]
        if way == DICTIONARY:
            is_answered, reply = agent.generate_code_execution_reply(messages)
        else:
            is_answered, reply = agent._generate_code_execution_reply_using_executor(messages)
        assert is_answered
        return reply.replace(str(folder), "/workspace")

    return run


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", SAME_IN_BOTH_WAYS)
def test_agents_are_told_what_autogen_would_tell(
    case: str, way: str, play: Any, by_autogen: Any
) -> None:
    message = SAME_IN_BOTH_WAYS[case]

    transcript = play(runs_code(way, message))

    assert answers(transcript) == [by_autogen(way, message)]


@pytest.mark.parametrize(
    ("language", "code"),
    [("javascript", "// filename: app.js\nlet x = 1"), ("html", "<p>1</p>"), ("css", "p {}")],
)
def test_what_an_executor_only_stores_is_told_the_same(
    language: str, code: str, play: Any, by_autogen: Any, tmp_path: Path
) -> None:
    message = block("print(1)") + block(code, language)

    told = answers(play(runs_code(EXECUTOR, message)))

    assert told == [by_autogen(EXECUTOR, message)]
    assert any(code in path.read_text() for path in tmp_path.iterdir())


def test_an_executor_told_to_store_python_stores_it(play: Any, by_autogen: Any) -> None:
    message = block("# filename: later.py\nprint(1)") + block("SELECT 1", "sql")
    policies = {"python": False, "sql": False}

    told = answers(play(runs_code(EXECUTOR, message, execution_policies=policies)))

    assert told == [by_autogen(EXECUTOR, message, execution_policies=policies)]


@pytest.mark.parametrize("way", WAYS)
def test_a_time_out_is_told_the_same(way: str, play: Any, by_autogen: Any) -> None:
    # Time enough for the first, also where AutoGen starts an interpreter on a busy machine.
    message = block("print('first')") + block("import time\nprint(1, flush=True)\ntime.sleep(60)")

    transcript = play(runs_code(way, message, timeout=5))

    assert answers(transcript) == [by_autogen(way, message, timeout=5)]
    assert [event.timed_out for event in transcript.code_executions] == [False, True]
    assert transcript.code_executions[-1].limit == "wall"


def test_a_name_outside_is_told_as_an_executor_tells_it(
    play: Any, by_autogen: Any, tmp_path: Path
) -> None:
    message = block("print(1)") + block("# filename: ../escaped.py\nprint(2)")

    transcript = play(runs_code(EXECUTOR, message))

    assert answers(transcript) == [by_autogen(EXECUTOR, message)]
    assert not (tmp_path.parent / "escaped.py").exists()
    assert transcript.code_executions[-1].sandbox == ""


@pytest.mark.parametrize("case", CRASHES)
def test_where_autogen_crashes_the_sample_is_an_error_and_the_block_says_why(
    case: str, play: Any, by_autogen: Any
) -> None:
    way, message = CRASHES[case]

    transcript = play(runs_code(way, message))

    with pytest.raises(Exception) as crash:  # noqa: PT011 - which one is what is compared
        by_autogen(way, message)
    name = type(crash.value).__name__
    assert transcript.termination == "error"
    assert transcript.termination_event.exception.type.rpartition(".")[2] == name
    assert answers(transcript) == []
    last = transcript.code_executions[-1]
    if case == "a dangerous command":
        assert (last.sandbox, last.output) == ("", str(crash.value))
    elif isinstance(crash.value, UnicodeDecodeError):
        assert last.infrastructure == f"{name}: {crash.value}"
    else:
        assert last.infrastructure.startswith(f"{name}: ")


def test_a_language_that_needs_another_program_crashes_as_where_that_is_missing(
    play: Any, by_autogen: Any
) -> None:
    message = block("Get-Date", "pwsh")

    transcript = play(runs_code(EXECUTOR, message))

    assert transcript.termination_event.exception.type.endswith("FileNotFoundError")
    with pytest.raises(FileNotFoundError, match="pwsh"):
        by_autogen(EXECUTOR, message)


def test_the_dictionary_way_stores_no_code_outside_which_autogen_would(
    play: Any, by_autogen: Any, tmp_path: Path
) -> None:
    message = block(f"# filename: {tmp_path.parent}/outside.py\nprint(1)")

    transcript = play(runs_code(DICTIONARY, message))

    (told,) = answers(transcript)
    assert told == (
        "exitcode: 1 (execution failed)\nCode output: \nFilename is not in the workspace"
    )
    assert not (tmp_path.parent / "outside.py").exists()


class HereInstead:
    """Stands where AutoGen has a container: runs its commands on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def exec_run(self, command: list[str]) -> Any:
        done = subprocess.run(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        return SimpleNamespace(exit_code=done.returncode, output=done.stdout)


DOCKER_CASES = [
    "output",
    "both outputs and success",
    "both outputs and failure",
    "a traceback",
    "several blocks",
    "failing in the middle",
    "shell by another name",
    "several languages",
    "an unknown language after output",
    "python as py",
    "a name, and a traceback",
    "stored and imported",
]


@pytest.mark.parametrize("case", DOCKER_CASES)
def test_a_docker_executor_is_answered_for_in_its_own_words(
    case: str, play: Any, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("docker", reason="AutoGen's class needs Docker's library to be asked")
    from autogen.coding import DockerCommandLineCodeExecutor as Docker
    from autogen.coding import MarkdownCodeExtractor

    monkeypatch.setenv("PYTHONNODEBUGRANGES", "1")
    # As in a container: a Python program's errors come before what it prints.
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    message = SAME_IN_BOTH_WAYS[case]
    folder = tmp_path_factory.mktemp("docker")
    own = Docker.__new__(Docker)
    own._timeout, own._work_dir, own._container = 20, folder, HereInstead(folder)
    own.execution_policies = dict(Docker.DEFAULT_EXECUTION_POLICY)
    result = own.execute_code_blocks(MarkdownCodeExtractor().extract_code_blocks(message))
    output = result.output.replace(str(folder), "/workspace")

    def configure(context: TeamContext) -> dict[str, Any]:
        return {"executor": Docker(work_dir=context.workspace)}

    (told,) = answers(play(with_config(configure, message)))

    assert told.partition("Code output: ")[2] == output
    assert told.startswith(f"exitcode: {result.exit_code} (")
