"""The samples of a run as data inside the HTML page, packed so that they stay small.

Conversations of a scenario repeat each other: prompts hold earlier messages, epochs and configs
say the same things. Deflate looks back 32 kB only, so repeats are taken out before it: what
occurs twice in a chunk, a whole text or one line of it, stands once in the chunk's table, and
everywhere else as a line that is `REFERENCE` and its number. No text can hold that character, as
`visible` replaces all control codes. Values that are empty are left out.
"""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.model.imported import end_of
from harness.model.outcomes import outcome_of
from harness.model.transcript import CodeExecution, ModelCall
from harness.reports.executions import notes, status
from harness.reports.steady import steady_sample
from harness.reports.text import visible, visible_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.model.sample import SampleKey, SampleResult

# By suite and scenario.
Titles = Mapping[str, Mapping[str, str]]

REFERENCE = "\x01"
# Images of all samples together; those beyond it are in the run log alone.
_MOST_IMAGE_BYTES = 4 * 1024 * 1024
# Characters of text a chunk holds before the next one begins: it is unpacked as a whole.
_MOST_CHUNK_CHARACTERS = 3_000_000
# A reference is up to six characters long; shorter texts are not worth one.
_LEAST_SHARED = 16
_COLUMNS = ("epoch", "outcome", "termination", "turns", "code", "checks", "cost")


@dataclass(frozen=True)
class Packed:
    """Samples as the page carries them.

    Attributes:
        index: What the list shows of every sample, and where its conversation is; packed.
        chunks: Conversations, packed; each chunk is opened when one of its own is.
    """

    index: str
    chunks: tuple[str, ...]


def pack(samples: Sequence[SampleResult], titles: Titles | None = None) -> Packed:
    """Pack samples; the list keeps their order, chunks hold one scenario each.

    Args:
        samples: Of the run.
        titles: What the list calls scenarios instead of their names, by suite and name.
    """
    chunks: list[str] = []
    places: dict[SampleKey, tuple[int, int]] = {}
    for number, group in enumerate(_groups(samples)):
        chunks.append(group.packed())
        places |= {key: (number, position) for position, key in enumerate(group.keys)}
    index: dict[str, Any] = _index(samples, places)
    if titles:
        index["titles"] = visible_data(titles)
    return Packed(index=deflated(index), chunks=tuple(chunks))


def _index(
    samples: Sequence[SampleResult], places: dict[SampleKey, tuple[int, int]]
) -> dict[str, list[Any]]:
    """Column by column: alike values side by side deflate best; names as numbers."""
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    names: dict[str, dict[str, int]] = {"suite": {}, "scenario": {}, "config": {}}
    for sample in samples:
        for field, known in names.items():
            name = visible(getattr(sample.key, field))
            columns.setdefault(field, []).append(known.setdefault(name, len(known)))
        for field, value in zip(_COLUMNS, _cells(sample), strict=True):
            columns[field].append(value)
    columns["chunk"] = [places[sample.key][0] for sample in samples]
    columns["position"] = [places[sample.key][1] for sample in samples]
    return columns | {f"{field}s": list(known) for field, known in names.items()}


def _cells(sample: SampleResult) -> tuple[Any, ...]:
    measured = [sample.score_of(name) for name in ("code_success", "acceptance", "cost")]
    return (
        sample.key.epoch,
        sample.outcome,
        end_of(sample),
        sample.transcript.turns,
        *(score and score.value for score in measured),
    )


def _groups(samples: Sequence[SampleResult]) -> Iterator[_Chunk]:
    """The conversations of each scenario together, in chunks of bounded size."""
    by_scenario: dict[tuple[str, str], list[SampleResult]] = {}
    for sample in samples:
        by_scenario.setdefault((sample.key.suite, sample.key.scenario), []).append(sample)
    shown = _shown_images(samples)
    for group in by_scenario.values():
        chunk = _Chunk()
        for sample in group:
            if chunk.characters > _MOST_CHUNK_CHARACTERS:
                yield chunk
                chunk = _Chunk()
            chunk.add(sample, shown)
        yield chunk


def _shown_images(samples: Sequence[SampleResult]) -> set[str]:
    """Digests of the images that fit on the page, first come, first served."""
    sizes = {image.digest: len(image.content) for sample in samples for image in sample.images}
    shown, left = set(), _MOST_IMAGE_BYTES
    for digest, size in sizes.items():
        if size <= left:
            shown.add(digest)
            left -= size
    return shown


class _Chunk:
    """Conversations that share a table of texts."""

    def __init__(self) -> None:
        self.keys: list[SampleKey] = []
        self.characters = 0
        self._samples: list[Any] = []
        self._uses: Counter[str] = Counter()
        self._seen: dict[str, str] = {}  # texts as they came to texts as they are shown
        self._numbers: dict[str, int] = {}
        self._table: list[str] = []

    def add(self, sample: SampleResult, shown: set[str]) -> None:
        """Take a conversation in; `shown` are the digests of the images that it may bring."""
        self.keys.append(sample.key)
        self._samples.append(self._told(_conversation(sample, shown)))

    def packed(self) -> str:
        """All of it, with what repeats taken out."""
        for sample in self._samples:
            self._share(sample)
        return deflated({"table": self._table, "samples": self._samples})

    def _told(self, data: dict[str, Any]) -> dict[str, Any]:
        """The data, visible and without what is empty; its texts are counted."""
        told = {}
        for name, value in data.items():
            kept = self._kept(value)
            if kept is not None:
                told[name if name.isprintable() else visible(name)] = kept
        return told

    def _kept(self, value: Any) -> Any:  # JSON-like data of any shape
        kind = type(value)
        if kind is str:
            return self._text(value) if value else None
        if kind is dict:
            return self._told(value) or None
        if kind is list or kind is tuple:
            # Places count here: nothing is left out.
            return [item if item is None else self._full(item) for item in value] or None
        return value

    def _full(self, item: Any) -> Any:  # JSON-like data of any shape
        kept = self._kept(item)
        return item if kept is None else kept

    def _text(self, text: str) -> str:
        """The text as it is shown. Hidden characters are none of the printable ones."""
        if len(text) < _LEAST_SHARED:
            return text if text.isprintable() else visible(text)
        known = self._seen.get(text)
        if known is None:
            known = self._seen[text] = visible(text)
            self.characters += len(known)
            if "\n" in known:
                self._uses.update(known.split("\n"))
        self._uses[known] += 1
        return known

    def _share(self, data: Any) -> None:  # a dictionary or list of JSON-like data
        for place, value in data.items() if type(data) is dict else enumerate(data):
            kind = type(value)
            if kind is str:
                if len(value) >= _LEAST_SHARED:
                    data[place] = self._reference(value)
            elif kind is dict or kind is list:
                self._share(value)

    def _reference(self, text: str) -> str:
        """The text, or what stands for it; what an entry refers to comes before it."""
        if len(text) < _LEAST_SHARED:
            return text
        if self._uses[text] < 2:
            return self._by_line(text)
        if text not in self._numbers:
            entry = self._by_line(text)
            self._numbers[text] = len(self._table)
            self._table.append(entry)
        return f"{REFERENCE}{self._numbers[text]}"

    def _by_line(self, text: str) -> str:
        lines = text.split("\n")
        return text if len(lines) == 1 else "\n".join(map(self._reference, lines))


def _conversation(sample: SampleResult, shown: set[str]) -> dict[str, Any]:
    """A sample as the script wants it: with words for its executions, and the images shown."""
    import msgspec

    sample = steady_sample(sample)
    data: dict[str, Any] = msgspec.to_builtins(sample)
    for event, told in zip(sample.transcript.events, data["transcript"]["events"], strict=True):
        del told["index"], told["offset_seconds"]  # the script counts; times are not on the page
        if isinstance(event, ModelCall):
            _tell_request(told)
        if isinstance(event, CodeExecution):
            told["is_success"] = outcome_of(event).is_success
            told["status"] = status(event)
            told["notes"] = notes(event, has_times=False)
    data["images"] = [image for image in data["images"] if image["digest"] in shown]
    return data


def _tell_request(told: dict[str, Any]) -> None:
    """A call's request as runs of numbers, "0 2-7"; what follows from it is left out."""
    numbers = told.pop("request")
    if not numbers:
        return
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    told["request"] = " ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
    del told["prompt"], told["prompt_messages"]


def deflated(data: Any) -> str:  # JSON-like data of any shape
    """base64(deflate(JSON)): holds no character that means anything to an HTML parser."""
    import msgspec

    return base64.b64encode(zlib.compress(msgspec.json.encode(data), 9)).decode("ascii")
