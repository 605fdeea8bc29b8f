"""The samples of a run as data inside the HTML page, and packed so that they stay small."""

from __future__ import annotations

import base64
import json
import zlib
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from harness.model.outcomes import outcome_of
from harness.model.transcript import CodeExecution
from harness.reports.executions import notes, status
from harness.reports.text import visible_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.sample import SampleResult

# Images of all samples together; those beyond it are in the run log alone.
_MOST_IMAGE_BYTES = 4 * 1024 * 1024


def rows_of(samples: Sequence[SampleResult]) -> list[dict[str, Any]]:
    """One row of the sample list each, with where its conversation is stored."""
    positions: defaultdict[tuple[str, str], int] = defaultdict(int)
    chunks: dict[tuple[str, str], int] = {}
    rows = []
    for sample in samples:
        chunk = (sample.key.suite, sample.key.scenario)
        number = chunks.setdefault(chunk, len(chunks))
        rows.append({"sample": sample, "chunk": number, "position": positions[chunk]})
        positions[chunk] += 1
    return rows


def chunks_of(samples: Sequence[SampleResult]) -> list[str]:
    """The conversations of each scenario together: alike, so they deflate well; opened lazily."""
    groups: defaultdict[tuple[str, str], list[SampleResult]] = defaultdict(list)
    for sample in samples:
        groups[sample.key.suite, sample.key.scenario].append(sample)
    shown = _shown_images(samples)
    return [_packed(group, shown) for group in groups.values()]


def _shown_images(samples: Sequence[SampleResult]) -> set[str]:
    """Digests of the images that fit on the page, first come, first served."""
    sizes = {image.digest: len(image.content) for sample in samples for image in sample.images}
    shown, left = set(), _MOST_IMAGE_BYTES
    for digest, size in sizes.items():
        if size <= left:
            shown.add(digest)
            left -= size
    return shown


def _packed(samples: Sequence[SampleResult], shown: set[str]) -> str:
    """base64(deflate(JSON)): holds no character that means anything to an HTML parser."""
    data = [visible_data(_conversation(sample, shown)) for sample in samples]
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")


def _conversation(sample: SampleResult, shown: set[str]) -> dict[str, Any]:
    """A sample as the script wants it: with words for its executions, and the images shown."""
    import msgspec

    data: dict[str, Any] = msgspec.to_builtins(sample)
    for event, told in zip(sample.transcript.events, data["transcript"]["events"], strict=True):
        if isinstance(event, CodeExecution):
            told["is_success"] = outcome_of(event).is_success
            told["status"] = status(event)
            told["notes"] = notes(event, has_times=False)
    data["images"] = [image for image in data["images"] if image["digest"] in shown]
    return data
