"""What every report says of a run before its numbers: whose replies, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from harness.model.run import RunLog
    from harness.model.sample import SampleResult

SCRIPTED = "scripted provider"


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """The facts of a run.

    Attributes:
        sources: Where the model's replies come from, one phrase per distinct source.
        recorded: Days of the first and last recording, or "" without cassettes.
        planned: Samples planned.
        ran: Samples with a result.
        passed: Samples that passed.
        unjudged: Samples of which nobody says whether they solved their task.
        errors: Samples that ended in an error.
        misses: Samples that asked for something their cassette does not hold.
        sandboxes: Labels of the sandboxes.
        modes: How model calls were answered.
        engines: Frameworks and their versions.
        cost_usd: Sum of the known costs; None if no sample has one.
        prices: Whose prices these are, "" if no sample has a cost.
        saved_usd: What the replayed samples would have cost at these prices, had their model
            been asked; None if nothing was replayed or no price is known.
        unpriced: Samples whose cost is not known.
        written: Samples whose replies somebody wrote, so that they tell nothing of a model.
    """

    sources: tuple[str, ...]
    recorded: str
    planned: int
    ran: int
    passed: int
    unjudged: int
    errors: int
    misses: int
    sandboxes: tuple[str, ...]
    modes: tuple[str, ...]
    engines: tuple[str, ...]
    cost_usd: float | None
    prices: str
    saved_usd: float | None
    unpriced: int
    written: int

    @property
    def judged(self) -> str:
        """What came of the samples: "25 passed", "40 not judged", or both."""
        told = [f"{self.passed} passed"] if self.passed or not self.unjudged else []
        return ", ".join(told + [f"{self.unjudged} not judged"] * bool(self.unjudged))


def facts_of(log: RunLog) -> RunFacts:
    """Gather the facts of a run."""
    samples = log.samples
    costs = [score for sample in samples if (score := sample.score_of("cost"))]
    return RunFacts(
        sources=_distinct(source_of(sample) for sample in samples),
        recorded=_recorded(log),
        planned=max(len(log.header.plan), len(samples)),
        ran=len(samples),
        passed=sum(sample.outcome == "pass" for sample in samples),
        unjudged=sum(sample.outcome == "unjudged" for sample in samples),
        errors=sum(sample.status == "error" for sample in samples),
        misses=sum(sample.status == "miss" for sample in samples),
        sandboxes=_distinct(sample.sandbox or log.header.sandbox for sample in samples)
        or (log.header.sandbox,),
        modes=_distinct(sample.mode for sample in samples) or (log.header.mode,),
        engines=_distinct(sample.transcript.engine_version for sample in samples),
        cost_usd=sum(score.value for score in costs) if costs else None,
        prices=_prices([score.reason for score in costs]),
        saved_usd=_saved(samples),
        unpriced=len(samples) - len(costs),
        written=sum(map(is_written, samples)),
    )


def _saved(samples: Sequence[SampleResult]) -> float | None:
    """The cost of every sample that a cassette answered."""
    replayed = [sample for sample in samples if sample.mode == "replay" and sample.cassette]
    costs = [score.value for sample in replayed if (score := sample.score_of("cost"))]
    return sum(costs) if costs else None


def _prices(reasons: Sequence[str]) -> str:
    """Whose prices were used, as the cost scorer's reasons tell."""
    kinds = ("suite's own", "the suite's own prices"), ("list", "list prices")
    used = [kind for kind, words in kinds if any(words in reason for reason in reasons)]
    return f"{' and '.join(used)} prices" if used else ""


def source_of(sample: SampleResult) -> str:
    """Where a sample's replies come from, in words nobody can mistake for a real model's."""
    if sample.mode == "record" and sample.status != "completed" and not has_reply(sample):
        return "nothing was recorded"
    if sample.origin is not None:
        return f"imported ({sample.origin.format}) \u2014 not run here, no cassette"
    if sample.cassette is None:
        if sample.mode == "mock":
            return "mock \u2014 replies scripted in process, no model was asked"
        return "live provider" if sample.mode in ("live", "record") else "no cassette"
    if sample.cassette.source.startswith(SCRIPTED):
        return f"{sample.cassette.source} \u2014 written replies, not a real model's output"
    return f"recorded from {sample.cassette.source}"


def is_written(sample: SampleResult) -> bool:
    """Whether its replies were written for it: of a mock, or of the scripted provider."""
    if sample.origin is not None:
        return False
    if sample.cassette is None:
        return sample.mode == "mock"
    return sample.cassette.source.startswith(SCRIPTED)


def has_reply(sample: SampleResult) -> bool:
    """Whether a model said anything in a sample."""
    return any(call.reply or call.tool_calls for call in sample.transcript.model_calls)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _recorded(log: RunLog) -> str:
    times = sorted(sample.cassette.recorded_at for sample in log.samples if sample.cassette)
    if not times:
        return ""
    first, last = times[0][:10], times[-1][:10]
    return first if first == last else f"{first} to {last}"
