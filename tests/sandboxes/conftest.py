from __future__ import annotations

import textwrap

import pytest

from harness.sandboxes.process import ProcessSandbox


@pytest.fixture(scope="session")
def sandbox():
    return ProcessSandbox()


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def run(sandbox, workspace):
    """Runs one block, Python unless said otherwise, and returns its execution."""

    def start(code, *, language="python", filename="main.py", timeout_seconds=20.0, in_=sandbox):
        return in_.run(
            workspace,
            textwrap.dedent(code),
            language=language,
            filename=filename,
            timeout_seconds=timeout_seconds,
        )

    return start
