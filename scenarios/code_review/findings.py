"""The form a reviewer answers in, and the rules that match findings to planted defects.

A reviewer writes one line per finding and ends with a verdict::

    FINDING: <function> | <high, medium or low> | <what is wrong>
    VERDICT: CHANGES REQUESTED        or        VERDICT: APPROVED

A finding is true if one of the defects in scenario.yaml has both

* the place: a name from its list ``where`` is a whole word in the finding's first field;
* a word: an entry of its list ``words`` begins at a word in the finding's last field.

Upper and lower case are the same. Anything else that a reviewer reports is a false finding.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_FINDING = re.compile(r"^[\s*>-]*FINDING:[\s*]*(.+)$", re.MULTILINE)
_VERDICT = re.compile(r"^[\s*>-]*VERDICT:[\s*]*(APPROVED|CHANGES REQUESTED)\b", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """One finding; fields a reviewer left out are empty."""

    where: str
    severity: str
    what: str

    @property
    def line(self) -> str:
        return f"FINDING: {self.where} | {self.severity} | {self.what}"


def findings_in(text: str) -> list[Finding]:
    """The findings of a message, in order."""
    found = []
    for match in _FINDING.finditer(text):
        fields = [field.strip() for field in match[1].split("|", 2)]
        where, severity, what = [*fields, "", ""][:3]
        found.append(Finding(where, severity.lower(), what))
    return found


def verdict_in(text: str) -> str | None:
    """ "APPROVED", "CHANGES REQUESTED", or None; the last verdict of a message counts."""
    verdicts = _VERDICT.findall(text)
    return verdicts[-1] if verdicts else None


def matches(finding: Finding, defect: Mapping[str, Any]) -> bool:
    """Whether a finding reports a defect, by the rules above."""
    is_there = any(_has_word(finding.where, name, whole=True) for name in defect["where"])
    return is_there and any(_has_word(finding.what, word) for word in defect["words"])


def _has_word(text: str, word: str, *, whole: bool = False) -> bool:
    before = r"(?<!\w)" if word[0].isalnum() or word[0] == "_" else ""
    after = r"(?!\w)" if whole else ""
    return re.search(before + re.escape(word) + after, text, re.IGNORECASE) is not None


def different(findings: Iterable[Finding]) -> list[Finding]:
    """The findings without those that say the same of the same place again."""
    unique = {(each.where.lower(), each.what.lower()): each for each in reversed(list(findings))}
    return list(unique.values())[::-1]


def false_ones(findings: Sequence[Finding], defects: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """The findings that report none of the defects."""
    return [each for each in findings if not any(matches(each, defect) for defect in defects)]
