"""Functions and files stay small enough to be read in one go."""

from __future__ import annotations

import ast
import statistics
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
CODE = {".py", ".tmpl", ".html", ".css", ".js", ".sh", ".yaml", ".yml", ".toml"}
PLACES = ("harness", "tests", "scenarios")

MAX_FUNCTION_LINES = 60
MAX_MEDIAN_LINES = 12
MAX_FILE_LINES = 400


def code_files() -> list[Path]:
    """Files of ours: what git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *PLACES],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return sorted(path for path in set(paths) if path.suffix in CODE and path.is_file())


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and number of lines of every function, decorators and docstring included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            start = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            assert node.end_lineno is not None
            yield f"{path.relative_to(ROOT)}:{start} {node.name}", node.end_lineno - start + 1


def python_files() -> list[Path]:
    return [path for path in code_files() if path.suffix == ".py" or path.name.endswith(".py.tmpl")]


def test_there_is_code_to_measure() -> None:
    measured = {path.relative_to(ROOT).parts[0] for path in python_files()}

    assert {"harness", "tests"} <= measured


def test_no_function_is_long() -> None:
    long = [
        f"{name}: {lines} lines"
        for path in python_files()
        for name, lines in functions(path)
        if lines > MAX_FUNCTION_LINES
    ]

    assert not long, "\n".join(long)


def test_no_file_is_long() -> None:
    counted = {path: len(path.read_bytes().splitlines()) for path in code_files()}
    long = [f"{path}: {lines}" for path, lines in counted.items() if lines > MAX_FILE_LINES]

    assert not long, "\n".join(long)


def test_the_median_function_is_short() -> None:
    lengths = [
        lines
        for path in python_files()
        if path.is_relative_to(ROOT / "harness")
        for _, lines in functions(path)
    ]

    assert statistics.median(lengths) <= MAX_MEDIAN_LINES


def test_no_module_is_a_drawer_for_leftovers() -> None:
    drawers = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}

    assert [path for path in code_files() if path.name in drawers] == []
