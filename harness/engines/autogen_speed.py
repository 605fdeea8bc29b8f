"""Spare AutoGen what it, or Python 3.11, works out again and again.

For each agent with a model, AutoGen looks up some ten times which options the clients of
OpenAI take, from their signatures: up to a quarter of what a short conversation costs.

AutoGen also asks ``isinstance(sender, Agent)`` about 150 times in a conversation of 20 turns.
`Agent` is a Protocol, and Python 3.11 collects a Protocol's members anew at every such
question: a third of what the conversation costs. From 3.12 on Python remembers them.
"""

from __future__ import annotations

import functools
import sys
import typing
from typing import Any

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


def remember_client_options() -> None:
    """Make AutoGen remember which options OpenAI's clients take, for as long as they are the same.

    Releases that work it out once, when they are imported, stay as they are.
    """
    from autogen.oai import client

    found = vars(client.OpenAIWrapper).get("openai_kwargs")
    if not isinstance(found, property) or getattr(found.fget, "__module__", None) == __name__:
        return
    known: dict[Any, frozenset[str]] = {}

    def openai_kwargs(wrapper: Any) -> set[str]:
        clients = (getattr(client, name, None) for name in ("OpenAI", "AzureOpenAI"))
        signatures = tuple(getattr(each, "__init__", None) for each in clients)
        if signatures not in known:
            known.clear()
            known[signatures] = frozenset(found.__get__(wrapper))
        return set(known[signatures])

    client.OpenAIWrapper.openai_kwargs = property(openai_kwargs)
