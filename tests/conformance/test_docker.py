"""The sandbox in containers, as far as it goes without an engine.

The command line is compared word for word; errors come from the real client, where there is
one; files, outputs and limits of time go through a program in the client's place. No container
has run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker_stand_in
import pytest

from harness.errors import EnvironmentFault, HarnessError
from harness.model.execution import CodeLimits, SandboxSettings
from harness.runner.sandboxes import resolved_sandbox
from harness.sandboxes.docker import DockerSandbox

if TYPE_CHECKING:
    from collections.abc import Callable

IMAGE = "registry.example/python:1"
SETTINGS = SandboxSettings(image=IMAGE)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts the stand-in on the PATH; returns the folder of its notes."""

    def place(**behaviour: str) -> Path:
        folder = tmp_path / "client"
        folder.mkdir()
        docker_stand_in.install(folder, **behaviour)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        return folder

    return place


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def run(workspace: Path, code: str, **given: Any) -> Any:
    options = {"language": "python", "filename": "block.py", "timeout_seconds": 20, **given}
    return DockerSandbox(SETTINGS).run(workspace, code, **options)


def test_a_block_runs_by_exactly_this_command(client: Any, workspace: Path) -> None:
    notes = client()
    (workspace / "inner").mkdir()
    limits = CodeLimits(memory_mb=100, processes=9, disk_mb=3, cpu_seconds=2.5)

    run(workspace, "pass", folder="inner", limits=limits, timeout_seconds=7.5)

    words = docker_stand_in.calls(notes)[-1]["words"]
    given, rest = docker_stand_in.options_of(words)
    own = {option: value for option, value in given if option in ("--name", "--cidfile")}
    scratch = Path(own["--cidfile"]).parent
    user = dict(given)["--user"]
    assert words[0] == "run"
    assert [pair for pair in given if pair[0] != "--env"] == [
        ("--rm", ""),
        ("--init", ""),
        ("--pull", "never"),
        ("--log-driver", "none"),
        ("--name", own["--name"]),
        ("--hostname", "sandbox"),
        ("--cidfile", own["--cidfile"]),
        ("--network", "none"),
        ("--cap-drop", "ALL"),
        ("--security-opt", "no-new-privileges"),
        ("--user", user),
        ("--read-only", ""),
        ("--memory", "100m"),
        ("--memory-swap", "100m"),
        ("--pids-limit", "9"),
        ("--cpus", "2"),
        ("--ulimit", "cpu=3"),
        ("--ulimit", "fsize=3145728"),
        ("--ulimit", "core=0"),
        ("--ulimit", "nofile=1024"),
        ("--tmpfs", "/tmp:rw,nosuid,nodev,mode=1777,size=3145728"),
        ("--tmpfs", "/home/agent:rw,nosuid,nodev,mode=1777,size=3145728"),
        ("--mount", f"type=bind,source={scratch}/workspace,target=/workspace"),
        ("--workdir", "/workspace/inner"),
    ]
    assert rest == [
        *(IMAGE, "timeout", "-s", "KILL", "18"),
        *("python", "/workspace/inner/block.py"),
    ]
    assert user.split(":")[0] not in ("", "0", "root")
    assert not scratch.exists()
    assert not scratch.is_relative_to(workspace)


def test_neither_container_nor_client_gets_the_users_environment(
    client: Any, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = client()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")

    done = run(workspace, "import os\nprint(sorted(os.environ))")

    call = docker_stand_in.calls(notes)[-1]
    assert "OPENAI_API_KEY" not in call["environment"]
    assert "sk-secret" not in " ".join(call["words"])
    assert "OPENAI_API_KEY" not in done.stdout
    assert "PYTHONHASHSEED" in done.stdout


def test_files_go_in_and_come_back_and_what_is_planted_is_not_followed(
    client: Any, workspace: Path, tmp_path: Path
) -> None:
    client()
    (tmp_path / "private.txt").write_text("private")
    (workspace / "in.txt").write_text("41")
    (workspace / "old.txt").write_text("old")
    code = (
        "import os\nn = int(open('in.txt').read())\nos.remove('old.txt')\n"
        "open('out.txt', 'w').write(str(n + 1))\n"
        f"os.symlink({str(tmp_path / 'private.txt')!r}, 'stolen.txt')\n"
        "os.remove('in.txt'); os.symlink('/etc', 'in.txt')"
    )

    done = run(workspace, code)

    assert done.exit_code == 0, done.output
    assert (workspace / "out.txt").read_text() == "42"
    assert not any(path.is_symlink() for path in workspace.iterdir())
    kinds = {change.path: change.kind for change in done.files}
    assert kinds["out.txt"] == "created"
    assert kinds["old.txt"] == "removed"
    assert kinds["stolen.txt"] == "left out"


def test_both_outputs_and_the_exit_code_come_through(client: Any, workspace: Path) -> None:
    client()

    done = run(workspace, "import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(3)")

    assert (done.exit_code, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_a_block_that_does_not_end_is_killed_by_name(client: Any, workspace: Path) -> None:
    notes = client()
    started = time.monotonic()

    done = run(workspace, "import time\ntime.sleep(60)", timeout_seconds=1.0)

    ran, killed = [call["words"] for call in docker_stand_in.calls(notes)[-2:]]
    assert (done.exit_code, done.timed_out, done.limit) == (124, True, "wall")
    assert killed == ["kill", ran[ran.index("--name") + 1]]
    assert list((notes / "running").iterdir()) == []
    assert time.monotonic() - started < 30


def test_a_copy_is_thrown_away_and_has_both_outputs_in_one(client: Any, workspace: Path) -> None:
    client()
    (workspace / "module.py").write_text("value = 1\n")

    done = DockerSandbox(SETTINGS).run_in_copy(
        workspace,
        "import module, extra, sys\nopen('new.txt', 'w').close()\n"
        "print(module.value, extra.value)\nprint('err', file=sys.stderr)",
        files={"extra.py": "value = 2\n", "module.py": "value = 3\n"},
        timeout_seconds=20,
    )

    assert (done.exit_code, sorted(done.stdout.splitlines())) == (0, ["3 2", "err"])
    assert done.stderr == ""
    assert [path.name for path in workspace.iterdir()] == ["module.py"]


def test_a_missing_image_is_no_outcome_of_the_block(client: Any, workspace: Path) -> None:
    client(run="docker: Error response from daemon: No such image: registry.example/python:1.\n")

    with pytest.raises(EnvironmentFault) as caught:
        run(workspace, "pass")

    assert "No such image" in str(caught.value)
    assert str(caught.value).endswith(f"get it by: docker pull {IMAGE}")


def test_a_block_that_ends_like_a_failing_client_is_still_a_block(
    client: Any, workspace: Path
) -> None:
    client()

    done = run(workspace, "import sys\nprint('docker: no', file=sys.stderr)\nsys.exit(125)")

    assert (done.exit_code, done.stderr) == (125, "docker: no\n")


@pytest.mark.parametrize("name", ["../escaped.py", "/etc/escaped.py"])
def test_a_name_outside_is_refused_before_anything_runs(
    name: str, client: Any, workspace: Path
) -> None:
    notes = client()

    done = run(workspace, "pass", filename=name)

    assert (done.exit_code, done.stdout) == (1, "Filename is not in the workspace")
    assert [call["words"][0] for call in docker_stand_in.calls(notes)] == ["version"]


def test_another_language_is_a_mistake(client: Any, workspace: Path) -> None:
    client()

    with pytest.raises(HarnessError, match="it runs: bash, python, sh"):
        run(workspace, "x", language="cobol")


def test_without_the_command_it_says_so(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(workspace))
    sandbox = DockerSandbox()

    assert sandbox.fault == "there is no command docker"
    assert sandbox.label == "docker (NOT USABLE: there is no command docker)"
    with pytest.raises(EnvironmentFault, match="there is no command docker"):
        run(workspace, "pass")


def test_a_client_whose_engine_refuses_is_quoted(client: Any) -> None:
    said = "Cannot connect to the Docker daemon at unix:///run/docker.sock."
    client(version=f"Client: 28\n{said} Is the docker daemon running?\n")

    assert DockerSandbox().fault == f"docker reaches no engine: {said[:-1]}"
    with pytest.raises(EnvironmentFault, match=r"docker\.sock\. Ask for another one by"):
        resolved_sandbox("docker")


@pytest.mark.skipif(shutil.which("docker") is None, reason="there is no docker client here")
def test_the_real_client_without_an_engine_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")

    fault = DockerSandbox().fault

    assert fault is not None
    assert fault.startswith("docker reaches no engine: ")
    assert "no-engine.sock" in fault


@pytest.mark.skipif(shutil.which("docker") is None, reason="there is no docker client here")
def test_the_real_client_understands_the_command(
    client: Any, workspace: Path, tmp_path: Path
) -> None:
    """Options it does not know it names before it looks for an engine."""
    real = shutil.which("docker")
    notes = client()
    run(workspace, "pass")
    words = docker_stand_in.calls(notes)[-1]["words"]
    folder = tmp_path / "container"
    words[words.index("--cidfile") + 1] = str(folder)
    environ = {"DOCKER_HOST": f"unix://{tmp_path}/no-engine.sock", "PATH": "/usr/bin:/bin"}

    said = subprocess.run(
        [str(real), *words], env=environ, capture_output=True, text=True, check=False
    )
    wrong = subprocess.run(
        [str(real), "run", "--no-such-option", *words[1:]],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "no-engine.sock" in said.stderr
    assert "unknown flag" in wrong.stderr


def test_the_sandbox_says_that_no_container_of_it_has_run() -> None:
    assert DockerSandbox().gives[0].startswith("not tested against an engine")
    assert sys.modules[DockerSandbox.__module__].__doc__.count("no container of it has ever run")
