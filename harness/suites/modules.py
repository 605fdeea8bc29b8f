"""Runs the user's Python: modules by path, under names of their own, each once per process.

A suite's folder is put on no search path, so two suites may both have a
``team.py``, and a suite cannot shadow a library.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import os
import sys
import threading
import traceback
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError, SuiteError
from harness.suites.document import shown_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, ModuleType

    from harness.model.scenario import PythonReference

# Reentrant: importing a module may import its siblings.
_IMPORTING = threading.RLock()
_CHECK = "check_"
_SUITE_FILE = "suite.yaml"


def load_callable(reference: PythonReference) -> Callable[..., Any]:
    """Import the file of a reference and get its function.

    Args:
        reference: File and attribute.

    Returns:
        The function; the same one for the whole process.

    Raises:
        SuiteError: If the file cannot be imported, or has no such function.
    """
    module = _module(Path(reference.path))
    found = getattr(module, reference.attribute, None)
    if callable(found):
        return found  # type: ignore[no-any-return]  # the user's; its signature is checked by calling
    known = [name for name, value in vars(module).items() if callable(value) and name[0] != "_"]
    near = difflib.get_close_matches(reference.attribute, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    what = "is not a function" if hasattr(module, reference.attribute) else "is not defined"
    raise SuiteError(
        [f"{shown_path(reference.path)}:1: {reference.attribute!r} {what} in this file.{hint}"]
    )


def load_checks(reference: PythonReference) -> dict[str, Callable[..., Any]]:
    """Import a checks file and get its checks.

    Args:
        reference: The file; its attribute does not matter.

    Returns:
        The ``check_`` functions in the order they are defined in, by their name
        without ``check_``.

    Raises:
        SuiteError: If the file cannot be imported, or has no check.
    """
    module = _module(Path(reference.path))
    found = {
        name.removeprefix(_CHECK): value
        for name, value in vars(module).items()
        if name.startswith(_CHECK) and callable(value)
    }
    if not found:
        raise SuiteError(
            [f"{shown_path(reference.path)}:1: no function has a name beginning with {_CHECK!r}"]
        )
    return found


def sibling(file: str, name: str) -> ModuleType:
    """A module beside the calling one, for code that several files of a suite share.

    Write ``common = sibling(__file__, "common")`` for ``common.py``. It is looked
    for beside the caller, then, for a file in a scenario's folder, in the suite's.

    Args:
        file: The caller's ``__file__``.
        name: Name of the module, without ``.py``.

    Returns:
        The module; the same one for the whole process.

    Raises:
        SuiteError: If there is no such module, or it cannot be imported.
    """
    here = Path(os.path.abspath(file)).parent
    folders = [here] if (here / _SUITE_FILE).is_file() else [here, here.parent]
    for folder in folders:
        path = folder / f"{name}.py"
        if name.isidentifier() and path.is_file():
            return _module(path)
    known = sorted(path.stem for folder in folders for path in folder.glob("*.py"))
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise SuiteError(
        [f"{shown_path(file)}:1: there is no module {name!r}; beside it: {', '.join(known)}.{hint}"]
    )


class _Loader(SourceFileLoader):
    """Compiles anew each time, with asserts, and leaves no ``__pycache__`` in the user's folders.

    ``python -O`` and PYTHONOPTIMIZE drop asserts, so no check of a suite could fail.
    """

    def get_code(self, fullname: str) -> CodeType:
        """The compiled file, never from a cache, which may lack the asserts."""
        path = self.get_filename(fullname)
        code: CodeType = compile(self.get_data(path), path, "exec", dont_inherit=True, optimize=0)
        return code

    def set_data(self, path: str, data: object, *, _mode: int = 0o666) -> None:
        """Would write the compiled file."""


def _module(path: Path) -> ModuleType:
    # realpath: one file is one module, by whatever path it is reached.
    real = os.path.realpath(path)
    digest = hashlib.blake2b(os.fsencode(real), digest_size=8).hexdigest()
    name = f"_harness_suite_{digest}_{path.stem}"
    # Without the lock another thread could see the module while it is half imported.
    with _IMPORTING:
        loaded = sys.modules.get(name)
        return loaded if loaded is not None else _imported(name, path)


def _imported(name: str, path: Path) -> ModuleType:
    # Not spec_from_loader: only this one gives the module its __file__.
    spec = importlib.util.spec_from_file_location(name, path, loader=_Loader(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # In place before it runs, as dataclasses and pickle look their module up by name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, Exception | SystemExit) and not isinstance(error, HarnessError):
            raise SuiteError([_failure(path, error)]) from error
        raise
    return module


def _failure(path: Path, error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{shown_path(path)}:{error.lineno or 1}: invalid Python: {error.msg}"
    lines = [
        frame.lineno or 1
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    said = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
    hint = ""
    if isinstance(error, ModuleNotFoundError):
        hint = ". If it is a package, install it; if it lies beside this file, see sibling()"
    place = f"{shown_path(path)}:{lines[-1] if lines else 1}"
    return f"{place}: importing this file raised {type(error).__name__}: {said}{hint}"
