"""What makes a test fail because of its conversations, besides its own assertions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import CassetteMiss
from harness.pytest_plugin.state import captured_of
from harness.reports.failures import causes_of
from harness.runner.redact import redacted

if TYPE_CHECKING:
    import pytest

    from harness.model.sample import SampleResult
    from harness.model.scenario import SecretRules


class SampleFailed(AssertionError):
    """A sample did not complete, or a score that judges it did not pass.

    Attributes:
        result: The sample.
    """

    def __init__(self, result: SampleResult, text: str) -> None:
        self.result = result
        super().__init__(text)


def keep(item: pytest.Item, result: SampleResult, secrets: SecretRules | None = None) -> None:
    """Count a finished sample as one of a test's, and say in its properties how it went."""
    captured = captured_of(item)
    captured.shown.append(result)
    kept = redacted(result) if secrets is None else redacted(result, secrets)
    captured.results.append(kept)
    cost = kept.score_of("cost")
    item.user_properties += [
        ("harness.sample", str(kept.key)),
        ("harness.status", kept.status),
        ("harness.termination", kept.transcript.termination or "none"),
        ("harness.turns", kept.transcript.turns),
        ("harness.cost_usd", "unscored" if cost is None else f"{cost.value:.6f}"),
    ]


def require_success(result: SampleResult) -> None:
    """Fail unless the sample completed and every score that judges it passed.

    Raises:
        SampleFailed: Naming what failed, and why.
    """
    if result.is_success:
        return
    causes = [f"{name}: {reason}" if reason else name for name, reason in causes_of(result)]
    raise SampleFailed(result, "\n".join(causes))


def require_completed(item: pytest.Item) -> None:
    """Fail a test whose sample (fixture `sample`) missed or ended in an error.

    Raises:
        SampleFailed: Naming what happened.
    """
    for result in captured_of(item).shown:
        if result.status != "completed":
            require_success(result)


def require_no_late_miss(item: pytest.Item) -> None:
    """Fail a test in whose replay something was missed after its block had ended.

    Raises:
        CassetteMiss: Explaining the first one.
    """
    for conversation in captured_of(item).conversations:
        known = conversation.result.cassette if conversation.is_over else None
        late = conversation.late_misses[len(known.misses) if known else 0 :]
        if late:
            raise CassetteMiss(late[0])
