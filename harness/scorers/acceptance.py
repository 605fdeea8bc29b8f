"""Did the team deliver what the scenario asked for?

Definition: value is the share of the scenario's checks that passed; the sample passes if
all did. Checks run in the order of their file. A check passes if it returns None, True or
a `CheckResult` that passed. It fails if it returns False or a `CheckResult` that did not,
raises any exception, or returns anything else: a check that crashes is not a pass, and a
number is no verdict (a graded check returns ``CheckResult(passed=..., value=...)``).
`KeyboardInterrupt` and what else is not an `Exception` pass through, save `SystemExit`.
Without checks there is nothing to judge.
"""

from __future__ import annotations

import contextlib
import inspect
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from harness.model.score import CheckResult, Score, Unscored
from harness.scorers.failures import explain_assertion, explain_exception

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model.team import FinishedSample

_PRINTED_CHARACTERS = 500


@dataclass(frozen=True)
class Acceptance:
    """Runs the scenario's own checks; see the module's docstring."""

    name: ClassVar[str] = "acceptance"

    def score(self, sample: FinishedSample) -> Score | Unscored:
        """Run every check and judge by all of them."""
        if not sample.checks:
            return Unscored(scorer=self.name, reason="The scenario has no checks.")
        results = [run_check(name, check, sample) for name, check in sample.checks.items()]
        passed = sum(result.passed for result in results)
        return Score(
            scorer=self.name,
            value=passed / len(results),
            unit="share",
            passed=passed == len(results),
            reason=_reason(results),
            evidence=tuple(sorted({index for result in results for index in result.evidence})),
            details={"checks": [_as_data(result) for result in results]},
        )


def run_check(
    name: str, check: Callable[[FinishedSample], Any], sample: FinishedSample
) -> CheckResult:
    """Run one check; whatever it raises or prints is in the result.

    Args:
        name: Its name, without ``check_``.
        check: The user's function.
        sample: What it judges.
    """
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        result = _outcome(name, check, sample)
    said = printed.getvalue().strip()
    if said and not result.passed:
        note = f"{result.reason}\nIt printed: {said[:_PRINTED_CHARACTERS]}"
        result = msgspec.structs.replace(result, reason=note)
    # The workspace is another folder in every run; the score must not be.
    reason = result.reason.replace(str(sample.workspace), "/workspace")
    return msgspec.structs.replace(result, reason=reason)


def _outcome(
    name: str, check: Callable[[FinishedSample], Any], sample: FinishedSample
) -> CheckResult:
    try:
        returned = check(sample)
    except AssertionError as error:
        return CheckResult(name=name, passed=False, reason=explain_assertion(error, check))
    except (Exception, SystemExit) as error:  # The user's code; its failure is the verdict.
        return CheckResult(name=name, passed=False, reason=explain_exception(error, check))
    return _verdict(name, returned, _purpose(check))


def _verdict(name: str, returned: object, purpose: str) -> CheckResult:
    if isinstance(returned, CheckResult):
        return _completed(name, returned, purpose)
    if returned is None or _is_boolean(returned):
        passed = returned is None or bool(returned)
        said = "held" if returned is None else f"returned {bool(returned)}"
        return CheckResult(name=name, passed=passed, reason=purpose or f"The check {said}.")
    if inspect.iscoroutine(returned):
        returned.close()  # Never awaited on purpose.
    return CheckResult(
        name=name,
        passed=False,
        reason=f"check_{name} returned a {type(returned).__name__} ({returned!r:.80}); a check "
        "returns None, True, False or a CheckResult.",
    )


def _completed(name: str, result: CheckResult, purpose: str) -> CheckResult:
    if result.value is not None and not 0 <= result.value <= 1:
        return CheckResult(
            name=name,
            passed=False,
            reason=f"check_{name} returned the value {result.value!r}, which is not in 0 to 1.",
        )
    words = "passed" if result.passed else "did not pass"
    return msgspec.structs.replace(
        result,
        name=result.name or name,
        reason=result.reason or purpose or f"The check {words}.",
    )


def _is_boolean(value: object) -> bool:
    # Comparing pandas or numpy values gives numpy's own boolean, which is not a bool.
    kind = type(value)
    return isinstance(value, bool) or (kind.__module__, kind.__name__) in (
        ("numpy", "bool"),
        ("numpy", "bool_"),
    )


def _purpose(check: Callable[[FinishedSample], Any]) -> str:
    return (inspect.getdoc(check) or "").partition("\n")[0].strip()


def _as_data(result: CheckResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "passed": result.passed,
        "reason": result.reason,
        "value": result.value,
        "evidence": list(result.evidence),
    }


def _reason(results: list[CheckResult]) -> str:
    failed = [result for result in results if not result.passed]
    count = f"{len(results) - len(failed)} of {len(results)} checks passed"
    if not failed:
        return f"{count}: {', '.join(result.name for result in results)}."
    first_lines = ((result.name, result.reason.partition("\n")[0]) for result in failed)
    return f"{count}; failed: " + "; ".join(f"{name} ({line})" for name, line in first_lines)
