"""Runs of Python programs, each in a process of its own that has AutoGen imported already.

Importing AutoGen is most of what a short run costs. One interpreter imports it and other
packages that are not under test, and forks itself for each run; harness is not among them.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from cli_project import environment

_IMPORTED = ("autogen", "genai_prices", "jinja2", "msgspec", "psutil", "pytest", "rich", "vcr")


def run_module(
    module: str, arguments: list[str], *, cwd: Path, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """As ``python -m module arguments`` there, without input."""
    with tempfile.TemporaryDirectory() as folder:
        files = [os.path.join(folder, name) for name in ("stdout", "stderr")]
        request = {"module": module, "arguments": arguments, "cwd": str(cwd), "env": env}
        server = _server(os.getpid())
        server.stdin.write(json.dumps({**request, "files": files}) + "\n")
        server.stdin.flush()
        answer = server.stdout.readline()
        assert answer, "the interpreter that is forked for each run has ended"
        texts = [Path(file).read_text(encoding="utf-8") for file in files]
    return subprocess.CompletedProcess([module, *arguments], int(answer), *texts)


@cache
def _server(owner: int) -> subprocess.Popen[str]:
    """The interpreter of one process of the tests."""
    del owner
    process = subprocess.Popen(
        [sys.executable, __file__],
        env=environment(PYTHONDONTWRITEBYTECODE="1", PYTHONWARNINGS="ignore"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[str]) -> None:
    process.stdin.close()
    process.wait()
    process.stdout.close()


def _serve() -> None:
    del sys.path[0]  # This folder, which the programs do not have.
    for name in _IMPORTED:
        __import__(name)
    gc.freeze()  # Else each run's collections walk, and copy, all of it.
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(**request)
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(
    module: str, arguments: list[str], cwd: str, env: dict[str, str], files: list[str]
) -> None:
    """Run the program; it ends this process as it would end its own."""
    null = os.open(os.devnull, os.O_RDONLY)
    outputs = [os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600) for file in files]
    for number, descriptor in enumerate((null, *outputs)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path.insert(0, cwd)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve()
