"""Paired statistics between the configs of a run, as data; computed by `harness.comparison`."""

from __future__ import annotations

from harness.model.transcript import _Strict


class Comparison(_Strict, frozen=True, kw_only=True):
    """Everything a report says about how configs compare."""
