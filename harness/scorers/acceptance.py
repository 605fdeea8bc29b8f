"""Did the team deliver what the scenario asked for?

Definition: value is the share of the scenario's checks that passed; the sample passes if
all did. Checks run in the order of their file. A check passes if it returns None, True or
a `CheckResult` that passed. It fails if it raises an `AssertionError`, or returns False or
a `CheckResult` that did not pass.

Anything else is a mistake in the check and no verdict on the team: any other exception,
and any other value (a number is no verdict; a graded check returns
``CheckResult(passed=..., value=...)``). All other checks still run; then a `CheckError`
tells everything, and the sample is an error instead of a failure. Otherwise a misspelt
name in a check would read as "the model got worse". So a check asserts that a file or a
column is there before it reads it: `FileNotFoundError` would not count against the team.

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

from harness.errors import CheckError
from harness.model.score import CheckResult, Score, Unscored
from harness.scorers.failures import explain_assertion, explain_exception

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.model.team import FinishedSample

_PRINTED_CHARACTERS = 500


@dataclass(frozen=True)
class Acceptance:
    """Share of the scenario's own checks that passed; the sample passes if all of them did."""

    name: ClassVar[str] = "acceptance"

    def score(self, sample: FinishedSample) -> Score | Unscored:
        """Run every check and judge by all of them.

        Raises:
            CheckError: If a check is broken, after all of them have run.
        """
        if not sample.checks and sample.judge is None:
            return Unscored(scorer=self.name, reason="The scenario has no checks.")
        outcomes = sample.judge(sample) if sample.judge else _judged_here(sample)
        results = [outcome for outcome in outcomes if isinstance(outcome, CheckResult)]
        errors = [outcome for outcome in outcomes if isinstance(outcome, CheckError)]
        if errors:
            raise _all_in_one(errors, results) from errors[0].__cause__
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


def _judged_here(sample: FinishedSample) -> list[CheckResult | CheckError]:
    outcomes: list[CheckResult | CheckError] = []
    for name, check in sample.checks.items():
        try:
            outcomes.append(run_check(name, check, sample))
        except CheckError as error:
            outcomes.append(error)
    return outcomes


def run_check(
    name: str, check: Callable[[FinishedSample], Any], sample: FinishedSample
) -> CheckResult:
    """Run one check; what it prints is in the result if it fails.

    Args:
        name: Its name, without ``check_``.
        check: The user's function.
        sample: What it judges.

    Raises:
        CheckError: If it raises anything but an AssertionError, or returns no verdict.
    """
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        result = _outcome(name, check, sample)
    said = printed.getvalue().strip()
    if said and not result.passed:
        note = f"{result.reason}\nIt printed: {said[:_PRINTED_CHARACTERS]}"
        result = msgspec.structs.replace(result, reason=note)
    return msgspec.structs.replace(result, reason=_portable(result.reason, sample))


def _portable(text: str, sample: FinishedSample) -> str:
    # The workspace is another folder in every run; what is said must not be.
    return text.replace(str(sample.workspace), "/workspace")


def _outcome(
    name: str, check: Callable[[FinishedSample], Any], sample: FinishedSample
) -> CheckResult:
    try:
        returned = check(sample)
    except AssertionError as error:
        return CheckResult(name=name, passed=False, reason=explain_assertion(error, check))
    except (Exception, SystemExit) as error:
        said = _portable(explain_exception(error, check), sample)
        raise CheckError(f"check_{name} raised {said}") from error
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
    # Into text first: a value's own __format__ need not know the width.
    shown = repr(returned)[:80]
    raise CheckError(
        f"check_{name} returned a {type(returned).__name__} ({shown}); a check returns None, "
        "True, False or a CheckResult"
    )


def _completed(name: str, result: CheckResult, purpose: str) -> CheckResult:
    if result.value is not None and not 0 <= result.value <= 1:
        raise CheckError(
            f"check_{name} returned the value {result.value!r}, which is not in 0 to 1"
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


def _all_in_one(errors: list[CheckError], results: list[CheckResult]) -> CheckError:
    whole = CheckError(_broken(errors, results))
    # Of a check that ran elsewhere, the traceback is a note.
    for note in getattr(errors[0], "__notes__", ()):
        whole.add_note(note)
    return whole


def _broken(errors: list[CheckError], results: list[CheckResult]) -> str:
    """Every mistake in the checks, and how those that work judge."""
    said = "; ".join(str(error) for error in errors)
    others = f" Of the other checks: {_reason(results)}" if results else ""
    return (
        f"{said}. That is a mistake in the check and no verdict on the team, so the sample is an "
        f"error: mend it; what agents may get wrong belongs into an assert.{others}"
    )


def _reason(results: list[CheckResult]) -> str:
    failed = [result for result in results if not result.passed]
    count = f"{len(results) - len(failed)} of {len(results)} checks passed"
    if not failed:
        return f"{count}: {', '.join(result.name for result in results)}."
    first_lines = ((result.name, result.reason.partition("\n")[0]) for result in failed)
    return f"{count}; failed: " + "; ".join(f"{name} ({line})" for name, line in first_lines)
