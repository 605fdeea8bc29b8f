"""The token counts of a request and its answer, from their texts.

What counts:

* a message: its role, its text, its name if it has one plus 1 for the name
  field, and 3 for the marks around it; each tool call in it: function name and
  argument text, plus 3;
* the tools offered: the compact JSON of each function's schema, plus 3;
* 3 more for the opening of the answer;
* the answer: its text, and for each tool call function name, argument text and 3.

The marks are those OpenAI documents for its chat format; how it renders tool
schemas and calls is not public, so there our rule stands in.

Source: OpenAI Cookbook, "How to count tokens with tiktoken".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness.provider.script import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from harness.provider.tokens import TokenCounter

MARK_TOKENS = 3
NAME_FIELD_TOKENS = 1

# OpenAI's published rule for its prompt cache.
_CACHE_MINIMUM = 1024
_CACHE_STEP = 128


def count_prompt(
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]],
    counter: TokenCounter,
) -> int:
    """Tokens of a request: all messages, the tools offered, and the opening of the answer."""
    return _context(messages, tools, counter) + MARK_TOKENS


def count_completion(content: str, calls: Iterable[tuple[str, str]], counter: TokenCounter) -> int:
    """Tokens of an answer.

    Args:
        content: Its text.
        calls: Function name and argument text of each tool call.
        counter: Who counts.
    """
    return counter.count(content) + sum(count_call(*call, counter) for call in calls)


def count_call(name: str, arguments: str, counter: TokenCounter) -> int:
    """Tokens of one tool call."""
    return counter.count(name) + counter.count(arguments) + MARK_TOKENS


def count_cached(
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]],
    counter: TokenCounter,
) -> int:
    """The part of a prompt a provider with a prompt cache would have seen before.

    Read off the request alone, so that it is the same whoever else is calling:
    an assistant message in it was once an answer, and what stands before the
    last of them was the prompt of that answer. As OpenAI does, such a beginning
    counts from 1024 tokens on, in steps of 128.

    Returns:
        A multiple of 128, or 0; always less than the prompt.
    """
    answered = [at for at, message in enumerate(messages) if message.get("role") == "assistant"]
    if not answered:
        return 0
    seen = _context(messages[: answered[-1]], tools, counter)
    return seen // _CACHE_STEP * _CACHE_STEP if seen >= _CACHE_MINIMUM else 0


def usage_body(prompt: int, completion: int, cached: int) -> dict[str, Any]:
    """The ``usage`` object of an answer, as OpenAI shapes it; the script never reasons unseen."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def _context(
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]],
    counter: TokenCounter,
) -> int:
    return sum(_message(message, counter) for message in messages) + sum(
        counter.count(_compact(tool.get("function", tool))) + MARK_TOKENS for tool in tools
    )


def _message(message: Mapping[str, Any], counter: TokenCounter) -> int:
    tokens = MARK_TOKENS + counter.count(str(message["role"])) + counter.count(text_of(message))
    if message.get("name"):
        tokens += NAME_FIELD_TOKENS + counter.count(str(message["name"]))
    for call in message.get("tool_calls") or ():
        function = call["function"]
        tokens += count_call(str(function["name"]), str(function["arguments"]), counter)
    return tokens


def _compact(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
