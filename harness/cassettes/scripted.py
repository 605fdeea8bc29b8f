"""Telling the scripted provider's replies from a model's, by what they say of themselves."""

from __future__ import annotations

import re

from harness.model.sample import SCRIPTED_FINGERPRINT

# Quotes are escaped in what a model says, so no quotation of a reply looks like this.
_MEMBER = re.compile(rb'"system_fingerprint"\s*:\s*"' + SCRIPTED_FINGERPRINT.encode())


def is_scripted_reply(content: bytes) -> bool:
    """Whether a response's body, decompressed, is the scripted provider's, streamed or not."""
    return _MEMBER.search(content) is not None
