"""References from a suite's YAML to files and to functions in them, checked without importing."""

from __future__ import annotations

import ast
import difflib
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from harness.model.scenario import PythonReference
from harness.suites.document import Invalid, InvalidFile, Source, Value, shown_path
from harness.suites.reading import Reader, Section, shortened, text, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKS = "check_*"


def file(value: Value) -> Path:
    """An existing file inside the suite's folder, named relative to the file it is written in."""
    return existing(value, text(value))


def existing(value: Value, written: str) -> Path:
    """As `file`, for a path written as part of the value."""
    path = inside(value, written)
    if path.is_file():
        return path
    siblings = sorted(entry.name for entry in _entries(path.parent))
    near = difflib.get_close_matches(path.name, siblings, n=1)
    hint = f" Did you mean {os.path.join(os.path.dirname(written), near[0])!r}?" if near else ""
    raise Invalid(value, f"there is no file {shown_path(path)}.{hint}")


def inside(value: Value, written: str) -> Path:
    """The path written, which must stay inside the suite's folder; it need not exist."""
    source = value.source
    if "\0" in written or len(written) > 1000:
        raise Invalid(value, f"{shortened(written)} is not a path")
    if os.path.isabs(written):
        where = shown_path(source.folder)
        raise Invalid(value, f"{shortened(written)} is absolute; write it relative to {where}")
    path = Path(os.path.normpath(source.folder / written))
    # Both: a path must not climb by its text, nor by a symbolic link on the way.
    if not path.is_relative_to(source.root) or not is_within(path, source.root):
        raise Invalid(
            value,
            f"{shortened(written)} leads out of the suite's folder {shown_path(source.root)}; "
            "copy what it refers to into the suite",
        )
    return path


def is_within(path: Path, root: Path) -> bool:
    """Whether a path, its symbolic links followed, lies inside root."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _entries(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError:
        return


def read_text(value: Value, path: Path) -> str:
    """The text of a file that a value refers to."""
    try:
        found = tidy(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(value, f"{shown_path(path)} cannot be read: {error}") from None
    if not found:
        raise Invalid(value, f"the file {shown_path(path)} is empty")
    return found


def prompt(value: Value) -> str:
    """A prompt: the text itself, or ``{file: path}``."""
    if isinstance(value.content, str):
        return text(value)
    section = Section(value, ["file"])
    path = section.require("file", file, None)
    return read_text(value, path) if path else ""


def function(default: str) -> Reader[PythonReference]:
    """A reference ``file.py:attribute``; the attribute may be left out for the default one."""

    def read(value: Value) -> PythonReference:
        written, colon, attribute = text(value).partition(":")
        attribute = attribute if colon else default
        if not attribute.isidentifier():
            wanted = f"write it as {written or 'file.py'}:{default}"
            raise Invalid(value, f"{shortened(attribute)} is not a function's name; {wanted}")
        return _checked(value, existing(value, written), attribute)

    return read


def _checked(value: Value, path: Path, attribute: str) -> PythonReference:
    defined = _defined(value, path)
    if defined is not None and attribute not in defined:
        near = difflib.get_close_matches(attribute, defined, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        names = ", ".join(defined) or "nothing"
        raise Invalid(value, f"{shown_path(path)} has no {attribute!r}; it defines: {names}.{hint}")
    return PythonReference(path=str(path), attribute=attribute)


def checks(value: Value) -> PythonReference:
    """A Python file with at least one ``check_`` function."""
    path = existing(value, text(value))
    defined = _defined(value, path)
    if defined is not None and not any(found.startswith("check_") for found in defined):
        raise Invalid(
            value,
            f"{shown_path(path)} defines no function whose name begins with 'check_', "
            "so it would check nothing",
        )
    return PythonReference(path=str(path), attribute=CHECKS)


def beside(source: Source, name: str, reader: Reader[PythonReference]) -> PythonReference | None:
    """A reference that holds without being written: the file of that name beside the YAML."""
    path = source.folder / name.partition(":")[0]
    if not path.is_file():
        return None
    key = name.partition(".")[0]
    try:
        return reader(Value(source, 1, key, name))
    except InvalidFile as error:
        error.report()
    except Invalid as error:
        # Nobody wrote its name into the YAML, so the mistake is in the file itself.
        text = error.text.replace(f"{shown_path(path)} ", "this file ", 1)
        InvalidFile(error.value, path, 1, text).report()
    return None


def _defined(value: Value, path: Path) -> tuple[str, ...] | None:
    """Names at the top of a Python file; None when only running it can tell."""
    try:
        with warnings.catch_warnings():
            # An odd escape in the user's file is theirs to see when it runs, not here.
            warnings.simplefilter("ignore")
            tree = ast.parse(path.read_bytes(), filename=str(path))
    except SyntaxError as error:
        raise InvalidFile(value, path, error.lineno or 1, f"invalid Python: {error.msg}") from None
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        said = str(error) or type(error).__name__
        raise Invalid(value, f"{shown_path(path)} cannot be read: {said}") from None
    names = tuple(dict.fromkeys(_names(tree.body)))
    return None if "*" in names or "__getattr__" in names else names


def _names(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            yield from _imported(statement)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            yield from _assigned(statement)
        else:
            for block in ("body", "orelse", "finalbody"):
                yield from _names(getattr(statement, block, []))
            for branch in (*getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
                yield from _names(branch.body)


def _imported(statement: ast.Import | ast.ImportFrom) -> Iterator[str]:
    for alias in statement.names:
        yield alias.asname or alias.name.partition(".")[0]


def _assigned(statement: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                yield node.id
