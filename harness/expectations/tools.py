"""Which tools were called, with which arguments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from harness.expectations.subject import Finding
from harness.model.transcript import ToolInvocation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.expectations.subject import Subject

Match = Literal["exact", "subset", "unordered"]


def called(
    subject: Subject,
    name: str,
    arguments: Mapping[str, Any] | None,
    match: Match,
    times: int | None,
) -> Finding | None:
    """A tool was called, with these arguments, so many times."""
    calls = [event for event in subject.transcript.events if isinstance(event, ToolInvocation)]
    if not calls:
        return Finding(text=f"Expected a call of the tool {name!r}; no tool was called.")
    named = [call for call in calls if call.name == name]
    if not named:
        others = ", ".join(dict.fromkeys(call.name for call in calls))
        return Finding(
            text=f"Expected a call of the tool {name!r}; called were: {others}.",
            evidence=(calls[0].index,),
        )
    fitting = [call for call in named if arguments is None or _fits(call, arguments, match)]
    evidence = tuple(call.index for call in named)
    wanted = "" if arguments is None else f" with {_shown(arguments)} ({match})"
    if not fitting:
        got = "; ".join(call.arguments for call in named)
        return Finding(
            text=f"Expected a call of the tool {name!r}{wanted}; it was called with {got}",
            evidence=evidence,
        )
    if times is not None and len(fitting) != times:
        return Finding(
            text=f"Expected {times} calls of the tool {name!r}{wanted}; there were {len(fitting)}.",
            evidence=evidence,
        )
    return None


def _shown(arguments: Mapping[str, Any]) -> str:
    return json.dumps(dict(arguments), ensure_ascii=False, default=repr)


def _fits(call: ToolInvocation, wanted: Mapping[str, Any], match: Match) -> bool:
    try:
        given = json.loads(call.arguments or "{}")
    except ValueError:
        return False  # The model wrote something that is no JSON: it fits nothing.
    if match == "subset":
        return _holds(given, dict(wanted))
    if match == "unordered":
        return bool(_sorted(given) == _sorted(dict(wanted)))
    return bool(given == dict(wanted))


def _holds(given: Any, wanted: Any) -> bool:  # JSON values
    """Whether everything wanted is there: members of objects, items of lists in any place."""
    if isinstance(wanted, dict):
        return isinstance(given, dict) and all(
            name in given and _holds(given[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(given, list) and all(
            any(_holds(item, value) for item in given) for value in wanted
        )
    return bool(given == wanted)


def _sorted(value: Any) -> Any:  # a JSON value
    """The value with every list in one order, so that order does not count."""
    if isinstance(value, dict):
        return {name: _sorted(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return sorted(
            (_sorted(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True)
        )
    return value
