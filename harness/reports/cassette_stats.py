"""What cassettes hold, as a table on a terminal or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from harness.reports import numbers
from harness.reports.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.cassettes.census import Census, Count

_MOST_SIZES = 5


def print_stats(census: Census, stream: TextIO) -> None:
    """Print the counts: rich on a terminal, plain text otherwise."""
    writer = Writer(stream)
    total = census.total
    if total.files:
        rows = [_row(_name(*names), count) for names, count in census.groups.items()]
        head = "Cassettes of", "Files", "Calls", "kB", "Tokens in", "Tokens out", "Cost"
        writer.table(head, [*rows, _row("total", total)])
        writer.line()
        for line in _facts(total):
            writer.line(line)
        writer.line("Largest:")
        for path, size in census.sizes[:_MOST_SIZES]:
            writer.line(f"{size / 1000:,.1f} kB  {path}", indent=2)
    else:
        writer.line("There are no cassettes there. Record some with: harness record")
    if census.damaged:
        writer.line(f"Not counted, as they cannot be read: {len(census.damaged)}", "bold red")
        for _, fault in census.damaged[:_MOST_SIZES]:
            writer.prose(fault, indent=2)


def _name(suite: str, config: str) -> str:
    return f"{suite}/{config}" if suite else "(no sample)"


def _row(name: str, count: Count) -> tuple[str, ...]:
    costs = [count.real_usd, count.scripted_usd]
    known = [cost for cost in costs if cost is not None]
    return (
        name,
        str(count.files),
        str(count.interactions),
        f"{count.size_bytes / 1000:,.0f}",
        f"{count.prompt_tokens:,}",
        f"{count.completion_tokens:,}",
        numbers.usd(sum(known) if known else None),
    )


def _facts(total: Count) -> list[str]:
    lines = [
        f"Recorded {total.first} to {total.last}.",
        f"Sources (cassettes): {_listed(total.sources)}.",
        f"Models (calls): {_listed(total.models) or 'none'}.",
    ]
    if total.real_usd is not None:
        saved = numbers.usd(total.real_usd)
        lines.append(f"One replay of all saves {saved}, as priced when recorded.")
    if total.scripted_usd is not None:
        amount = numbers.usd(total.scripted_usd)
        lines.append(f"Scripted provider: {amount} at the suites' own prices, no real money.")
    if total.unpriced:
        lines.append(f"Model calls without a price: {total.unpriced} of {total.model_calls}.")
    return lines


def _listed(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{name} ({count})" for name, count in ordered)


def stats_json(census: Census) -> str:
    """The counts as JSON text."""
    document: dict[str, Any] = {
        "groups": [
            {"suite": suite, "config": config, **asdict(count)}
            for (suite, config), count in census.groups.items()
        ],
        "total": asdict(census.total),
        "largest": [
            {"path": str(path), "size_bytes": size} for path, size in census.sizes[:_MOST_SIZES]
        ],
        "damaged": [{"path": str(path), "fault": fault} for path, fault in census.damaged],
    }
    return json.dumps(document, indent=2)
