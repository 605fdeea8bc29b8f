"""What the cassettes of a folder hold, counted by suite and config."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.cassettes.reader import load_cassette
from harness.cassettes.usage import is_model_call, usage_of
from harness.errors import CassetteError
from harness.model.sample import SCRIPTED_SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from harness.cassettes.cassette import Cassette, Interaction


_SUMS = (
    "files",
    "size_bytes",
    "interactions",
    "model_calls",
    "prompt_tokens",
    "completion_tokens",
    "unpriced",
)


@dataclass
class Count:
    """What a group of cassettes holds.

    Attributes:
        files: Cassettes.
        size_bytes: Their size on disk.
        interactions: Recorded requests with their responses.
        model_calls: Those of them that asked a model.
        sources: "scripted provider" and hosts, with how many cassettes each.
        models: Names of the models, with how many calls each.
        prompt_tokens: As far as responses tell.
        completion_tokens: As far as responses tell.
        real_usd: What the calls of real providers cost when they were recorded.
        scripted_usd: The same for the scripted provider, whose prices are the suite's own.
        unpriced: Model calls whose cost was not known when they were recorded.
        first: ISO 8601 time of the earliest recording; "" without one.
        last: ISO 8601 time of the latest.
    """

    files: int = 0
    size_bytes: int = 0
    interactions: int = 0
    model_calls: int = 0
    sources: dict[str, int] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    real_usd: float | None = None
    scripted_usd: float | None = None
    unpriced: int = 0
    first: str = ""
    last: str = ""

    def merge(self, other: Count) -> None:
        """Count what another count holds, too."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("real_usd", "scripted_usd"):
            amounts = [each for each in (getattr(self, name), getattr(other, name)) if each]
            known = getattr(self, name) is not None or getattr(other, name) is not None
            setattr(self, name, sum(amounts) if known else None)
        for mine, theirs in ((self.sources, other.sources), (self.models, other.models)):
            for key, count in theirs.items():
                mine[key] = mine.get(key, 0) + count
        self.first = min(filter(None, (self.first, other.first)), default="")
        self.last = max(self.last, other.last)

    def take(self, interaction: Interaction, *, is_scripted: bool) -> None:
        """Count an interaction.

        Args:
            interaction: The interaction.
            is_scripted: Whether the scripted provider answered it.

        Raises:
            CassetteError: If it is damaged.
        """
        self.interactions += 1
        request, fields = interaction.request, interaction.request.shape.fields
        if not is_model_call(request.path):
            return
        self.model_calls += 1
        usage = usage_of(
            request.path,
            fields if isinstance(fields, dict) else None,
            " ".join(interaction.headers.get("content-type", ())),
            interaction.content,
            headers=interaction.headers,
        )
        if usage is not None:
            self.prompt_tokens += usage.usage.prompt_tokens
            self.completion_tokens += usage.usage.completion_tokens
        model = usage.model if usage else fields.get("model") if isinstance(fields, dict) else ""
        name = model if isinstance(model, str) and model else "?"
        self.models[name] = self.models.get(name, 0) + 1
        cost = interaction.cost_usd
        if cost is None:
            self.unpriced += 1
        elif is_scripted:
            self.scripted_usd = (self.scripted_usd or 0.0) + cost
        else:
            self.real_usd = (self.real_usd or 0.0) + cost


def count_of(cassette: Cassette, size_bytes: int) -> Count:
    """Count what one cassette holds.

    Raises:
        CassetteError: If it is damaged inside.
    """
    header = cassette.header
    count = Count(
        files=1,
        size_bytes=size_bytes,
        first=header.recorded_at,
        last=header.updated_at or header.recorded_at,
    )
    count.sources[header.source] = 1
    for interaction in cassette.interactions:
        count.take(interaction, is_scripted=header.source.startswith(SCRIPTED_SOURCE))
    return count


@dataclass(frozen=True)
class Census:
    """What was counted.

    Attributes:
        groups: Suite and config, "" where a header names no sample, to what they hold.
        total: All of it.
        sizes: Path and bytes of every cassette, largest first.
        damaged: Path and fault of what could not be read, which is not counted.
    """

    groups: dict[tuple[str, str], Count]
    total: Count
    sizes: tuple[tuple[Path, int], ...]
    damaged: tuple[tuple[Path, str], ...]


def take_census(paths: Iterable[Path]) -> Census:
    """Count what cassettes hold; a damaged one is set aside."""
    groups: dict[tuple[str, str], Count] = defaultdict(Count)
    total = Count()
    sizes: list[tuple[Path, int]] = []
    damaged: list[tuple[Path, str]] = []
    for path in paths:
        try:
            size = path.stat().st_size
            cassette = load_cassette(path)
            count = count_of(cassette, size)
        except CassetteError as error:
            damaged.append((path, str(error)))
            continue
        except OSError as error:
            damaged.append((path, f"{path}: {error.strerror}"))
            continue
        groups[_group(cassette)].merge(count)
        total.merge(count)
        sizes.append((path, size))
    sizes.sort(key=lambda entry: (-entry[1], entry[0]))
    return Census(dict(sorted(groups.items())), total, tuple(sizes), tuple(damaged))


def _group(cassette: Cassette) -> tuple[str, str]:
    names = cassette.header.sample.split("/")
    return (names[0], names[2]) if len(names) == 4 else ("", "")
