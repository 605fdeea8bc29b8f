from __future__ import annotations

import os
import secrets
import textwrap

import pytest
from hostile_world import World
from sandbox_tiers import EVERY, ISOLATING, made, missing

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


@pytest.fixture(scope="module", params=ISOLATING)
def cells(request):
    """A sandbox that isolates, one for a module."""
    reason = missing(request.param)
    if reason is not None:
        pytest.skip(f"{request.param}: {reason}")
    sandbox = made(request.param)
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


def accounts():
    """Who the harness can be here: (name, user id)."""
    if os.getuid() == 0:
        # Of its own, so that what an attack does to all of a user's processes harms no others.
        return {"root": 0, "ordinary": 20_000 + secrets.randbelow(20_000)}
    return {"ordinary": os.getuid()}


ACCOUNTS = accounts()


@pytest.fixture(scope="session", params=["root", "ordinary"])
def world(request):
    if request.param not in ACCOUNTS:
        pytest.skip("only root can be root")
    world = World(request.param, ACCOUNTS[request.param])
    yield world
    world.close()


@pytest.fixture(scope="session")
def harmed_world():
    world = World("ordinary", ACCOUNTS["ordinary"])
    yield world
    world.close()


@pytest.fixture
def open_world(harmed_world):
    """One in which attacks may do harm."""
    yield harmed_world
    harmed_world.repair()


@pytest.fixture(params=ISOLATING)
def isolating(request, world):
    """A tier that isolates."""
    reason = world.account.ask(missing=request.param)
    if reason is not None:
        pytest.skip(f"{request.param}: {reason}")
    return request.param
