"""Spare AutoGen what Python 3.11 works out again and again.

AutoGen asks ``isinstance(sender, Agent)`` about 150 times in a conversation of 20 turns.
`Agent` is a Protocol, and Python 3.11 collects a Protocol's members anew at every such
question: a third of what the conversation costs. From 3.12 on Python remembers them.
"""

from __future__ import annotations

import functools
import sys
import typing

_MOST_PROTOCOLS = 1024


def remember_protocol_members() -> None:
    """Make Python 3.11 remember a Protocol's members, as later releases do; else nothing.

    The members of a class do not change after its definition, and the callers only
    read them, so no answer changes.
    """
    if sys.version_info >= (3, 12):
        return
    collect = getattr(typing, "_get_protocol_attrs", None)
    if collect is None or hasattr(collect, "cache_info"):
        return
    remembering = functools.lru_cache(maxsize=_MOST_PROTOCOLS)(collect)
    setattr(typing, "_get_protocol_attrs", remembering)  # noqa: B010 - mypy knows no such name
