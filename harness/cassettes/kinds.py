"""What kind of miss it is: which of a request's differences is the cause."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.cassettes.differences import (
    ABSENT,
    CONVERSATION,
    TOOLS,
    Difference,
    fields_of,
    tool_name,
)
from harness.cassettes.ignoring import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.cassettes.matching import Request

Kind = Literal[
    "prompt changed",
    "model or temperature changed",
    "settings changed",
    "tools changed",
    "earlier turn diverged",
    "already played",
    "new call",
    "only volatile differs",
    "stray call",
]
_ADDRESS = ("method", "path", "query")
_SYSTEM = ("system", "developer")
# Prompts that stand beside the conversation: Anthropic, the responses API, Gemini, completions.
_PROMPTS = ("system", "instructions", "systemInstruction", "system_instruction", "prompt", "input")
_MODEL = ("model", "modelId", "temperature")
_TOOL_FIELDS = (*TOOLS, "toolConfig", "tool_config")
# Gemini, Bedrock and Azure name the model in the path.
_MODEL_IN_PATH = re.compile(r"(?<=/)(models?|deployments)/[^/:]+")


@dataclass(frozen=True)
class Cause:
    """Why a request differs from the interaction it was meant to be.

    Attributes:
        kind: The kind of miss.
        detail: What of it, in a few words.
        first: The difference to show.
    """

    kind: Kind
    detail: str
    first: Difference


def cause_of(
    found: Sequence[Difference], recorded: Request, asked: Request, *, are_settings_new: bool
) -> Cause:
    """Choose the difference that causes the miss.

    Args:
        found: The real differences; at least one.
        recorded: Request of the nearest interaction.
        asked: The request.
        are_settings_new: Whether no recorded request has the settings that are asked;
            else they are those of another call, and the conversation is what changed.
    """
    address = [each for each in found if each.path in _ADDRESS and not _is_model(each)]
    if address:
        return Cause(
            "new call", f"nothing like it is recorded at this {address[0].path}", address[0]
        )
    said = [each for each in found if _is_said(each)]
    settings = [each for each in found if not _is_said(each)]
    if said and _is_prompt(said[0], recorded, asked):
        return Cause("prompt changed", _prompt_name(said[0], asked), said[0])
    if settings and (are_settings_new or not said):
        return _settings_cause(settings, recorded, asked)
    return _turn_cause(said[0], recorded, asked)


def _is_said(difference: Difference) -> bool:
    return difference.list_name in CONVERSATION or _field(difference) in _PROMPTS


def _field(difference: Difference) -> str:
    """The field of the body a difference stands in; "" outside of all."""
    return re.split(r"[.\[]", difference.path.removeprefix("$."))[0]


def _label(difference: Difference) -> str:
    if difference.path == "path":
        return "model"
    return difference.path.removeprefix("$.")


def _is_model(difference: Difference) -> bool:
    if difference.path == "path":
        sides = (difference.recorded, difference.asked)
        return len({_MODEL_IN_PATH.sub(r"\1", side) for side in sides}) == 1
    return _label(difference).rpartition(".")[2] in _MODEL


def _settings_cause(settings: list[Difference], recorded: Request, asked: Request) -> Cause:
    if chosen := [each for each in settings if _is_model(each)]:
        return Cause("model or temperature changed", _listed(map(_label, chosen)), chosen[0])
    if chosen := [each for each in settings if _field(each) in _TOOL_FIELDS]:
        names = (_tool_change(each, recorded, asked) for each in chosen)
        return Cause("tools changed", _listed(names), chosen[0])
    names = (_field(each).replace("$", "body") for each in settings)
    return Cause("settings changed", _listed(names), settings[0])


def _listed(names: Any) -> str:
    return ", ".join(dict.fromkeys(names))


def _tool_change(difference: Difference, recorded: Request, asked: Request) -> str:
    name, position = difference.list_name, difference.position
    if position < 0:
        return _label(difference)
    is_removed = difference.asked is ABSENT and difference.path == f"$.{name}[{position}]"
    side = recorded if is_removed else asked
    tool = tool_name(side.shape.lists[name][position].value) or f"{name}[{position}]"
    is_added = difference.recorded is ABSENT and difference.path == f"$.{name}[{position}]"
    return f"{tool}{' removed' if is_removed else ' added' if is_added else ''}"


def _turn_cause(first: Difference, recorded: Request, asked: Request) -> Cause:
    before, now = (len(each.shape.lists.get(first.list_name, ())) for each in (recorded, asked))
    counts = f"{before} messages recorded, {now} asked"
    if first.position >= before or (now > before and _is_system(recorded, first)):
        return Cause(
            "new call", f"the conversation goes on where the recording ends ({counts})", first
        )
    if first.position >= now:
        return Cause("new call", f"the conversation is shorter than any recorded ({counts})", first)
    return Cause("earlier turn diverged", "", first)


def _is_prompt(difference: Difference, recorded: Request, asked: Request) -> bool:
    """Whether a difference is in what the conversation starts with, or in instructions."""
    name, position = difference.list_name, difference.position
    if name in ("", "system"):
        return True
    sides = [each.shape.lists.get(name, ()) for each in (recorded, asked)]
    if any(len(parts) <= position for parts in sides):
        return False
    if all(_is_system(each, difference) for each in (recorded, asked)):
        return True
    return all(_role(part.value) in _SYSTEM for parts in sides for part in parts[:position])


def _is_system(request: Request, difference: Difference) -> bool:
    message = message_at(request, difference)
    return message is not ABSENT and _role(message) in _SYSTEM


def _prompt_name(difference: Difference, asked: Request) -> str:
    if not difference.list_name:
        return _field(difference)
    is_instruction = difference.list_name == "system" or _is_system(asked, difference)
    return "system prompt" if is_instruction else "opening message"


def message_at(request: Request, difference: Difference) -> Any:
    """The message a difference stands in; `ABSENT` if the request has none there."""
    parts = request.shape.lists.get(difference.list_name, ())
    position = difference.position
    return parts[position].value if 0 <= position < len(parts) else ABSENT


def _role(message: Any) -> str:
    return str(message.get("role", "")) if isinstance(message, dict) else ""


def settings_of(request: Request) -> bytes:
    """Everything of a request but what was said."""
    fields = fields_of(request)
    if isinstance(fields, dict):
        fields = {key: item for key, item in fields.items() if key not in _PROMPTS}
    tools = [[part.value for part in request.shape.lists.get(name, ())] for name in TOOLS]
    return canonical([request.path, fields, tools])
