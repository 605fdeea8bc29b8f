"""What every registered sandbox must do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness import plugins
from harness.protocols import Execution, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

every_sandbox = pytest.mark.parametrize("name", plugins.names("sandboxes"))


@pytest.fixture(scope="module")
def started() -> Iterator[dict[str, Sandbox]]:
    sandboxes: dict[str, Sandbox] = {}
    yield sandboxes
    for sandbox in sandboxes.values():
        sandbox.close()


@pytest.fixture
def sandbox(name: str, started: dict[str, Sandbox]) -> Sandbox:
    """One of each kind for the module."""
    if name not in started:
        started[name] = plugins.load("sandboxes", name)()
    fault = started[name].fault
    if fault is not None:
        pytest.skip(f"the sandbox {name!r} does not work here: {fault}")
    return started[name]


def run(sandbox: Sandbox, workspace: Path, code: str, *, language: str = "python") -> Execution:
    return sandbox.run(workspace, code, language=language, filename="block", timeout_seconds=20)


@every_sandbox
def test_a_sandbox_fits_its_protocol(name: str) -> None:
    sandbox: Sandbox = plugins.load("sandboxes", name)()

    assert isinstance(sandbox, Sandbox)
    assert sandbox.name == name
    assert sandbox.label.strip()
    assert sandbox.fault is None or sandbox.fault in sandbox.label


@every_sandbox
@pytest.mark.parametrize(
    ("language", "code"),
    [("python", "import sys\nprint('out')\nsys.exit(0)\n"), ("sh", "echo out\n")],
)
def test_success_is_exit_code_0_with_the_output(
    sandbox: Sandbox, language: str, code: str, tmp_path: Path
) -> None:
    execution = run(sandbox, tmp_path, code, language=language)

    assert (execution.exit_code, execution.output) == (0, "out\n")
    assert not execution.timed_out
    assert execution.duration_seconds > 0


@every_sandbox
def test_failure_keeps_its_exit_code_and_its_errors(sandbox: Sandbox, tmp_path: Path) -> None:
    execution = run(sandbox, tmp_path, "import sys\nsys.exit('broken')\n")

    assert execution.exit_code == 1
    assert "broken" in execution.output
    assert not execution.timed_out


@every_sandbox
def test_the_workspace_is_the_working_directory_and_keeps_files(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "in.txt").write_text("41")

    execution = run(
        sandbox,
        tmp_path,
        "n = int(open('in.txt').read())\nopen('out.txt', 'w').write(str(n + 1))\n",
    )

    assert execution.exit_code == 0, execution.output
    assert (tmp_path / "out.txt").read_text() == "42"


@every_sandbox
def test_code_that_does_not_end_is_ended(sandbox: Sandbox, tmp_path: Path) -> None:
    execution = sandbox.run(
        tmp_path,
        "import time\ntime.sleep(30)\n",
        language="python",
        filename="block.py",
        timeout_seconds=0.5,
    )

    assert execution.timed_out
    assert execution.exit_code == 124
    assert execution.duration_seconds < 10


@every_sandbox
def test_output_does_not_tell_where_it_ran(sandbox: Sandbox, tmp_path: Path) -> None:
    execution = run(sandbox, tmp_path, "import os\nprint(os.getcwd())\n")

    assert str(tmp_path) not in execution.output


@every_sandbox
def test_a_copy_sees_the_workspace_and_leaves_it_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("value = 1\n")

    execution = sandbox.run_in_copy(
        tmp_path,
        "import module, extra\nopen('new.txt', 'w').close()\nprint(module.value, extra.value)\n",
        files={"extra.py": "value = 2\n", "module.py": "value = 3\n"},
        timeout_seconds=20,
    )

    assert (execution.exit_code, execution.output) == (0, "3 2\n")
    assert [path.name for path in tmp_path.iterdir()] == ["module.py"]
    assert (tmp_path / "module.py").read_text() == "value = 1\n"
