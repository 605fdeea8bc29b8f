"""Run a Python file as ``python file`` would, in an interpreter that is already warm."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
import types
from contextlib import suppress
from importlib.machinery import SourceFileLoader, all_suffixes
from typing import Any, NoReturn

# Loaded before any script in every interpreter: a file of that name never hides them.
_LOADED_AT_START = frozenset(
    {"abc", "codecs", "encodings", "genericpath", "io", "os", "posixpath", "site", "stat"}
)
# What a module has that is the main one, before any of its own names.
_MAIN_NAMES = (
    "__name__",
    "__doc__",
    "__package__",
    "__loader__",
    "__spec__",
    "__annotations__",
    "__builtins__",
)
_INTERRUPTED = -2  # As a process that SIGINT has ended.
_NOT_FLUSHED = 120  # As Python exits when its output cannot be written.


def is_hidden_by(folder: str) -> bool:
    """Whether a file in the folder has the name of a module that is loaded already.

    A fresh interpreter would import that file instead.
    """
    names = {name.partition(".")[0] for name in sys.modules}
    names -= {*sys.builtin_module_names, *_LOADED_AT_START, "__main__"}
    try:
        with os.scandir(folder) as found:
            return any(_module_in(entry) in names for entry in found)
    except OSError:
        return False


def _module_in(entry: os.DirEntry[str]) -> str:
    """Name under which a file or folder could be imported; "" if it could not."""
    for suffix in all_suffixes():
        if entry.name.endswith(suffix):
            return entry.name.removesuffix(suffix)
    # Without this file a folder is only imported if there is nothing else of that name.
    is_package = any(os.path.lexists(f"{entry.path}/__init__{end}") for end in all_suffixes())
    return entry.name if is_package else ""


def prepare(seed: int, frozen_at: float | None, *, is_unbuffered: bool) -> None:
    """Make what is random the same every time, and stop the clock if asked.

    Args:
        seed: For Python's and NumPy's random numbers.
        frozen_at: Seconds since 1970 at which the clock stands still; None for a running one.
        is_unbuffered: Whether what is printed is written at once.
    """
    import random

    if is_unbuffered:
        _stop_buffering()
    random.seed(seed)
    tempfile: Any = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile.tempdir = None  # Where the server kept its own.
    numpy: Any = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed(seed)
    if frozen_at is not None:
        import time_machine

        time_machine.travel(frozen_at, tick=False).start()


def _stop_buffering() -> None:
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        stream = _unbuffered(descriptor, getattr(sys, f"__{name}__"))
        vars(sys).update({name: stream, f"__{name}__": stream})


def _unbuffered(descriptor: int, stream: Any) -> io.TextIOWrapper:
    """A stream as ``python -u`` makes it."""
    raw: Any = io.FileIO(descriptor, "wb", closefd=False)
    made = io.TextIOWrapper(
        raw,
        encoding=stream.encoding,
        errors=stream.errors,
        newline="\n",
        write_through=True,
    )
    made.mode = "w"  # type: ignore[misc]
    return made


def run(path: str) -> NoReturn:
    """Run the file as the main module and end this process as the interpreter would."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "harness"]:
        del sys.modules[name]
    sys.modules["__main__"] = _main_module(path)
    sys.argv = [path]
    sys.orig_argv = [sys.executable, path]
    sys.path.insert(0, os.path.dirname(path))
    status = _status_of(path)
    try:
        status = _wind_up(os.path.dirname(path), status)
    except BaseException:  # The script has taken away what that needs.
        _end_interpreter(status)
    if status == _INTERRUPTED:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status)


def _main_module(path: str) -> types.ModuleType:
    module = types.ModuleType("__main__")
    names = module.__dict__
    before = vars(sys.modules["__main__"])
    names.clear()
    names.update({name: before[name] for name in _MAIN_NAMES if name in before})
    names["__loader__"] = SourceFileLoader("__main__", path)
    names["__file__"] = path
    if "__cached__" in vars(types):  # Gone from Python 3.15 on.
        names["__cached__"] = None
    return module


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
        status = _status_after(error)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(status)


def _status_of(path: str) -> int:
    error: BaseException | None = None
    try:
        with open(path, "rb") as handle:
            code = compile(handle.read(), path, "exec", dont_inherit=True)
        exec(code, vars(sys.modules["__main__"]))
    except BaseException as raised:
        error = raised
    # Not while it is being handled: what a hook raises would be told as its consequence.
    return 0 if error is None else _status_after(error)


def _status_after(error: BaseException) -> int:
    if isinstance(error, SystemExit):
        return _exit_status(error.code)
    # The innermost frames are the script's own; the first is this module's.
    trace = error.__traceback__.tb_next if error.__traceback__ else None
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
    error = error.with_traceback(trace)
    try:
        sys.excepthook(type(error), error, trace)
    except SystemExit as leaving:
        return _exit_status(leaving.code)
    except BaseException as fault:
        own = fault.__traceback__.tb_next if fault.__traceback__ else None
        print("Error in sys.excepthook:", file=sys.stderr)  # noqa: T201 - as the interpreter does
        sys.__excepthook__(type(fault), fault.with_traceback(own), own)
        print("\nOriginal exception was:", file=sys.stderr)  # noqa: T201
        sys.__excepthook__(type(error), error, trace)
    return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def _exit_status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)  # noqa: T201 - as the interpreter does
    return 1


def _wind_up(folder: str, status: int) -> int:
    """What the interpreter does before it ends: wait for threads, call exit functions, flush.

    It would also take down every module, which takes long: here only the script's own, in its
    folder. Others keep no files open.
    """
    import atexit
    import threading

    threading._shutdown()  # type: ignore[attr-defined]
    if len(sys._current_frames()) > 1:
        # Daemons still run. Only the interpreter itself can stop them; it takes longer.
        _end_interpreter(status)
    atexit._run_exitfuncs()
    status = _flush(status)
    for module in list(sys.modules.values()):
        if str(getattr(module, "__file__", None)).startswith(f"{folder}/"):
            _forget(module)
    gc.collect()
    for kind in (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom):
        for one in gc.get_objects():
            # By its type: asking the object would run code of its own.
            if issubclass(type(one), kind):
                with suppress(OSError, ValueError):
                    one.flush()
    return _flush(status)


def _end_interpreter(status: int) -> NoReturn:
    import ctypes

    # What is printed by then would stay in the buffers: this module keeps them alive.
    with suppress(BaseException):
        if sys.stdout is sys.__stdout__ and _flush(status) == status:
            _stop_buffering()
    ctypes.pythonapi.Py_Exit(status & 0xFF)
    raise AssertionError


def _flush(status: int) -> int:
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except (OSError, ValueError, AttributeError) as error:
            if status != _NOT_FLUSHED and stream is sys.stdout:
                kind = type(error).__name__
                text = f"Exception ignored in: {stream!r}\n{kind}: {error}"
                print(text, file=sys.stderr)  # noqa: T201 - as the interpreter does
                status = _NOT_FLUSHED
    return status


def _forget(module: types.ModuleType) -> None:
    # Files that were never closed are flushed when they are forgotten. In the interpreter's own
    # order, so that what objects do in their last moment finds what it would find there.
    names = vars(module)
    private = [name for name in names if name.startswith("_") and not name.startswith("__")]
    for name in (*private, *names):
        if name != "__builtins__":
            names[name] = None
