"""A harness in a process of its own, as root or as an ordinary user, that runs blocks on demand.

Attacks see it as what it is for them: the process of the harness, with a secret in its
environment, its memory and its command line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.sandboxes.cells import kernel

_REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """How a block ended in the other process."""

    exit_code: int
    stdout: str
    stderr: str
    limit: str | None
    duration_seconds: float
    peak_memory_bytes: int
    files: tuple[tuple[str, str], ...]

    @property
    def output(self) -> str:
        return self.stdout + self.stderr


class Account:
    """Speaks to the other process."""

    def __init__(self, name: str, user: int, folder: Path, secret: str) -> None:
        self.name = name
        self.user = user
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "PYTHONPATH": str(Path(__file__).parent),
            "OPENAI_API_KEY": f"sk-environment-{secret}",
        }
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(user), f"command-line-{secret}"],
            env=environ,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.ask(secret=f"memory-{secret}")

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, **question: Any) -> Any:
        """Ask it something; None if it has ended."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps(question).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            return None
        line = stdout.readline()
        return json.loads(line) if line else None

    def run(
        self,
        tier: str,
        workspace: Path,
        code: str,
        *,
        language: str = "python",
        timeout_seconds: float = 20.0,
        **limits: Any,
    ) -> Ran | None:
        """Run a block; None if that was the end of the harness."""
        answer = self.ask(
            tier=tier,
            workspace=str(workspace),
            code=code,
            language=language,
            timeout_seconds=timeout_seconds,
            limits=limits,
        )
        if answer is None:
            return None
        return Ran(**{**answer, "files": tuple(map(tuple, answer["files"]))})

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
        self._process.wait()


def _become(user: int) -> None:
    """Give up root for good; the interpreter stays within reach, in mounts of this process alone.

    Folders on the way to it that are closed to others (root's home, often) are covered by open
    ones, in which there is nothing but the interpreter and this package.
    """
    needed = {sys.prefix, sys.base_prefix, str(_REPOSITORY)}
    closed = {gate for path in needed for gate in _gates(path)}
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    opened = {path: os.open(path, os.O_PATH) for path in needed}
    for gate in sorted(closed):
        kernel.mount("tmpfs", gate, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755")
    for path, descriptor in opened.items():
        if any(path.startswith(f"{gate}/") for gate in closed):
            os.makedirs(path, exist_ok=True)
            kernel.bind(f"/proc/self/fd/{descriptor}", path)
        os.close(descriptor)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def _gates(path: str) -> list[str]:
    above = [str(parent) for parent in Path(path).parents]
    return [one for one in reversed(above) if not os.stat(one).st_mode & 0o001][:1]


def _serve() -> None:
    from sandbox_tiers import made, missing

    from harness.model.execution import CodeLimits

    sandboxes: dict[str, Any] = {}
    kept = []
    for line in sys.stdin:
        question = json.loads(line)
        answer: Any = None
        if "secret" in question:
            kept.append(question["secret"])
        elif "missing" in question:
            answer = missing(question["missing"])
        elif "state" in question:
            answer = _state()
        elif "close" in question:
            for sandbox in sandboxes.values():
                sandbox.close()
        else:
            tier = question.pop("tier")
            if tier not in sandboxes:
                sandboxes[tier] = made(tier)
            question["limits"] = CodeLimits(**question["limits"])
            workspace = Path(question.pop("workspace"))
            done = sandboxes[tier].run(workspace, filename="main.py", **question)
            answer = {
                "exit_code": done.exit_code,
                "stdout": done.stdout,
                "stderr": done.stderr,
                "limit": done.limit,
                "duration_seconds": done.duration_seconds,
                "peak_memory_bytes": done.peak_memory_bytes or 0,
                "files": [(one.path, one.kind) for one in done.files],
            }
        print(json.dumps(answer), flush=True)


def _state() -> dict[str, Any]:
    """What an attack could have changed in this process."""
    with open("/proc/self/status") as handle:
        status = dict(line.split(":", 1) for line in handle)
    with open("/proc/self/mountinfo") as handle:
        mounts = len(handle.readlines())
    import resource

    return {
        "user": os.getuid(),
        "resident_kb": int(status["VmRSS"].split()[0]),
        "highest_kb": int(status["VmHWM"].split()[0]),
        "capabilities": status["CapEff"].strip(),
        "mounts": mounts,
        "descriptors": len(os.listdir("/proc/self/fd")),
        "nice": os.getpriority(os.PRIO_PROCESS, 0),
        "affinity": sorted(os.sched_getaffinity(0)),
        "limits": [resource.getrlimit(kind) for kind in range(16)],
    }


if __name__ == "__main__":
    if int(sys.argv[1]) != os.getuid():
        _become(int(sys.argv[1]))
        # A fresh start: this interpreter has looked into folders of root.
        os.execv(sys.executable, [sys.executable, *sys.argv])
    _serve()
