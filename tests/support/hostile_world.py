"""What hostile blocks go for, and a verdict on what they got."""

from __future__ import annotations

import glob
import os
import secrets
import select
import shutil
import socket
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox_account import Account, Ran

from harness.sandboxes.workspace import regular_files, remove_tree

# What every attack can use. `got` says that something worked which must not.
PRELUDE = """\
import ctypes, glob, os, re, select, signal, socket, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(15, NAME.encode(), 0, 0, 0)

def got(*what):
    print("GOT", *what, flush=True)

SECRET = re.compile(rb"(?:memory|environment|command-line|file)-[0-9a-f]{16}")

# Prints secrets and nothing else: a full output would hide them.
def read(path):
    try:
        with open(path, "rb") as handle:
            found = SECRET.findall(handle.read(200_000))
    except OSError:
        return False
    for one in found:
        print(path, one.decode(), flush=True)
    return bool(found)

def attempt(function, *arguments, **options):
    try:
        result = function(*arguments, **options)
    except (OSError, ValueError, AttributeError) as error:
        print("refused:", error, flush=True)
        return None
    got(getattr(function, "__name__", function), result)
    return result

def call(number, *arguments):
    longs = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    libc.syscall.restype = ctypes.c_long
    result = libc.syscall(ctypes.c_long(number), *longs)
    if result >= 0:
        got("system call", number, result)
    else:
        print("refused:", os.strerror(ctypes.get_errno()), flush=True)
    return result
"""
ENDED = "the attack is over"


@dataclass(frozen=True)
class Attack:
    """A block that tries to do what it must not.

    Attributes:
        code: In Python, after `PRELUDE`, unless a language is given.
        limit: The limit that it must be ended by, if it must be.
        limits: Other limits than usual.
        is_cut_short: Whether it need not come to its own end.
        works_unconfined: Whether it can be seen, safely, to work where nothing isolates.
        tiers: Where it applies; everywhere if empty.
    """

    code: str
    language: str = "python"
    limit: tuple[str, ...] = ()
    limits: dict[str, Any] = field(default_factory=dict)
    timeout_seconds: float = 20.0
    is_cut_short: bool = False
    works_unconfined: bool = True
    tiers: tuple[str, ...] = ()


class Listener:
    """Counts who reaches it."""

    def __init__(self, family: int, kind: int, address: Any) -> None:
        self._socket = socket.socket(family, kind)
        try:
            self._socket.bind(address)
        except OSError:
            self._socket.close()
            raise
        self._is_stream = kind == socket.SOCK_STREAM
        if self._is_stream:
            self._socket.listen(50)
        self.address = self._socket.getsockname()
        self._visits = 0
        self._counting = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError, ValueError):  # closed
            while True:
                self._is_reached(None)
                with self._counting:
                    if self._is_stream:
                        self._socket.accept()[0].close()
                    else:
                        self._socket.recv(100)
                    self._visits += 1

    def _is_reached(self, seconds: float | None) -> bool:
        return bool(select.select([self._socket], [], [], seconds)[0])

    def visits(self) -> int:
        """How often it was reached; whoever came before this is asked is counted."""
        while True:
            with self._counting:
                if not self._is_reached(0):
                    return self._visits
            time.sleep(0.001)

    def close(self) -> None:
        # Otherwise the thread would wait on.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class World:
    """Secrets, listeners and a harness on this machine."""

    def __init__(self, name: str, user: int) -> None:
        self.token = secrets.token_hex(8)
        self.name = f"hostile-{self.token[:6]}"
        # Not in /tmp, which is private in some sandboxes.
        self.folder = Path(tempfile.mkdtemp(prefix="harness-hostile-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self._user = user
        handle, path = tempfile.mkstemp(prefix="secret-", dir="/tmp")
        os.close(handle)
        self.victims = {name: self.folder / path for name, path in _VICTIMS.items()}
        self.victims["temporary file"] = Path(path)
        self._plant()
        for part in ("tmp", "workspaces"):
            self._own(self.folder / part)
        self.listeners = self._listeners()
        self._name = name
        self.start()
        self.before = self._outside()
        self.state = self._harness_state()
        self._count = 0

    def start(self) -> None:
        """Start the harness."""
        self.account = Account(self._name, self._user, self.folder, self.token)

    def _own(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        os.chown(folder, self._user, self._user)

    def _plant(self) -> None:
        for place in self.victims.values():
            for folder in reversed(place.parents):
                if self.folder in folder.parents:
                    self._own(folder)
            place.unlink(missing_ok=True)
            place.write_text(f"file-{self.token}")
            place.chmod(0o600)
            os.chown(place, self._user, self._user)
            os.utime(place, (1, 1))

    def repair(self) -> None:
        """Undo what an attack did."""
        for pid in _named(self.name):
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        for path in (*self._strays(), *glob.glob(f"{self.folder}/*{self.name}*")):
            if os.path.isdir(path) and not os.path.islink(path):
                remove_tree(Path(path))
            else:
                os.unlink(path)
        for part in ("home", "samples", "project", "tmp"):
            remove_tree(self.folder / part)
        self._own(self.folder / "tmp")
        self._plant()
        # Its own state may be another one: limits, priority.
        self.account.close()
        self.start()

    def _listeners(self) -> dict[str, Listener]:
        stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
        path = str(self.folder / "listener")
        found = {
            "tcp": Listener(socket.AF_INET, stream, ("0.0.0.0", 0)),
            "udp": Listener(socket.AF_INET, datagram, ("127.0.0.1", 0)),
            "unix": Listener(socket.AF_UNIX, stream, path),
            "abstract": Listener(socket.AF_UNIX, stream, f"\0abstract-{self.token}"),
        }
        os.chmod(path, 0o777)
        with suppress(OSError):  # Not every kernel has it.
            found["vsock"] = Listener(socket.AF_VSOCK, stream, (1, 0xFFFFFFFF))
        return found

    def workspace(self) -> Path:
        """A new one."""
        self._count += 1
        folder = self.folder / "workspaces" / str(self._count)
        self._own(folder)
        return folder

    def block(self, attack: Attack) -> str:
        """The attack's code with what it may know."""
        if attack.language != "python":
            code = attack.code.replace("{NAME}", self.name).replace("{FOLDER}", str(self.folder))
            code = code.replace("{VICTIMS}", " ".join(map(str, self.victims.values())))
            return code.replace("{PORT}", str(self.listeners["tcp"].address[1]))
        known = {
            "NAME": self.name,
            "FOLDER": str(self.folder),
            "VICTIMS": [str(path) for path in self.victims.values()],
            "HARNESS": self.account.pid,
            "USER": self._user,
            "ADDRESSES": {name: one.address for name, one in self.listeners.items()},
            "OWN_ADDRESSES": own_addresses(),
        }
        lines = [f"{name} = {value!r}" for name, value in known.items()]
        return "\n".join([*lines, PRELUDE, attack.code, f"print({ENDED!r})"])

    def attack(self, tier: str, attack: Attack) -> tuple[Ran | None, list[str]]:
        """Let it run; what it achieved that it must not."""
        visits = {name: one.visits() for name, one in self.listeners.items()}
        workspace = self.workspace()
        ran = self.account.run(
            tier,
            workspace,
            self.block(attack),
            language=attack.language,
            timeout_seconds=attack.timeout_seconds,
            **{**LIMITS, **attack.limits},
        )
        found = self._told(ran)
        found += [
            f"reached {name}" for name, one in self.listeners.items() if one.visits() > visits[name]
        ]
        found += self._damage()
        found += [f"left running: {one}" for one in self._running()]
        found += [f"left behind: {path}" for path in self._strays()]
        found += self._carried(workspace)
        remove_tree(workspace)
        return ran, found

    def _strays(self) -> list[str]:
        """Files with its name in places that many share."""
        places = ("/tmp", "/dev/shm", "/var/tmp", "/var/lock")
        return [path for place in places for path in glob.glob(f"{place}/*{self.name}*")]

    def _carried(self, workspace: Path) -> list[str]:
        """Secrets that came into the workspace, or through it to where artefacts are read."""
        found = []
        for file in regular_files(workspace):
            with suppress(OSError), file.open() as stream:
                if f"file-{self.token}".encode() in stream.read(100_000):
                    found.append(f"carried into {file.relative}")
        return found

    def _told(self, ran: Ran | None) -> list[str]:
        if ran is None:
            return ["the harness has ended"]
        found = [line for line in ran.output.splitlines() if line.startswith("GOT ")]
        kinds = ("environment", "memory", "command-line", "file")
        return found + [f"read {kind}" for kind in kinds if f"{kind}-{self.token}" in ran.output]

    def _outside(self) -> dict[str, Any]:
        def look(path: Path) -> Any:
            state = path.lstat()
            return path.read_text(), state.st_mode, state.st_uid, int(state.st_mtime)

        found: dict[str, Any] = {name: look(path) for name, path in self.victims.items()}
        found["folders"] = [
            (str(path), path.lstat().st_mode, sorted(os.listdir(path)))
            for path in (self.folder, self.folder / "home", self.folder / "project")
        ]
        return found

    def _harness_state(self) -> dict[str, Any]:
        state = self.account.ask(state=True) or {}
        names = ("user", "capabilities", "mounts", "nice", "affinity", "limits")
        return {f"the harness's {name}": state.get(name) for name in names}

    def _damage(self) -> list[str]:
        before = {**self.before, **self.state}
        try:
            now = {**self._outside(), **self._harness_state()}
        except OSError as error:
            return [f"destroyed: {error}"]
        changed = [f"changed {name}" for name, was in before.items() if now[name] != was]
        scratch = os.listdir(self.folder / "tmp")
        return changed + [f"left in the temporary folder: {name}" for name in scratch]

    def _running(self) -> list[int]:
        """Processes with the name that attacks give themselves, once they had time to end."""
        deadline = time.monotonic() + 3
        while (found := _named(self.name)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    def close(self) -> None:
        self.account.close()
        for listener in self.listeners.values():
            listener.close()
        self.victims["temporary file"].unlink(missing_ok=True)
        shutil.rmtree(self.folder)


_VICTIMS = {
    "ssh key": "home/.ssh/id_ed25519",
    "home": "home/notes.txt",
    "other sample": "samples/other/workspace/answer.py",
    "cassette": "project/cassettes/first.jsonl",
    "run log": "project/reports/run.sqlite",
}
# Small, so that attacks come up against them soon.
LIMITS = {"memory_mb": 400, "processes": 60, "files": 800, "disk_mb": 32, "output_kb": 64}


def _named(name: str) -> list[int]:
    """Processes that call themselves so, or were started with that in their arguments."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            comm, words, state = (
                Path(f"/proc/{pid}/{part}").read_bytes() for part in ("comm", "cmdline", "stat")
            )
            is_dead = state.rpartition(b")")[2].split()[0] in (b"Z", b"X")
            if not is_dead and name.encode() in comm + words:
                found.append(int(pid))
    return found


def own_addresses() -> list[str]:
    """Internet addresses of this machine."""
    found = ["127.0.0.1"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle, suppress(OSError):
        handle.connect(("192.0.2.1", 9))  # Sends nothing.
        found.append(handle.getsockname()[0])
    return found


def check_contained(world: World, tier: str, attack: Attack) -> Ran:
    """Assert that it achieves nothing, meets its limit, and that code runs as before afterwards."""
    ran, found = world.attack(tier, attack)
    if ran is None:
        world.account.close()
        world.start()
    after = world.account.run(tier, world.workspace(), "print('as before')")

    assert found == [], ran.output if ran else ""
    assert ran is not None
    if attack.limit:
        assert ran.limit in attack.limit, ran
    if not attack.is_cut_short and attack.language == "python" and not attack.limit:
        assert ran.stdout.endswith(f"{ENDED}\n"), ran.output
    assert after is not None
    assert after.output == "as before\n"
    return ran


def check_works(world: World, attack: Attack) -> None:
    """Assert that it achieves something where nothing isolates, or the attack proves nothing."""
    ran, found = world.attack("none", attack)

    assert found != [], ran.output if ran else ""
