"""Find checks that believe pytest's exit code where agents can decide it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

from harness.suites.document import shown_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from harness.model.scenario import Suite

# In code given to run_python, as a command of its own, or as words of a command line.
_RUNS_PYTEST = re.compile(
    r"pytest\.(?:main|console_main)\b|-m[\s\"',]+pytest\b|[\"']pytest[\"']|^\s*pytest(?:\s+\S|\s*$)"
)
_SAFE = "noconftest"


def trusting_checks(suites: Iterable[Suite]) -> list[str]:
    """Warn of checks that run pytest where a ``conftest.py`` of the agents' is obeyed.

    Only what stands in the file of the checks is looked at, and nothing is run.

    Returns:
        One sentence per place, with file and line.
    """
    checks = [scenario.checks for suite in suites for scenario in suite.scenarios]
    files = dict.fromkeys(reference.path for reference in checks if reference is not None)
    return [
        f"{shown_path(path)}:{line}: this runs pytest where the agents' conftest.py, ini files and "
        "plugins decide what it says: any of these makes a failing test pass. Run hidden tests "
        "by sample.run_pytest({'test_it.py': text}).require_passed(), or at least with "
        "--noconftest -c /dev/null."
        for path in files
        for line in _lines(Path(path).read_bytes())
    ]


def _lines(source: bytes) -> Iterator[int]:
    """Where pytest is run, once per statement of the module."""
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError):  # Reported when the checks are loaded.
        return
    for statement in statements:
        nodes = list(_walk(statement))
        texts = [node for node in nodes if isinstance(node, ast.Constant)]
        if any(isinstance(node.value, str) and _SAFE in node.value for node in texts):
            continue
        found = [node.lineno for node in nodes if _runs_pytest(node)]
        if found:
            yield min(found)


def _walk(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Every expression and statement below a node, docstrings left out."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.expr | ast.stmt):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)


def _runs_pytest(node: ast.expr | ast.stmt) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and bool(_RUNS_PYTEST.search(node.value))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return ast.unparse(node.func) in ("pytest.main", "pytest.console_main")
    return False
