"""A cassette as lines on a terminal: its header, then every interaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from harness.cassettes.comparing import body_of, reply_of
from harness.cassettes.matching import shared_length
from harness.cassettes.staleness import PARAMETERS, PROMPTS
from harness.cassettes.usage import usage_of
from harness.model.sample import SCRIPTED_SOURCE
from harness.reports import numbers
from harness.reports.text import one_line
from harness.reports.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.cassettes import Cassette, CassetteHeader, Interaction
    from harness.cassettes.matching import Part
    from harness.cassettes.usage import CallUsage

_SHORT_VALUE = 60
# As many agents as may take turns, and still each find their own last request.
_REMEMBERED = 32
_CONVERSATIONS = ("messages", "contents", "input", "system", "chat_history")


def print_cassette(
    cassette: Cassette, chosen: Sequence[Interaction], stream: TextIO, *, is_raw: bool = False
) -> None:
    """Print what a cassette is, and some of its interactions.

    Args:
        cassette: The cassette.
        chosen: Those of its interactions to print.
        stream: Coloured if it is a terminal, else plain text.
        is_raw: Print bodies whole, as they went over the wire, instead of what they say.
    """
    writer = Writer(stream)
    _header(writer, cassette)
    for interaction in chosen:
        writer.line()
        if is_raw:
            _raw(writer, interaction)
        else:
            _interaction(writer, cassette, interaction)


def source_line(header: CassetteHeader) -> tuple[str, str]:
    """Whose words a cassette holds, and the style to say it in."""
    if header.source.startswith(SCRIPTED_SOURCE):
        return "SCRIPTED PROVIDER: written replies, not a real model's output", "bold yellow"
    return f"Replies of a real provider: {header.source}", "bold"


def _header(writer: Writer, cassette: Cassette) -> None:
    header = cassette.header
    writer.line(str(cassette.path), "bold")
    writer.line(*source_line(header))
    if not cassette.is_complete:
        writer.line("This recording was cut short; what follows is what was kept.", "bold red")
    updated = f", in part again {header.updated_at}" if header.updated_at else ""
    facts = {
        "Sample": header.sample,
        "Recorded": f"{header.recorded_at}{updated}, from {header.base_url}",
        "Imported from": header.imported_from,
        "With": ", ".join(filter(None, (header.engine_version, header.sdk_version))),
        "Config": _config(header),
        "Overlooked in matching": ", ".join(header.ignored),
        "Cost when recorded": _cost(header),
        "Interactions": str(len(cassette.interactions)),
    }
    for name, value in facts.items():
        if value:
            writer.line(f"{name}: {value}")


def _config(header: CassetteHeader) -> str:
    facets = header.facets.items()
    plain = [
        f"{name.removeprefix(PARAMETERS)} {value}"
        for name, value in facets
        if not name.startswith(PROMPTS)
    ]
    prompts = [name.removeprefix(PROMPTS) for name, _ in facets if name.startswith(PROMPTS)]
    return ", ".join([*plain, *([f"prompts of {' and '.join(prompts)}"] if prompts else [])])


def _cost(header: CassetteHeader) -> str:
    if header.cost_usd is None:
        return ""
    is_scripted = header.source.startswith(SCRIPTED_SOURCE)
    aside = " at the suite's own prices; no money was spent" if is_scripted else ""
    return f"{numbers.usd(header.cost_usd)}{aside}"


@dataclass(frozen=True)
class _News:
    """What a list of a request holds that the most similar earlier one does not."""

    name: str
    items: tuple[Part, ...]
    kept: int
    since: int

    def __str__(self) -> str:
        if not self.since:
            return f"{self.name}: {len(self.items)}"
        if not self.items:
            return f"{self.name}: {self.kept}, as in [{self.since}]"
        return f"{self.name}: {len(self.items)} new after the {self.kept} of [{self.since}]"


def _interaction(writer: Writer, cassette: Cassette, interaction: Interaction) -> None:
    request = interaction.request
    who = ", ".join(filter(None, (interaction.agent, interaction.purpose)))
    model, settings = _settings(request.shape.fields)
    query = f"?{request.query}" if request.query else ""
    parts = [who, f"{request.method} {request.path}{query}", model and f"model {model}"]
    writer.parts([(f"[{interaction.number}] ", "dim"), (": ".join(filter(None, parts)), "bold")])
    writer.line(", ".join(_facts(interaction)), "dim", indent=4)
    if settings:
        writer.line(settings, "dim", indent=4)
    for name in request.shape.lists:
        _news(writer, _news_of(cassette, interaction, name))
    if not request.shape.lists and request.shape.kind != "json":
        writer.line(one_line(str(request.shape.fields)), indent=6)
    _reply(writer, interaction)


def _settings(fields: Any) -> tuple[str, str]:
    """The model, and all else that is no list of messages or tools, each value in short."""
    if not isinstance(fields, dict):
        return "", ""
    model = fields.get("model")
    rest = [
        f"{name} {one_line(_text(value), _SHORT_VALUE)}"
        for name, value in fields.items()
        if name != "model"
    ]
    return model if isinstance(model, str) else "", ", ".join(rest)


def _facts(interaction: Interaction) -> list[str]:
    usage = usage_in(interaction)
    facts = [f"{interaction.status} {interaction.reason}".strip()]
    facts.append(f"{interaction.latency_seconds:.2f} s")
    if usage:
        counts = usage.usage
        facts.append(f"{counts.prompt_tokens} prompt, {counts.completion_tokens} completion tokens")
    else:
        facts.append("no token counts")
    facts.append("no price" if interaction.cost_usd is None else numbers.usd(interaction.cost_usd))
    if interaction.chunks:
        first, last = interaction.chunks[0][1], interaction.chunks[-1][1]
        facts.append(f"{len(interaction.chunks)} chunks from {first:.2f} to {last:.2f} s")
    return facts


def usage_in(interaction: Interaction) -> CallUsage | None:
    """What the response says about its tokens."""
    request = interaction.request
    fields = request.shape.fields if isinstance(request.shape.fields, dict) else None
    content_type = " ".join(interaction.headers.get("content-type", ()))
    return usage_of(
        request.path, fields, content_type, interaction.content, headers=interaction.headers
    )


def _news_of(cassette: Cassette, interaction: Interaction, name: str) -> _News:
    """Compare a list with that of the earlier interaction it has most in common with."""
    items = interaction.request.shape.lists[name]
    digests = [part.digest for part in items]
    kept = since = 0
    start = max(0, interaction.number - 1 - _REMEMBERED)
    for earlier in reversed(cassette.interactions[start : interaction.number - 1]):
        other = [part.digest for part in earlier.request.shape.lists.get(name, ())]
        shared = shared_length(other, digests)
        if shared > kept:
            kept, since = shared, earlier.number
        if kept == len(digests):
            break
    return _News(name, tuple(items[kept:]), kept, since)


def _news(writer: Writer, news: _News) -> None:
    if news.name in _CONVERSATIONS:
        writer.line(str(news), "dim", indent=4)
        for part in news.items:
            who, text = _message(part.value)
            writer.parts([(f"{who}: ", "bold"), (text.rstrip("\n"), "")], indent=6)
    else:
        names = ", ".join(filter(None, (_name(part.value) for part in news.items)))
        writer.line(f"{news}{f' ({names})' if names else ''}", "dim", indent=4)


def _name(tool: Any) -> str:
    """The name of a tool, in the shape of any provider."""
    inner = tool.get("function", tool) if isinstance(tool, dict) else {}
    name = inner.get("name") if isinstance(inner, dict) else None
    return name if isinstance(name, str) else ""


def _message(value: Any) -> tuple[str, str]:
    """Who says a message, and its text."""
    if not isinstance(value, dict):
        return "item", _text(value)
    role = _text(value.get("role") or value.get("type") or "item")
    name = value.get("name")
    lines = [*_lines(value.get("content")), *_lines(value.get("parts")), *_lines(value.get("text"))]
    calls = value.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            lines.append(f"calls {_text(function.get('name'))}({_text(function.get('arguments'))})")
    if not lines:
        known = {"role", "name", "content"}
        rest = {key: item for key, item in value.items() if key not in known}
        lines = [one_line(_text(rest))] if rest else ["(nothing)"]
    return f"{role} ({name})" if isinstance(name, str) and name else role, "\n".join(lines)


def _lines(content: Any) -> Iterable[str]:
    """Text, or blocks of which some are text."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for block in content:
            text = block.get("text") if isinstance(block, dict) else block
            yield text if isinstance(text, str) else one_line(_text(block))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _reply(writer: Writer, interaction: Interaction) -> None:
    answer = reply_of(interaction)
    writer.line("reply", "dim", indent=4)
    if answer.text:
        writer.line(answer.text.rstrip("\n"), "green", indent=6)
    for name, arguments in answer.calls:
        writer.line(f"calls tool {name}({arguments})", "green", indent=6)
    if answer.error:
        writer.line(f"error: {answer.error}", "bold red", indent=6)
    if not (answer.text or answer.calls or answer.error):
        writer.line("(nothing)", "dim", indent=6)


def _raw(writer: Writer, interaction: Interaction) -> None:
    request = interaction.request
    query = f"?{request.query}" if request.query else ""
    writer.line(f"[{interaction.number}] {request.method} {request.path}{query}", "bold")
    body = body_of(request)
    if request.shape.kind == "json":
        encoded = msgspec.json.format(msgspec.json.encode(body)).decode()
        writer.verbatim(encoded if body is not None else "(no body)")
    else:
        writer.verbatim(str(body))
    writer.line(f"{interaction.status} {interaction.reason}".strip(), "bold")
    for name, values in interaction.headers.items():
        for value in values:
            writer.line(f"{name}: {value}", "dim")
    try:
        writer.verbatim(interaction.content.decode())
    except UnicodeDecodeError:
        writer.line(repr(interaction.content))
