"""Fragments of the page that a mark leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from harness.reports.text import visible

if TYPE_CHECKING:
    from harness.model.sample import SampleKey


def sample_fragment(key: SampleKey) -> str:
    """The conversation of a sample: ``sample/SUITE/SCENARIO/CONFIG/EPOCH``."""
    return "sample/" + quote(visible(str(key)), safe="/")


def list_fragment(**chosen: str) -> str:
    """The list of samples, filtered: ``samples?config=a&suite=s``; what is empty does not filter.

    Args:
        chosen: Values of the list's columns suite, scenario, config, outcome and termination.
    """
    query = {name: visible(value) for name, value in sorted(chosen.items()) if value}
    return "samples?" + urlencode(query, quote_via=quote)
