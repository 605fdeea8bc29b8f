"""A rubric: what of the things asked for the last design has, judged by what it says."""

from __future__ import annotations

import re

from harness.model.score import CheckResult

CHANNELS = ("push", "email", "sms", "in-app", "webhook")
PER_SECOND = 10_000_000 * 5 / 86_400


def _design(sample):
    """The architect's last message."""
    designs = [m for m in sample.transcript.messages if m.speaker == "architect"]
    assert designs, "the architect wrote no design"
    return designs[-1]


def _found(sample, pattern: str, what: str) -> CheckResult:
    design = _design(sample)
    match = re.search(pattern, design.content, re.IGNORECASE | re.DOTALL)
    said = f"the design says: {match[0][:80]!r}" if match else f"the last design names no {what}"
    return CheckResult(passed=match is not None, reason=said, evidence=(design.index,))


def check_channels(sample):
    """Three channels at least, and what happens when one fails."""
    design = _design(sample)
    text = design.content.lower()
    named = [channel for channel in CHANNELS if channel in text]
    falls_back = re.search(r"fall(s)? ?back|hands? over|next one", text) is not None
    fallback = "there" if falls_back else "missing"
    return CheckResult(
        passed=len(named) >= 3 and falls_back,
        value=min(1.0, len(named) / 3) * (1.0 if falls_back else 0.5),
        reason=f"named {', '.join(named) or 'none'}; a fallback is {fallback}",
        evidence=(design.index,),
    )


def check_latency(sample):
    """A time, and the share of notifications it holds for."""
    return _found(sample, r"p9\d(\.\d)?\D{1,20}\d+ ?(ms|s|seconds|minutes)\b", "latency per share")


def check_preferences(sample):
    """Channels can be refused, and there are hours without."""
    return _found(sample, r"opt(s)?[ -](out|in).*quiet hours|quiet hours.*opt", "preferences")


def check_analytics(sample):
    """Both deliveries and openings are counted."""
    return _found(sample, r"deliver\w*.{0,60}open", "count of deliveries and openings")


def check_load(sample):
    """The number of notifications a second is there, and right."""
    design = _design(sample)
    stated = re.search(r"([\d,.]+)\s*(?:per|a|/)\s*s(?:econd)?", design.content)
    assert stated, "the last design does not say how many notifications a second"
    value = float(stated[1].replace(",", ""))
    assert abs(value - PER_SECOND) <= 0.05 * PER_SECOND, (
        f"it says {value:g} a second; 10,000,000 x 5 / 86,400 is {PER_SECOND:.0f}"
    )


def check_nobody_ran_code(sample):
    """A design was asked for."""
    assert not sample.transcript.code_executions
