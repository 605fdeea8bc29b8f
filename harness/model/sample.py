"""A sample: its key, and the result that the run log keeps of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from harness.model.faults import FaultTrial
from harness.model.imported import Origin
from harness.model.score import Score, Unscored
from harness.model.structs import Strict as _Strict
from harness.model.transcript import SCHEMA_VERSION, ExceptionInfo, Transcript

SAMPLE_SCHEMA_VERSION = 1

# What a cassette names as its source when no real model spoke.
SCRIPTED_SOURCE = "scripted provider"
# How the `system_fingerprint` of each of its replies begins, wherever they are met.
SCRIPTED_FINGERPRINT = "scripted-"

# Suites of conversations that no scenario describes: scripts', and the users' own tests'.
SCRIPTS = "exec"
TESTS = "pytest"

Mode = Literal["replay", "record", "live", "mock", "imported"]
Status = Literal["completed", "error", "miss"]
Outcome = Literal["pass", "fail", "unjudged", "error", "miss"]


class SampleKey(_Strict, frozen=True, kw_only=True, order=True):
    """Suite, scenario, config and epoch (from 1): what identifies a sample in a run."""

    suite: str
    scenario: str
    config: str
    epoch: int

    def __str__(self) -> str:
        return f"{self.suite}/{self.scenario}/{self.config}/{self.epoch}"


class CassetteUse(_Strict, frozen=True, kw_only=True):
    """How a sample used its cassette.

    Attributes:
        path: Path of the cassette, relative to the project when inside it.
        source: Where the interactions came from, e.g. "scripted provider".
        recorded_at: ISO 8601 UTC time of the recording.
        asked: Requests the sample made.
        served: Requests answered from the cassette (replay) or recorded (record).
        misses: Explanations of the requests that could not be answered.
        kept: Of the served in an update, those answered by the earlier recording.
        unplayed: Recorded interactions nobody asked for.
        sockets_opened: Connections attempted outside the cassette; 0 in a sound replay.
        cost_usd: US dollars that what a replay served cost when it was recorded; None if
            any of it has no price, and for a recording.
        stale: What of the config changed since the recording that was replayed, in words.
        differing: Files that a replay left otherwise than the recording did, in words; empty
            if they are the same, or the recording did not note them.
    """

    path: str
    source: str
    recorded_at: str
    asked: int
    served: int
    misses: tuple[str, ...] = ()
    kept: int = 0
    unplayed: int = 0
    sockets_opened: int = 0
    cost_usd: float | None = None
    stale: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()


class Artefact(_Strict, frozen=True, kw_only=True):
    """A regular file the sample left in its workspace: relative path, bytes, blake2b digest."""

    path: str
    size_bytes: int
    digest: str


class KeptImage(_Strict, frozen=True, kw_only=True):
    """An image among the artefacts, with its content, for reports.

    Attributes:
        path: As the artefact's.
        digest: As the artefact's, and that of the change that made it.
        media_type: One of "image/png", "image/jpeg", "image/gif" and "image/svg+xml"; what
            its content is, whatever its name.
        content: All of it. Agents made it: never to be placed in a page but as an image.
    """

    path: str
    digest: str
    media_type: str
    content: bytes


class SampleResult(_Strict, frozen=True, kw_only=True):
    """Everything the run log keeps of one sample.

    Attributes:
        key: Which sample.
        status: "completed", or what kept it from completing.
        mode: How its model calls were answered.
        transcript: All events, partial if the sample did not complete.
        scores: One per scorer, in the scenario's order.
        trials: What became of the conversations with faults that the scenario demands.
        failure: The exception behind "error" or "miss".
        origin: Where it was imported from; None if it was run here.
        cassette: How the cassette was used; None without one.
        artefacts: Files left in the workspace, fixtures excluded.
        images: Those of them that are images, as far as limits of number and size allow.
        sandbox: Label of the sandbox that ran code.
        started_at: ISO 8601 UTC time.
        duration_seconds: Wall-clock time, scoring included.
    """

    schema_version: int = SAMPLE_SCHEMA_VERSION
    key: SampleKey
    status: Status
    mode: Mode
    transcript: Transcript
    scores: tuple[Score | Unscored, ...] = ()
    trials: tuple[FaultTrial, ...] = ()
    failure: ExceptionInfo | None = None
    origin: Origin | None = None
    cassette: CassetteUse | None = None
    artefacts: tuple[Artefact, ...] = ()
    images: tuple[KeptImage, ...] = ()
    sandbox: str = ""
    started_at: str
    duration_seconds: float

    def __repr__(self) -> str:
        # Its transcript would fill the screen wherever a debugger or an assertion shows it.
        return f"<SampleResult {self.key}: {self.outcome}>"

    @property
    def verdicts(self) -> tuple[Score, ...]:
        """The scores that judge (have `passed`), as opposed to those that only measure."""
        return tuple(
            score for score in self.scores if isinstance(score, Score) and score.passed is not None
        )

    @property
    def is_result_known(self) -> bool:
        """Whether anybody judged what came of it.

        Of what ran here the scenario says what counts. Of an imported conversation a score must
        tell it; how it ended, which its importer reads from its last words, tells nothing of it.
        """
        return self.origin is None or any(each.scorer != "termination" for each in self.verdicts)

    @property
    def is_accepted_alone(self) -> bool:
        """Whether how it ended stands for its result, as nobody judged anything of its import."""
        return self.outcome == "unjudged" and not (self.origin and self.origin.others_judged)

    @property
    def is_settled(self) -> bool:
        """Whether it completed and its result is known, or how it ended stands for that."""
        is_known = self.is_result_known or not (self.origin and self.origin.others_judged)
        return self.status == "completed" and is_known

    @property
    def is_success(self) -> bool:
        """Completed, judged by at least one score, and passed by every one that judges.

        Where nobody judged anything of its import, that is no more than that it ended as accepted.
        """
        verdicts = self.verdicts
        return self.is_settled and bool(verdicts) and all(score.passed for score in verdicts)

    @property
    def is_silent(self) -> bool:
        """Whether no message was sent and no model was asked for anything."""
        asked = self.cassette.asked if self.cassette else 0
        return not (self.transcript.messages or self.transcript.model_calls or asked)

    @property
    def outcome(self) -> Outcome:
        """Pass or fail, that nobody judged its result, or what kept it from completing."""
        if self.status != "completed":
            return self.status
        if not self.is_result_known:
            return "unjudged"
        return "pass" if self.is_success else "fail"

    def score_of(self, scorer: str) -> Score | None:
        """The score with that name; None if the scorer was not applied or did not score."""
        for score in self.scores:
            if isinstance(score, Score) and score.scorer == scorer:
                return score
        return None


def encode_sample(result: SampleResult) -> bytes:
    """Encode a sample result as UTF-8 JSON."""
    return msgspec.json.encode(result)


def decode_sample(data: bytes) -> SampleResult:
    """Decode what `encode_sample` wrote, also with a transcript of an older version.

    Raises:
        msgspec.ValidationError: If the data does not fit.
        SchemaError: If its transcript has an unknown version, or requests that it does not tell.
    """
    from harness.model.migrations import check_requests, load_transcript

    result = msgspec.json.decode(data, type=SampleResult)
    if result.transcript.schema_version == SCHEMA_VERSION:
        check_requests(result.transcript)
        return result
    transcript = load_transcript(msgspec.json.encode(result.transcript))
    return msgspec.structs.replace(result, transcript=transcript)
