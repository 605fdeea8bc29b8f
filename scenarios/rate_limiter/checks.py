"""Hidden tests against the module the agents wrote, and their own tests, too.

What an agent wrote is imported in the sandbox only. A verdict rests on a report
that names every test that ran: a module that ends the process with exit code 0,
prints "OK", or replaces what it can reach through `sys.modules` has reported
nothing. It does share a process with the tests, though, and one that inspects
frames or patches the standard library can still fool them: keeping the two
apart is for a sandbox that isolates.
"""

from __future__ import annotations

import ast
import secrets
from pathlib import Path

from harness.model.team import FinishedSample

_HERE = Path(__file__).parent / "hidden"
_SECONDS = 30.0

# The driver's namespace belongs to no module, and its builtins are a copy. The workspace
# leaves the import path at once, so that nothing in it can shadow the standard library.
_START = """\
import sys
exec({driver!r}, {{
    "__name__": "driver",
    "__builtins__": dict(vars(__builtins__)),
    "GIVEN": (sys.path.pop(0), *{given!r}),
}})
"""


def check_refill(sample: FinishedSample) -> None:
    run_hidden(sample, "refill")


def check_burst(sample: FinishedSample) -> None:
    run_hidden(sample, "burst")


def check_timeout(sample: FinishedSample) -> None:
    run_hidden(sample, "timeout")


def check_threads(sample: FinishedSample) -> None:
    run_hidden(sample, "threads")


def check_own_tests(sample: FinishedSample) -> None:
    require_saved(sample, "test_rate_limiter.py")
    tests = run_tests(sample, "test_rate_limiter")
    assert len(tests) >= 2, f"test_rate_limiter.py holds {len(tests)} tests; at least 2 were due"
    require_passed(tests)


def check_own_tests_notice_a_limiter_that_never_refuses(sample: FinishedSample) -> None:
    require_saved(sample, "test_rate_limiter.py")
    broken = hidden_text(sample, "harness_never_refuses")
    tests = run_tests(sample, "test_rate_limiter", files={"rate_limiter.py": broken})
    failed = [name for name, reason in tests.items() if reason]
    assert failed, f"all {len(tests)} tests pass with a limiter that lets everything through"


def run_hidden(sample: FinishedSample, topic: str) -> None:
    """Run one of the scenario's hidden test files; every test in it must have run and passed."""
    require_saved(sample, "rate_limiter.py")
    module = f"harness_{topic}"
    text = hidden_text(sample, module)
    due = [
        node.name
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    tests = run_tests(sample, module, text)
    assert sorted(tests) == sorted(due), f"{len(tests)} of {len(due)} hidden tests ran"
    require_passed(tests)


def require_saved(sample: FinishedSample, name: str) -> None:
    path = sample.workspace / name
    assert not path.is_symlink(), f"{name} is a link"
    assert path.is_file(), f"{name} was not saved"


def hidden_text(sample: FinishedSample, module: str) -> str:
    return (Path(sample.scenario.folder) / "hidden" / f"{module}.py").read_text(encoding="utf-8")


def run_tests(
    sample: FinishedSample,
    module: str,
    hidden: str | None = None,
    *,
    files: dict[str, str] | None = None,
) -> dict[str, str | None]:
    """Why each test failed, None for one that passed, by its name.

    Args:
        sample: The sample whose workspace is tested.
        module: Name of the test module.
        hidden: Its text; None for a module of the agents' in the workspace.
        files: Texts that replace files of the workspace.
    """
    word = secrets.token_hex(16)
    driver = (_HERE / "harness_driver.py").read_text(encoding="utf-8")
    fakes = (_HERE / "harness_fakes.py").read_text(encoding="utf-8")
    execution = sample.run_python(
        _START.format(driver=driver, given=(word, module, hidden, fakes)),
        files=files,
        timeout_seconds=_SECONDS,
    )
    reports = [line for line in execution.output.splitlines() if line.startswith(f"{word} ")]
    assert reports, f"the tests did not report; the process ended with {execution.exit_code}"
    report = parsed(reports[-1].removeprefix(f"{word} "))
    assert "error" not in report, f"the tests could not be loaded: {report.get('error')}"
    return report["tests"]


def parsed(text: str) -> dict:
    """The driver's report; one that was cut off is as good as none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise AssertionError("the tests' report is not complete") from None


def require_passed(tests: dict[str, str | None]) -> None:
    failed = [f"{name} failed: {reason}" for name, reason in tests.items() if reason]
    # Only the first: how many more fail in a race of threads differs from run to run.
    assert not failed, failed[0]
