"""The warm interpreter that forks a keeper for every block; started by the client.

It is handed a socket. On it come its settings; then the client asks for a keeper by sending
the other end of a new connection, and hangs up to end the server.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import traceback
from dataclasses import dataclass
from typing import Any

from harness.sandboxes.cells import jail, kernel, wire
from harness.sandboxes.cells.view import View


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a server is set up.

    Attributes:
        view: What cells see.
        preload: Modules to import before the first block.
        has_namespaces: Whether cells get namespaces and a file system of their own.
        has_landlock: Whether cells are confined by Landlock.
        is_jailed: Whether something else has confined the server already.
        user: User and group that cells run as, for a server that runs as root; 0 for its own.
        has_channel: Whether cells get a connection to the client, for programs of our own.
    """

    view: View
    preload: tuple[str, ...]
    has_namespaces: bool
    has_landlock: bool
    is_jailed: bool
    user: int
    has_channel: bool = False


def serve(control: int, life: int) -> None:
    """Serve until the client hangs up or ends.

    Args:
        control: Descriptor of the socket on which it asks.
        life: Descriptor that becomes readable when it ends.
    """
    # Nobody waits for keepers: the kernel reaps them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    import harness.sandboxes.cells.keeper  # noqa: F401 - before forks, not in each of them

    # Where this package was found; blocks look for modules where any script does.
    del sys.path[-1]
    connection = socket.socket(fileno=control)
    for descriptor in (control, life):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - it takes nothing else
    with connection:
        _serve(connection, life, _settings(wire.receive(connection)[0]))


def _serve(control: socket.socket, life: int, settings: Settings) -> None:
    try:
        if settings.has_namespaces and not settings.is_jailed:
            jail.enter(settings.view)
        missing = _preload(settings.preload)
    except OSError as error:
        wire.send(control, {"error": str(error)})
        return
    tasks = len(os.listdir("/proc/self/task"))
    gc.collect()
    # Forked blocks collect garbage too; frozen objects are not copied for it.
    gc.freeze()
    wire.send(control, {"missing": missing, "threads": tasks})
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(life, select.POLLIN)
    while all(descriptor != life for descriptor, _ in poll.poll()):
        try:
            _, _, descriptors = wire.receive(control)
        except wire.Closed:
            return
        _fork_keeper(control, descriptors[0], settings)
        os.close(descriptors[0])


def _preload(modules: tuple[str, ...]) -> dict[str, str]:
    """Import modules; tell why for those that cannot be imported."""
    folder = tempfile.mkdtemp(prefix="harness-preload-")
    os.environ["MPLCONFIGDIR"], blocks_own = folder, os.environ["MPLCONFIGDIR"]
    missing: dict[str, str] = {}
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:  # A broken library is met, and told, by the block itself.
            missing[name] = f"{type(error).__name__}: {error}"
    figures: Any = sys.modules.get("matplotlib.pyplot")
    if figures is not None:
        # The first figure finds fonts and compiles patterns: once is enough.
        figures.figure().canvas.draw()
        figures.close("all")
        # What SVG files number their elements by; otherwise drawn at random.
        sys.modules["matplotlib"].rcParams["svg.hashsalt"] = "harness"
    os.environ["MPLCONFIGDIR"] = blocks_own
    shutil.rmtree(folder, ignore_errors=True)
    return missing


def _fork_keeper(control: socket.socket, connection: int, settings: Settings) -> None:
    if os.fork():
        return
    status = 1
    try:
        from harness.sandboxes.cells import keeper

        control.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        kernel.die_with_parent()
        keeper.keep(socket.socket(fileno=connection), settings)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _settings(given: dict[str, Any]) -> Settings:
    view = given.pop("view")
    return Settings(
        **{**given, "preload": tuple(given["preload"])},
        view=View(
            paths=tuple(view["paths"]),
            links=tuple((place, target) for place, target in view["links"]),
            placed=tuple((source, place) for source, place in view["placed"]),
            devices=tuple(view["devices"]),
        ),
    )
