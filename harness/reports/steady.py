"""What a run found, apart from when, how fast and under which name it ran.

Two runs of the same inputs find the same, so what is rendered from `steady` is the same, byte for
byte; everything that is taken out here stands in the sidecar.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from harness.model.transcript import CodeExecution

if TYPE_CHECKING:
    from harness.model.run import RunHeader, RunLog, SuiteInfo
    from harness.model.sample import SampleResult
    from harness.model.transcript import Event

SIDECAR_SCHEMA_VERSION = 1
SIDECAR_SUFFIX = ".run.json"

_HEADER = (
    "run_id",
    "started_at",
    "command",
    "python",
    "platform",
    "scenarios_root",
    "cassettes_root",
    "commit",
)
_MEASURED: dict[str, Any] = {
    "duration_seconds": 0.0,
    "cpu_seconds": None,
    "peak_memory_bytes": None,
    "is_remembered": False,
}


def steady(log: RunLog) -> RunLog:
    """The log with every name, time and measure of this one run left empty, samples in plan order.

    Empty are the run id, command, Python, platform, folders and commit of the header; all times of
    day, offsets and durations; of executions processor time, memory, how much was cut from the
    output of one that a limit ended, and whether their results were remembered.
    """
    import msgspec

    samples = tuple(steady_sample(sample) for sample in log.samples)
    return msgspec.structs.replace(log, header=steady_header(log.header), samples=samples)


def steady_header(header: RunHeader) -> RunHeader:
    """The header as `steady` leaves it."""
    import msgspec

    suites = tuple(map(_steady_suite, header.suites))
    return msgspec.structs.replace(header, **dict.fromkeys(_HEADER, ""), suites=suites)


def _steady_suite(suite: SuiteInfo) -> SuiteInfo:
    """The suite without the parts of its scenarios' digests, which their digests cover."""
    import msgspec

    scenarios = (msgspec.structs.replace(each, parts={}) for each in suite.scenarios)
    return msgspec.structs.replace(suite, scenarios=tuple(scenarios))


def steady_sample(sample: SampleResult) -> SampleResult:
    """A sample as `steady` leaves it."""
    import msgspec

    events = tuple(_steady_event(event) for event in sample.transcript.events)
    return msgspec.structs.replace(
        sample,
        started_at="",
        duration_seconds=0.0,
        transcript=msgspec.structs.replace(sample.transcript, events=events),
    )


def _steady_event(event: Event) -> Event:
    import msgspec

    measured: dict[str, Any] = {}
    if isinstance(event, CodeExecution):
        # How much a block wrote before it was ended is a matter of speed.
        measured = _MEASURED | ({"cut_bytes": 0} if event.limit is not None else {})
    return msgspec.structs.replace(event, offset_seconds=0.0, **measured)


def digest_of(log: RunLog) -> str:
    """24 hexadecimal digits that are the same exactly if two runs found the same."""
    import msgspec

    digest = hashlib.blake2b(digest_size=12)
    digest.update(_encoded(steady(msgspec.structs.replace(log, samples=()))))
    for sample in log.samples:
        # One at a time: a long run as one text would take more memory than the run itself.
        digest.update(_encoded(steady_sample(sample)))
    return digest.hexdigest()


def _encoded(found: RunLog | SampleResult) -> bytes:
    import msgspec

    try:
        return msgspec.json.encode(found)
    except UnicodeEncodeError:
        # A transcript may hold halves of surrogate pairs, which have no UTF-8.
        return json.dumps(msgspec.to_builtins(found), ensure_ascii=True).encode("ascii")


def sidecar(log: RunLog) -> str:
    """What `steady` leaves empty, as ASCII JSON, with the digest of the results it belongs to."""
    document = {
        "schema_version": SIDECAR_SCHEMA_VERSION,
        "results": digest_of(log),
        "run": {name: getattr(log.header, name) for name in _HEADER},
        "samples": [_times(sample) for sample in log.samples],
    }
    return json.dumps(document, ensure_ascii=True, allow_nan=False, indent=1) + "\n"


def _times(sample: SampleResult) -> dict[str, Any]:
    return {
        "sample": str(sample.key),
        "started_at": sample.started_at,
        "duration_seconds": sample.duration_seconds,
        "offsets_seconds": [event.offset_seconds for event in sample.transcript.events],
        "executions": [
            {"event": event.index, "cut_bytes": event.cut_bytes}
            | {name: getattr(event, name) for name in _MEASURED}
            for event in sample.transcript.code_executions
        ],
    }
