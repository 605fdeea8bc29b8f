"""Run a Python file as ``python file`` would, in an interpreter that is already warm."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import types
from importlib.machinery import SourceFileLoader
from typing import Any, NoReturn

# Loaded before any script in every interpreter: a file of that name never hides them.
_LOADED_AT_START = frozenset(
    {"abc", "builtins", "codecs", "encodings", "genericpath", "io", "marshal"}
)
_LOADED_AT_START |= {"os", "posix", "posixpath", "site", "stat", "sys", "time", "zipimport", "zlib"}
_NOT_FLUSHED = 120  # As Python exits when its output cannot be written.


def is_hidden_by(folder: str) -> bool:
    """Whether a file in the folder has the name of a module that is loaded already.

    A fresh interpreter would import that file instead.
    """
    loaded = {name.partition(".")[0] for name in sys.modules} - _LOADED_AT_START
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    return any(name.partition(".")[0] in loaded for name in names)


def prepare(seed: int, frozen_at: float | None, *, is_unbuffered: bool) -> None:
    """Make what is random the same every time, and stop the clock if asked.

    Args:
        seed: For Python's and NumPy's random numbers.
        frozen_at: Seconds since 1970 at which the clock stands still; None for a running one.
        is_unbuffered: Whether what is printed is written at once.
    """
    import random

    if is_unbuffered and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(write_through=True)
    random.seed(seed)
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(seed)
    if frozen_at is not None:
        import time_machine

        time_machine.travel(frozen_at, tick=False).start()


def run(path: str) -> NoReturn:
    """Run the file as the main module and end this process as the interpreter would."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "harness"]:
        del sys.modules[name]
    module = types.ModuleType("__main__")
    module.__file__ = path
    module.__loader__ = SourceFileLoader("__main__", path)
    module.__dict__["__builtins__"] = sys.modules["builtins"]
    module.__dict__["__cached__"] = None
    sys.modules["__main__"] = module
    sys.argv = [path]
    sys.path.insert(0, os.path.dirname(path))
    status = _status_of(module, path)
    os._exit(_wind_up(module, status))


def call(entry: str, descriptor: int) -> NoReturn:
    """Call a function of our own with a connection, and end this process when it returns.

    Args:
        entry: "module:function".
        descriptor: Of the connection to the client.
    """
    import importlib
    from multiprocessing.connection import Connection

    module, _, function = entry.partition(":")
    status = 0
    try:
        getattr(importlib.import_module(module), function)(Connection(descriptor))
    except BaseException as error:
        _show(error)
        status = 1
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


def _status_of(module: types.ModuleType, path: str) -> int:
    try:
        with open(path, "rb") as handle:
            code = compile(handle.read(), path, "exec", dont_inherit=True)
        exec(code, module.__dict__)
    except SystemExit as leaving:
        return _exit_status(leaving.code)
    except BaseException as error:
        _show(error)
        return 1
    return 0


def _exit_status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)  # noqa: T201 - as the interpreter does
    return 1


def _show(error: BaseException) -> None:
    # The innermost frames are the script's own; the first is this module's.
    trace = error.__traceback__.tb_next if error.__traceback__ else None
    error = error.with_traceback(trace)
    try:
        sys.excepthook(type(error), error, trace)
    except BaseException as fault:
        print("Error in sys.excepthook:", file=sys.stderr)  # noqa: T201
        sys.__excepthook__(type(fault), fault, fault.__traceback__)


def _wind_up(module: types.ModuleType, status: int) -> int:
    """What the interpreter does before it ends: wait for threads, call exit functions, flush."""
    import atexit
    import gc
    import threading

    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        _forget(module.__dict__)
        gc.collect()
    except BaseException as error:
        _show(error)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            status = status or _NOT_FLUSHED
    return status


def _forget(names: dict[str, Any]) -> None:
    # Files that were never closed are flushed when they are forgotten. In the interpreter's own
    # order, so that what objects do in their last moment finds what it would find there.
    private = [name for name in names if name.startswith("_") and not name.startswith("__")]
    for name in (*private, *names):
        if name != "__builtins__":
            names[name] = None
