"""Hidden tests that pytest runs beside agents' modules, and what became of each."""

from __future__ import annotations

import ast
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.model.team import FinishedSample
    from harness.protocols import Execution

_NAME = re.compile(r"\w+\.py")
# The driver's namespace belongs to no module, and its builtins are a copy. The workspace
# leaves the import path at once, so that nothing in it can shadow what the driver imports.
_START = """\
import sys
exec({driver!r}, {{
    "__name__": "driver",
    "__builtins__": dict(vars(__builtins__)),
    "GIVEN": (sys.path.pop(0), *{given!r}),
}})
"""


@dataclass(frozen=True, kw_only=True)
class PytestRun:
    """What became of hidden tests.

    Attributes:
        tests: Why each test did not pass, "" for one that passed, by its name such as
            ``test_sum.py::test_negative``. A file that could not be loaded is listed, too, and
            a test that was written but did not run.
        execution: The run itself. Its exit code and output are claims of the agents' code.
    """

    tests: Mapping[str, str]
    execution: Execution

    @property
    def failed(self) -> dict[str, str]:
        """The tests that did not pass, and why."""
        return {name: why for name, why in self.tests.items() if why}

    def require_passed(self) -> None:
        """Fail the check unless there were tests and every one of them passed.

        Raises:
            AssertionError: Naming the first that did not, and why.
        """
        for name, why in self.failed.items():
            raise AssertionError(f"{name}: {why}")
        assert self.tests, "no test ran"


def run_hidden(
    sample: FinishedSample,
    tests: Mapping[str, str],
    *,
    files: Mapping[str, str] | None,
    timeout_seconds: float,
) -> PytestRun:
    """See `FinishedSample.run_pytest`."""
    for name in tests:
        if not _NAME.fullmatch(name):
            raise HarnessError(
                f"run_pytest: {name!r} is no file name of a test module; give texts by name, as in "
                'sample.run_pytest({"test_sum.py": text}).'
            )
    due = {name: "did not run" for file, text in tests.items() for name in _declared(file, text)}
    mark = f"{secrets.token_hex(16)} "
    driver = Path(__file__).with_name("pytest_driver.py").read_text(encoding="utf-8")
    execution = sample.run_python(
        _START.format(driver=f"{driver}\n\nmain(*GIVEN)\n", given=(mark, dict(tests))),
        files=files,
        timeout_seconds=timeout_seconds,
    )
    reports = [line for line in execution.output.splitlines() if line.startswith(mark)]
    found = _parsed(reports[-1].removeprefix(mark)) if reports else {}
    if found is None:
        raise HarnessError(
            "run_pytest needs pytest in the environment of harness. Install it by: "
            "pip install pytest"
        )
    if not found:
        due = dict.fromkeys(due, f"did not report; the process ended with {execution.exit_code}")
    ran = {name.partition("[")[0] for name in found}
    missing = {name: why for name, why in due.items() if name not in ran}
    # What is said of the session comes behind what is said of its tests.
    session = {name: found.pop(name) for name in ("pytest",) if name in found}
    return PytestRun(tests={**found, **missing, **session}, execution=execution)


def _declared(file: str, text: str) -> Iterator[str]:
    """The tests in a module's text, by the names that pytest gives them."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        yield file
        return
    yield from (f"{file}::{name}" for name in _tests_in(body))
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from (f"{file}::{node.name}::{name}" for name in _tests_in(node.body))


def _tests_in(body: list[ast.stmt]) -> list[str]:
    functions = (node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [node.name for node in functions if node.name.startswith("test")]


def _parsed(report: str) -> dict[str, str] | None:
    """The driver's report; one that was cut off is as good as none."""
    try:
        found: dict[str, str] | None = ast.literal_eval(report)
    except (ValueError, SyntaxError):
        return {}
    return found
