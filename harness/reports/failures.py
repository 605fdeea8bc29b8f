"""What failed most often in a suite, in a few lines: the first thing to look at after a run."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from harness.reports.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from harness.model.sample import SampleResult

_MOST_LINES = 3
_MOST_NAMES = 4

Causes = dict[str, list[tuple["SampleResult", str]]]


def failing(samples: Sequence[SampleResult], titles: Mapping[str, str] | None = None) -> list[str]:
    """Failing checks by scenario, the scenario with most failures first, then how to read one.

    Args:
        samples: The samples of one suite.
        titles: What scenarios are called there whose names tell nothing.

    Returns:
        At most three lines such as "widgets: 6 x rows, 4 x chart (e.g. brief-t1.0/2: reason)"
        and a command; nothing when every sample succeeded.
    """
    failed: defaultdict[str, list[SampleResult]] = defaultdict(list)
    for sample in samples:
        if sample.outcome not in ("pass", "unjudged"):
            failed[sample.key.scenario].append(sample)
    if not failed:
        return []
    ordered = sorted(failed.items(), key=lambda item: -len(item[1]))
    shown = ordered if len(ordered) <= _MOST_LINES else ordered[: _MOST_LINES - 1]
    found = [(name, _causes(group)) for name, group in shown]
    called = titles or {}
    lines = [_line(_called(name, called.get(name, "")), causes) for name, causes in found]
    if len(shown) < len(ordered):
        rest = ordered[len(shown) :]
        count = sum(len(group) for _, group in rest)
        lines.append(f"and {count} failed samples of {len(rest)} more scenarios")
    example, _ = _first(found[0][1])
    return [*lines, f"Read one: harness show {example.key}"]


def _causes(samples: Sequence[SampleResult]) -> Causes:
    """Cause to the samples it struck, the most frequent first."""
    causes: defaultdict[str, list[tuple[SampleResult, str]]] = defaultdict(list)
    for sample in samples:
        for name, reason in causes_of(sample):
            causes[name].append((sample, reason))
    return dict(sorted(causes.items(), key=lambda item: -len(item[1])))


def causes_of(sample: SampleResult) -> Iterator[tuple[str, str]]:
    """Name and reason of everything that kept a sample from succeeding."""
    if sample.status != "completed":
        name = "cassette miss" if sample.status == "miss" else sample.status
        yield name, sample.failure.message if sample.failure else "no reason was kept"
        return
    if not sample.verdicts:
        yield "not judged", "no score judged it"
    # The checks say more than that the conversation ended wrongly, so they come first.
    for score in sorted(sample.verdicts, key=lambda score: "checks" not in score.details):
        if score.passed:
            continue
        failed = [check for check in score.details.get("checks", ()) if not check.get("passed")]
        for check in failed:
            yield str(check.get("name", "")), str(check.get("reason", ""))
        if not failed:
            yield score.scorer, score.reason


def _called(name: str, title: str) -> str:
    return f"{one_line(title, 60)} ({name})" if title else name


def _line(scenario: str, causes: Causes) -> str:
    names = [f"{len(struck)} \N{MULTIPLICATION SIGN} {name}" for name, struck in causes.items()]
    if len(names) > _MOST_NAMES:
        names = [*names[:_MOST_NAMES], f"{len(names) - _MOST_NAMES} more"]
    sample, reason = _first(causes)
    example = f"{sample.key.config}/{sample.key.epoch}: {one_line(reason, 90)}"
    return f"{scenario}: {', '.join(names)} (e.g. {example})"


def _first(causes: Causes) -> tuple[SampleResult, str]:
    return next(iter(causes.values()))[0]
