"""JUnit XML for CI systems: one test case per sample."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, ClassVar

from harness.model.imported import end_of
from harness.reports.text import visible

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from harness.model.comparison import Comparison
    from harness.model.run import RunLog
    from harness.model.sample import SampleKey, SampleResult


class JunitReporter:
    """Errors and misses are ``<error>``; a low score is data, in properties, not a failure.

    ``<failure>`` is left to gates: a config under study may well fail samples
    without the build being broken. What nobody judged, and what has no result, is
    ``<skipped>``.
    """

    name: ClassVar[str] = "junit"
    suffix: ClassVar[str] = ".xml"

    def render(self, log: RunLog, comparison: Comparison) -> str:
        """XML 1.0; control characters, which it cannot hold, are shown by their pictures."""
        from xml.etree import ElementTree

        root = ElementTree.Element("testsuites", name="harness")
        samples: defaultdict[str, list[SampleResult]] = defaultdict(list)
        missing: defaultdict[str, list[SampleKey]] = defaultdict(list)
        for sample in log.samples:
            samples[sample.key.suite].append(sample)
        for key in log.missing:
            missing[key.suite].append(key)
        for name in dict.fromkeys([*samples, *missing]):
            _suite(root, name, samples[name], missing[name])
        ElementTree.indent(root)
        text = ElementTree.tostring(root, encoding="unicode")
        return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _suite(root: Element, name: str, samples: list[SampleResult], missing: list[SampleKey]) -> None:
    suite = _child(
        root,
        "testsuite",
        name=name,
        tests=str(len(samples) + len(missing)),
        failures="0",
        errors=str(sum(sample.status != "completed" for sample in samples)),
        skipped=str(len(missing) + sum(sample.outcome == "unjudged" for sample in samples)),
        time=f"{sum(sample.duration_seconds for sample in samples):.3f}",
    )
    for sample in samples:
        _sample(suite, sample)
    for key in missing:
        case = _case(suite, key, 0.0)
        _child(case, "skipped", message="planned, but the run log holds no result of it")


def _case(suite: Element, key: SampleKey, seconds: float) -> Element:
    return _child(
        suite,
        "testcase",
        classname=f"{key.suite}.{key.scenario}",
        name=f"{key.config}/{key.epoch}",
        time=f"{seconds:.3f}",
    )


def _sample(suite: Element, sample: SampleResult) -> None:
    case = _case(suite, sample.key, sample.duration_seconds)
    properties = _child(case, "properties")
    for name, value in _properties(sample).items():
        _child(properties, "property", name=name, value=value)
    if sample.status != "completed":
        failure = sample.failure
        message = failure.message if failure else "no exception was kept"
        error = _child(case, "error", type=failure.type if failure else "unknown", message=message)
        error.text = visible((failure and failure.traceback) or message)
    elif sample.outcome == "unjudged":
        _child(case, "skipped", message="nobody judged what came of it: it is not known")


def _properties(sample: SampleResult) -> dict[str, str]:
    cost = sample.score_of("cost")
    properties = {
        "outcome": sample.outcome,
        "success": "unknown" if sample.outcome == "unjudged" else str(sample.is_success).lower(),
        "termination": end_of(sample),
        "turns": str(sample.transcript.turns),
        "cost_usd": f"{cost.value:.8f}" if cost else "unknown",
    }
    for score in sample.verdicts:
        properties[f"score.{score.scorer}"] = f"{score.value:.4f}: {score.reason}"
    return properties


def _child(parent: Element, tag: str, **attributes: str) -> Element:
    from xml.etree import ElementTree

    safe = {name: visible(value) for name, value in attributes.items()}
    return ElementTree.SubElement(parent, tag, safe)
