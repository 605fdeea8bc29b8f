"""A block that ran before is answered from memory, and only if nothing it can see has changed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from harness.model.execution import CodeLimits, SandboxSettings
from harness.sandboxes.process import ProcessSandbox
from harness.sandboxes.remembering import RememberingSandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from harness.protocols import Execution

# Different every time it really runs.
CODE = "import os\nprint(os.urandom(8).hex())\nopen('made.bin', 'wb').write(os.urandom(8))\n"
Run = Callable[..., "Execution"] if TYPE_CHECKING else object


@pytest.fixture(scope="module")
def inner() -> Iterator[ProcessSandbox]:
    sandbox = ProcessSandbox(settings=SandboxSettings(preload=()))
    if not sandbox.is_isolated:
        pytest.skip(f"only what an isolating sandbox did is remembered: {sandbox.label}")
    yield sandbox
    sandbox.close()


@pytest.fixture
def run(inner: ProcessSandbox, tmp_path: Path) -> Run:
    """Runs a block in a fresh workspace with given files; other settings on demand."""
    memory = tmp_path / "memory"

    def start(code: str = CODE, files: dict[str, str] | None = None, **options) -> Execution:
        settings = options.pop("settings", SandboxSettings())
        workspace = tmp_path / f"workspace{len(list(tmp_path.iterdir()))}"
        workspace.mkdir()
        for name, text in (files or {}).items():
            (workspace / name).parent.mkdir(parents=True, exist_ok=True)
            (workspace / name).write_text(text)
        chosen = {"language": "python", "filename": "main.py", "timeout_seconds": 20.0, **options}
        done = RememberingSandbox(inner, settings, memory).run(workspace, code, **chosen)
        start.workspace = workspace
        return done

    return start


def test_the_same_block_on_the_same_files_is_remembered(run: Run) -> None:
    first = run(files={"in.txt": "1"})
    made = (run.workspace / "made.bin").read_bytes()

    second = run(files={"in.txt": "1"})

    assert (first.is_remembered, second.is_remembered) == (False, True)
    assert second.stdout == first.stdout
    assert (run.workspace / "made.bin").read_bytes() == made
    assert second.files == first.files
    assert [(each.path, each.kind) for each in second.files] == [("made.bin", "created")]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"code": CODE + "# more\n"}, id="code"),
        pytest.param({"files": {"in.txt": "2"}}, id="content of a file"),
        pytest.param({"files": {"in.txt": "1", "more.txt": ""}}, id="another file"),
        pytest.param({"files": {"other.txt": "1"}}, id="name of a file"),
        pytest.param({"filename": "other.py"}, id="name of the script"),
        pytest.param({"timeout_seconds": 21.0}, id="time limit"),
        pytest.param({"limits": CodeLimits(memory_mb=1024)}, id="memory limit"),
        pytest.param({"settings": SandboxSettings(seed=1)}, id="seed"),
    ],
)
def test_nothing_is_remembered_across_a_change(run: Run, changed: dict) -> None:
    first = run(**{"files": {"in.txt": "1"}})

    second = run(**{"files": {"in.txt": "1"}, **changed})

    assert not second.is_remembered
    assert second.stdout != first.stdout


def test_what_a_block_removed_is_removed_again(run: Run) -> None:
    code = "import os\nos.remove('in.txt')\n"
    run(code, {"in.txt": "1"})

    again = run(code, {"in.txt": "1"})

    assert again.is_remembered
    assert not (run.workspace / "in.txt").exists()


def test_a_block_that_reached_a_limit_is_not_remembered(run: Run) -> None:
    code = "import time\ntime.sleep(60)\n"
    first = run(code, timeout_seconds=0.3)

    second = run(code, timeout_seconds=0.3)

    assert (first.timed_out, second.is_remembered) == (True, False)


def test_a_name_that_is_not_utf8_comes_back_as_it_was(run: Run) -> None:
    code = "import os; open(b'caf\\xe9', 'w').write('x'); print(os.listdir(b'.'))"
    run(code)

    again = run(code)

    assert again.is_remembered
    assert b"caf\xe9" in os.listdir(os.fsencode(run.workspace))


def test_a_failure_is_remembered_as_the_failure_it_was(run: Run) -> None:
    code = "raise SystemExit(7)"
    run(code)

    again = run(code)

    assert (again.exit_code, again.is_remembered) == (7, True)


def test_a_secret_in_the_output_is_not_kept(run: Run, tmp_path: Path) -> None:
    code = "print('sk-proj-' + 'Ab3dEf6h' * 5)"
    run(code)

    again = run(code)

    assert not again.is_remembered
    assert not (tmp_path / "memory").exists()


def test_a_damaged_memory_is_no_memory(run: Run, tmp_path: Path) -> None:
    first = run()
    [kept] = (tmp_path / "memory").iterdir()
    kept.write_bytes(b"damaged" + kept.read_bytes())

    second = run()

    assert not second.is_remembered
    assert second.stdout != first.stdout
