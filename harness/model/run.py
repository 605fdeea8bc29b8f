"""A run: its header and, with the samples, the run log that reports read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import EnvironmentFault
from harness.model.sample import Mode, SampleKey, SampleResult
from harness.model.scenario import AgentConfig
from harness.model.structs import Strict as _Strict
from harness.model.table import rows_of

if TYPE_CHECKING:
    from pandas import DataFrame

RUN_SCHEMA_VERSION = 1


class ScenarioInfo(_Strict, frozen=True, kw_only=True, omit_defaults=True):
    """What a report needs to know of a scenario.

    Attributes:
        name: Unique in its suite.
        title: One line for people.
        task: Opening message.
        accept: Termination reasons it accepts.
        digest: Of all its files and settings.
        parts: Digest of each thing that `digest` covers, by its key in scenario.yaml; empty
            in logs that do not have it.
    """

    name: str
    title: str
    task: str
    accept: tuple[str, ...]
    digest: str
    parts: dict[str, str] = {}


class SuiteInfo(_Strict, frozen=True, kw_only=True):
    """What a report needs to know of a suite.

    Attributes:
        name: Its name.
        title: One line for people.
        description: A paragraph for people; may be empty.
        epochs: How often each scenario meets each config.
        baseline: The config that others are compared with; None for the first.
        scenarios: Those that were planned.
        configs: Those that were planned.
        samples_per_config: How many samples of each config the whole suite has, also where
            fewer were planned; None if it has no files that tell, and in older logs.
    """

    name: str
    title: str
    description: str
    epochs: int
    baseline: str | None
    scenarios: tuple[ScenarioInfo, ...]
    configs: tuple[AgentConfig, ...]
    samples_per_config: int | None = None


class RunHeader(_Strict, frozen=True, kw_only=True):
    """Facts about a run, written before its first sample.

    Attributes:
        run_id: Sorts by start time; unique.
        started_at: ISO 8601 UTC time.
        mode: How model calls are answered, unless a scenario is scripted ("mock");
            "imported" if nothing was run here.
        command: The command line, secrets removed.
        harness_version: Version of this product.
        python: Python version.
        platform: Operating system and machine.
        sandbox: Label of the sandbox.
        suites: The suites as they were.
        plan: Every sample to run, in order.
        scenarios_root: Where the suites were read from, for resuming.
        cassettes_root: Where the cassettes are, for resuming.
        commit: Commit of the scenarios' repository at the start, "-dirty" at its end if tracked
            files differed from it; "" outside of git, and in logs of older releases.
    """

    schema_version: int = RUN_SCHEMA_VERSION
    run_id: str
    started_at: str
    mode: Mode
    command: str
    harness_version: str
    python: str
    platform: str
    sandbox: str
    suites: tuple[SuiteInfo, ...]
    plan: tuple[SampleKey, ...]
    scenarios_root: str = ""
    cassettes_root: str = ""
    commit: str = ""

    @property
    def titles(self) -> dict[str, dict[str, str]]:
        """Titles of imported scenarios, by suite and scenario, where names are often ids.

        Empty for what ran here: those names are the user's own, and shorter.
        """
        if self.mode != "imported":
            return {}
        return {
            suite.name: {
                each.name: each.title for each in suite.scenarios if each.title != each.name
            }
            for suite in self.suites
        }

    def title_of(self, key: SampleKey) -> str:
        """Of a sample's scenario, as in `titles`; "" if it has none there."""
        return self.titles.get(key.suite, {}).get(key.scenario, "")


class RunLog(_Strict, frozen=True, kw_only=True):
    """One run as reports read it: the header and every finished sample, in plan order."""

    header: RunHeader
    samples: tuple[SampleResult, ...] = ()

    @property
    def missing(self) -> tuple[SampleKey, ...]:
        """Planned samples that have no result."""
        done = {sample.key for sample in self.samples}
        return tuple(key for key in self.header.plan if key not in done)

    def to_pandas(self) -> DataFrame:
        """One row per sample; `harness.model.table.rows_of` tells the columns.

        Raises:
            EnvironmentFault: If pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise EnvironmentFault(
                "RunLog.to_pandas() needs the package pandas. Install it with: pip install pandas"
            ) from None
        return pandas.DataFrame(rows_of(self))
