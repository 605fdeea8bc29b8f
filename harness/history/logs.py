"""What the history keeps, as the run log it came from: all that comparisons look at.

So history, report and comparison count alike, by the same code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from harness.model.imported import Origin
from harness.model.run import RunHeader, RunLog, ScenarioInfo, SuiteInfo
from harness.model.sample import SampleKey, SampleResult, Status
from harness.model.scenario import AgentConfig
from harness.model.score import Score
from harness.model.transcript import Transcript

if TYPE_CHECKING:
    from harness.model.gate import SampleOutcome
    from harness.model.history import HistoryRun, HistorySuite

# Of an import in which others were judged.
_UNJUDGED = Origin(format="", path="", document="", others_judged=True)


class Side(NamedTuple):
    """A config of a suite in one run."""

    run: HistoryRun
    suite: HistorySuite
    config: str

    @property
    def samples(self) -> tuple[SampleOutcome, ...]:
        """Its planned samples."""
        return tuple(each for each in self.suite.samples if each.config == self.config)


def log_of(side: Side) -> RunLog:
    """A run log of this config alone; turns, costs and all that was said are not in it."""
    names = dict.fromkeys(each.scenario for each in side.samples)
    info = SuiteInfo(
        name=side.suite.suite,
        title="",
        description="",
        epochs=max(each.epoch for each in side.samples),
        baseline=None,
        scenarios=tuple(
            ScenarioInfo(name=name, title="", task="", accept=(), digest="") for name in names
        ),
        configs=(AgentConfig(name=side.config),),
    )
    header = RunHeader(
        run_id=side.run.run_id,
        started_at=side.run.started_at,
        mode="imported",
        command="",
        harness_version=side.run.harness_version,
        python="",
        platform="",
        sandbox="",
        suites=(info,),
        plan=tuple(_key(side, each) for each in side.samples),
    )
    return RunLog(header=header, samples=tuple(results_of(side)))


def results_of(side: Side) -> list[SampleResult]:
    """Its samples with a result."""
    return [
        SampleResult(
            key=_key(side, each),
            status=_status(each),
            mode="imported",
            transcript=Transcript(engine="", engine_version=""),
            scores=(_verdict(each),) if each.is_completed else (),
            origin=_UNJUDGED if each.outcome == "unjudged" else None,
            started_at="",
            duration_seconds=0.0,
        )
        for each in side.samples
        if each.outcome != "missing"
    ]


def _key(side: Side, sample: SampleOutcome) -> SampleKey:
    return SampleKey(
        suite=side.suite.suite,
        scenario=sample.scenario,
        config=sample.config,
        epoch=sample.epoch,
    )


def _status(sample: SampleOutcome) -> Status:
    if sample.outcome == "error" or sample.outcome == "miss":
        return sample.outcome
    return "completed"


def _verdict(sample: SampleOutcome) -> Score:
    passed = sample.outcome == "pass"
    return Score(scorer="outcome", value=float(passed), unit="share", passed=passed, reason="")
