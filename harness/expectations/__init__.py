"""Expectations of conversations: ``expect(sample).within(turns=8).code_recovered()``."""

from harness.expectations.expectation import Expectation, expect
from harness.expectations.subject import ExpectationFailed

__all__ = ["Expectation", "ExpectationFailed", "expect"]
