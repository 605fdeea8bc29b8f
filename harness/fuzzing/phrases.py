"""What models, programs and humans say: the vocabulary that conversations are drawn from.

Menus are ordered from the plainest to the strangest, the closing word first: when a failure
is shrunk, each choice moves to the front of its menu, so that what is left ends as soon as
it can and says nothing that does not matter.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.fuzzing.moves import Means, Ran
from harness.model.requests import ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.fuzzing.settings import FuzzSettings

_UNBOUNDED = 20_000


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question to a model, as a phrase sees it.

    Attributes:
        agent: Who asks.
        number: How many replies have been given, this one included; makes code unique.
        closing: The word that ends the conversation.
        tools: Schemas of the tools offered.
        names: Participants.
        previous: What this agent said last; "" for nothing.
    """

    agent: str
    number: int
    closing: str
    tools: tuple[Mapping[str, Any], ...] = ()
    names: tuple[str, ...] = ()
    previous: str = ""


@dataclass(frozen=True)
class Phrase:
    """One kind of reply.

    Attributes:
        kind: Its name in stories and saved files.
        text: The content for an ask; None for ``content: null``.
        means: What whoever says it wants.
        calls: Tool calls for an ask.
        finish_reason: If it does not follow from the rest.
        approves: Whether it approves; None if it is no verdict.
    """

    kind: str
    text: Callable[[Ask], str | None]
    means: Means = "go_on"
    calls: Callable[[Ask], tuple[ToolCall, ...]] | None = None
    finish_reason: str | None = None
    approves: bool | None = None


def _fixed(text: str | None) -> Callable[[Ask], str | None]:
    return lambda _ask: text


def _code(language: str, body: str) -> Callable[[Ask], str]:
    return lambda ask: (
        f"Let me run this.\n```{language}\n"
        + body.replace("<n>", str(ask.number)).replace("<word>", ask.closing)
        + "\n```"
    )


def _closing(pattern: str) -> Callable[[Ask], str]:
    return lambda ask: pattern.replace("<word>", ask.closing)


_RUN = _code("python", 'print("last <n>")')
_ENDINGS = (
    Phrase("closing word", _closing("<word>"), "end"),
    Phrase("closing word after a remark", _closing("LGTM\n<word>"), "end"),
    Phrase("closing word at the end of a line", _closing("It all works now. <word>"), "either"),
)
_PLAIN = (
    Phrase("text", _fixed("Let me think about it.")),
    Phrase("code", _code("python", 'print("step <n>")')),
    Phrase("politeness", _fixed("Thank you very much! Is there anything else I can do?")),
    Phrase("shell code", _code("sh", "echo step <n>")),
    Phrase("two code blocks", _code("python", 'a = <n>\n```\nand\n```python\nprint("two <n>")')),
)
_AWKWARD = (
    Phrase("closing word quoted", _closing("I will say <word> when it is done.")),
    Phrase("closing word forbidden", _closing('Please do not reply with "<word>" yet.')),
    Phrase("closing word in code", _code("python", 'print("<word> <n>")')),
    Phrase("closing word with a full stop", _closing("<word>."), "either"),
    Phrase("code and closing word", lambda ask: f"{_RUN(ask)}\n{ask.closing}", "either"),
    Phrase("code fence without language", _code("", 'print("plain <n>")')),
    Phrase("cut off inside code", _fixed("Here:\n```python\nfor i in ra"), finish_reason="length"),
    Phrase("the same again", lambda ask: ask.previous or "As I said.", "either"),
    Phrase("refusal", _fixed("I'm sorry, but I can't help with that.")),
    Phrase("null content", _fixed(None)),
    Phrase("empty content", _fixed("")),
    Phrase("blank content", _fixed(" \n\n ")),
    Phrase("unbounded output", _fixed("and so on " * (_UNBOUNDED // 10)), finish_reason="length"),
    Phrase("bytes that are no text", _fixed("caf\ufffd \ufffd\ufffd \u0000 done")),
)
_VERDICTS = (
    Phrase("approval", _closing("<word>"), approves=True),
    Phrase("rejection", _fixed("This must be changed first."), approves=False),
    Phrase("rejection that quotes approval", _closing("Not <word> yet."), approves=False),
)


@lru_cache(maxsize=64)
def replies(
    *, with_tools: bool, is_approver: bool, is_polite: bool, approval: str
) -> tuple[Phrase, ...]:
    """The menu for one reply.

    Args:
        with_tools: Whether the request offers tools.
        is_approver: Whether this agent approves code.
        is_polite: Whether nobody comes to the point in this conversation.
        approval: The word it approves with.
    """
    if is_polite:
        return (_PLAIN[2], _PLAIN[0])
    verdicts = tuple(_with_word(phrase, approval) for phrase in _VERDICTS) if is_approver else ()
    tools = (*_TOOLS, _TOOLS[0]) if with_tools else ()
    return (*_ENDINGS, *_PLAIN, *verdicts, *tools, *_AWKWARD, *verdicts, *_PLAIN[:2])


def _with_word(phrase: Phrase, word: str) -> Phrase:
    text = phrase.text(Ask(agent="", number=0, closing=word))
    return Phrase(phrase.kind, _fixed(text), approves=phrase.approves)


def _call(ask: Ask, position: int, name: str, arguments: Any) -> ToolCall:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return ToolCall(id=f"call_{ask.number}_{position}", name=name, arguments=text)


def _right(ask: Ask, position: int) -> ToolCall:
    tool = ask.tools[(ask.number + position) % len(ask.tools)].get("function", {})
    return _call(ask, position, str(tool.get("name")), _example(tool.get("parameters") or {}))


def _first_tool(ask: Ask) -> str:
    return str(ask.tools[0].get("function", {}).get("name"))


_TOOLS = (
    Phrase("tool call", _fixed(None), calls=lambda ask: (_right(ask, 1),)),
    Phrase("tool call with words", _fixed("One moment."), calls=lambda ask: (_right(ask, 1),)),
    Phrase("parallel tool calls", _fixed(None), calls=lambda a: (_right(a, 1), _right(a, 2))),
    Phrase("unknown tool", _fixed(None), calls=lambda a: (_call(a, 1, "no_such_tool", {}),)),
    Phrase(
        "broken arguments", _fixed(None), calls=lambda a: (_call(a, 1, _first_tool(a), '{"a": '),)
    ),
    Phrase(
        "wrong arguments",
        _fixed(None),
        calls=lambda a: (_call(a, 1, _first_tool(a), {"no_such_argument": None}),),
    ),
)

_EXAMPLES: Mapping[str, Any] = {
    "integer": 1,
    "number": 1.5,
    "string": "text",
    "boolean": True,
    "null": None,
}


def _example(schema: Mapping[str, Any]) -> Any:
    """A value that fits a JSON schema, as far as its types tell."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        return {name: _example(each) for name, each in (schema.get("properties") or {}).items()}
    if kind == "array":
        return [_example(schema.get("items") or {})]
    return _EXAMPLES.get(str(kind), "text")


@dataclass(frozen=True)
class Choice:
    """What a model answers when it is asked who speaks next."""

    kind: str
    text: str


@lru_cache(maxsize=64)
def speakers(names: tuple[str, ...]) -> tuple[Choice, ...]:
    """The menu for choosing a speaker."""
    plain = tuple(Choice("speaker", name) for name in names)
    pair = " and ".join(names[:2]) or "nobody"
    return (
        *plain,
        *plain,
        Choice(
            "speaker in a sentence", f"The next speaker should be {(names or ('nobody',))[-1]}."
        ),
        Choice("unknown speaker", "the_project_lead"),
        Choice("two speakers", pair),
        Choice("no speaker", ""),
    )


@lru_cache(maxsize=64)
def failures(faults: tuple[str, ...]) -> tuple[str | None, ...]:
    """The menu for what goes wrong with a request: mostly nothing."""
    return (*(None,) * (4 + len(faults)), *faults)


@lru_cache(maxsize=16)
def outcomes(closing: str) -> tuple[Ran, ...]:
    """The menu for what became of code."""
    return (
        Ran(exit_code=0, output="ok\n"),
        Ran(exit_code=1, output="Traceback (most recent call last):\nValueError: no\n"),
        Ran(exit_code=0, output=""),
        Ran(exit_code=0, output=f"{closing} was found in line 3\n"),
        Ran(exit_code=124, output="", timed_out=True),
        Ran(exit_code=0, output="ok\n"),
    )


@lru_cache(maxsize=16)
def answers(approval: str) -> tuple[str, ...]:
    """The menu for what a human types."""
    return ("exit", "", "Please go on.", f"{approval}, go on.", "")


@lru_cache(maxsize=64)
def tasks(task: str, closing: str, *, varies: bool) -> tuple[str, ...]:
    """The menu for the opening message: the task as it is, or as users also write it."""
    if not varies:
        return (task,)
    return (
        task,
        task,
        f'{task}\n\nThis is what I have:\n```python\nprint("mine")\n```',
        f"{task}\n\nReply with {closing} once everything is done, please.",
    )


def menu_for(
    settings: FuzzSettings, agent: str, tools: Sequence[Any], *, is_polite: bool
) -> tuple[Phrase, ...]:
    """The menu of an agent's reply under these settings."""
    return replies(
        with_tools=bool(tools),
        is_approver=agent == settings.approver,
        is_polite=is_polite,
        approval=settings.approval,
    )
