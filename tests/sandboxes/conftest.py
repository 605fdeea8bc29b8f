from __future__ import annotations

import textwrap

import pytest
from sandbox_tiers import EVERY, made, missing

from harness.sandboxes.plain import PlainRunner


@pytest.fixture(scope="session", params=EVERY)
def tier(request):
    reason = missing(request.param)
    if reason is not None:
        pytest.skip(f"{request.param}: {reason}")
    return request.param


@pytest.fixture(scope="session")
def sandbox(tier):
    sandbox = made(tier)
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="session")
def plain():
    return PlainRunner()


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def starter(workspace, sandbox):
    def start(code, *, language="python", filename="main.py", timeout_seconds=20.0, in_=sandbox):
        return in_.run(
            workspace,
            textwrap.dedent(code),
            language=language,
            filename=filename,
            timeout_seconds=timeout_seconds,
        )

    return start


@pytest.fixture
def run(sandbox, workspace):
    """Runs one block, Python unless said otherwise, and returns its execution."""
    return starter(workspace, sandbox)


@pytest.fixture
def run_plain(plain, workspace):
    return starter(workspace, plain)
