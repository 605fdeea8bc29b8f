"""Tokens that a provider says a recorded call took, whatever the provider.

One module per wire format reads what the response says and nothing else:
a response without usage, or with usage that cannot be right (negative, of a
wrong type, all zero), has none. `dispatch` chooses the format by the path.
"""

from harness.cassettes.usage.counts import CallUsage
from harness.cassettes.usage.dispatch import is_model_call, usage_of

__all__ = ["CallUsage", "is_model_call", "usage_of"]
