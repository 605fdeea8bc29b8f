"""The files of a script's own work_dir reach its agents' code, and what that leaves comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from forked import run_module
from pytest_project import TASK, environment, run_pytest

from harness.logs import find_log, read_log
from harness.provider.server import Behaviour, serving

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from harness.provider.script import Call

CODE = """
import os
with open("log.txt", "a") as log:
    log.write("ran ")
print(sum(map(int, open("numbers.txt"))), open("log.txt").read(), sorted(os.listdir()))
open("total.txt", "w").write("42")
"""
SCRIPT = """
import os, tempfile
import autogen

work_dir = {work_dir}
os.makedirs(work_dir, exist_ok=True)
with open(os.path.join(work_dir, "numbers.txt"), "w") as file:
    file.write("20\\n22\\n")
user = autogen.UserProxyAgent(
    "user",
    human_input_mode="NEVER",
    max_consecutive_auto_reply=3,
    is_termination_msg=lambda m: "TERMINATE" in (m.get("content") or ""),
    code_execution_config={{{execution}}},
)
coder = autogen.AssistantAgent(
    "coder", llm_config={{"config_list": [{{"model": "gpt-4o-mini", "api_key": "sk-none"}}]}}
)
user.initiate_chat(coder, message="Compute the answer.")
print("the total is", open(os.path.join(work_dir, "total.txt")).read())
"""
IMPORT = "__import__('autogen.coding').coding.LocalCommandLineCodeExecutor"
FOLDERS = {
    "relative": '"coding"',
    "temporary": "tempfile.mkdtemp()",
    "absolute": 'os.path.abspath("out/coding")',
}
EXECUTIONS = {
    "dictionary": '"work_dir": work_dir, "use_docker": False',
    "executor": f'"executor": {IMPORT}(work_dir=work_dir)',
}


def adds_up(call: Call) -> str:
    if "exitcode: 0" in call.last:
        return "It is 42. TERMINATE"
    if "exitcode" in call.last:
        return "It does not work. TERMINATE"
    return f"Let me see.\n```python{CODE}```"


def execute(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    with serving([Behaviour("answer", TASK, {}, adds_up)]) as server:
        extra = {"OPENAI_BASE_URL": server.base_url}
        command = ["exec", "--no-report", *arguments]
        return run_module("harness", command, cwd=project, env=environment(**extra))


def outputs(project: Path) -> list[str]:
    log = read_log(find_log(project / ".harness" / "runs", "latest"))
    return [run.output.strip() for run in log.samples[0].transcript.code_executions]


@pytest.mark.parametrize(
    ("folder", "execution"),
    [("relative", "dictionary"), ("temporary", "executor"), ("absolute", "dictionary")],
)
def test_code_reads_what_the_script_put_there_and_leaves_what_it_looks_for(
    tmp_path: Path, folder: str, execution: str
) -> None:
    script = SCRIPT.format(work_dir=FOLDERS[folder], execution=EXECUTIONS[execution])
    (tmp_path / "add.py").write_text(script)

    recorded = execute(tmp_path, "--record", "--allow-unsafe", "add.py")
    first = outputs(tmp_path)
    replayed = execute(tmp_path, "add.py")

    for done in (recorded, replayed):
        assert done.returncode == 0, done.stdout + done.stderr
        assert "the total is 42" in done.stdout
    # The log of the first time is there by the second, and is not what the recording began with.
    assert first == outputs(tmp_path)
    assert first[0].startswith("42 ran  [")
    log = read_log(find_log(tmp_path / ".harness" / "runs", "latest"))
    left = [artefact.path.rpartition("/")[2] for artefact in log.samples[0].artefacts]
    assert [name for name in left if "tmp_code" not in name] == ["log.txt", "total.txt"]


def test_a_folder_with_more_than_is_copied_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "coding").mkdir()
    for number in range(1001):
        (tmp_path / "coding" / str(number)).touch()
    script = SCRIPT.format(work_dir='"coding"', execution=EXECUTIONS["dictionary"])
    (tmp_path / "add.py").write_text(script)

    done = execute(tmp_path, "--record", "--allow-unsafe", "add.py")

    assert "work_dir 'coding' holds 1002 files" in done.stdout + done.stderr
    assert "--sandbox none" in done.stdout + done.stderr
    assert done.returncode != 0


def test_the_project_itself_is_neither_shown_nor_written_to(tmp_path: Path) -> None:
    script = SCRIPT.format(work_dir='"."', execution=EXECUTIONS["dictionary"])
    (tmp_path / "add.py").write_text(script.replace("print(", "0 and print("))

    execute(tmp_path, "--record", "--allow-unsafe", "add.py")

    assert "FileNotFoundError" in outputs(tmp_path)[0]
    assert not (tmp_path / "log.txt").exists()


def test_a_test_of_ones_own_code_shows_the_files_but_gets_none(tmp_path: Path) -> None:
    body = SCRIPT.format(work_dir='"coding"', execution=EXECUTIONS["dictionary"])
    lines = [line for line in body.splitlines() if "the total is" not in line]
    text = "\n".join(["def test_it(conversation):", "    with conversation.record('add') as chat:"])
    text += "".join(f"\n        {line}" for line in lines)
    text += "\n    assert '42 ran' in chat.transcript.code_executions[0].output"
    (tmp_path / "test_add.py").write_text(text)

    with serving([Behaviour("answer", TASK, {}, adds_up)]) as server:
        done = run_pytest(
            tmp_path,
            "--harness-mode=record",
            "--harness-allow-unsafe",
            OPENAI_BASE_URL=server.base_url,
        )

    assert done.returncode == 0, done.stdout
    assert not (tmp_path / "coding" / "total.txt").exists()
