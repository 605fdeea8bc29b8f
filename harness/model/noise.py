"""How much a run's results vary by themselves: what a comparison has to be seen through."""

from __future__ import annotations

from harness.model.comparison import Scope
from harness.model.structs import Strict

# Differences of less are those of rounding.
_SAME = 1e-9


class ConfigNoise(Strict, frozen=True, kw_only=True):
    """The variance of success of one config in one suite.

    Attributes:
        suite: The suite.
        config: The config.
        scenarios: Scenarios with samples.
        epochs: Epochs of the scenario that has fewest.
        rate: Mean over scenarios of the share of epochs that succeed.
        mixed: Scenarios in which some epochs succeed and some do not.
        between: Variance between the scenarios' true rates; None if it cannot be told apart.
        within: Variance of one epoch around its scenario's true rate; None as above.
        repeatable: The difference between two runs of this config with as many scenarios and
            epochs that chance alone stays below in 95 of 100 cases, in [0, 1]; None as above.
        all_pass: pass^k for k from 1: the chance that k epochs of a scenario all pass.
        any_passes: pass@k for k from 1: the chance that at least one of k epochs passes.
        unknown: Samples that nobody judged.
        accepted: Those of them where to succeed is no more than to end as accepted, as nobody
            judged anything of their import; the others count as failures.
    """

    suite: str
    config: str
    scenarios: int
    epochs: int
    rate: float
    mixed: int
    between: float | None
    within: float | None
    repeatable: float | None
    all_pass: tuple[float, ...] = ()
    any_passes: tuple[float, ...] = ()
    unknown: int = 0
    accepted: int = 0


class Plan(Strict, frozen=True, kw_only=True):
    """A run of two configs, and the difference that it would see.

    Attributes:
        scenarios: Scenarios, >= 1.
        epochs: Epochs per scenario and config, >= 1.
        difference: Smallest difference it detects with the power asked for.
        cost_usd: US dollars of both configs' samples; None when that of one is not known.
    """

    scenarios: int
    epochs: int
    difference: float
    cost_usd: float | None

    def __str__(self) -> str:
        """One sentence; the difference is read as one of rates, in points of a hundred."""
        epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        scenarios = "1 scenario" if self.scenarios == 1 else f"{self.scenarios} scenarios"
        seen = f"{100 * self.difference:.1f} points" if self.difference <= 1 else "no difference"
        size = f"{epochs} x {scenarios} of each config"
        return ", ".join([size, *self._cost(), f"sees {seen}"])

    def _cost(self) -> list[str]:
        if self.cost_usd is None:
            return []
        return [f"about ${self.cost_usd:{'.2f' if self.cost_usd >= 0.01 else '.2g'}} for both"]


class Sight(Strict, frozen=True, kw_only=True):
    """What a run could see between a config and its suite's baseline, and what would see more.

    Attributes:
        suite: The suite.
        candidate: The config.
        reference: The baseline.
        scope: What a comparison of the two speaks about.
        now: The run as it is, and what it sees of scenarios like these.
        here: The same of these very scenarios; None if it is not known, as no epochs disagree.
        wanted: The difference asked for, in [0, 1].
        plans: The fewest scenarios per number of epochs that see it.
        again: The fewest epochs of these very scenarios that see it; None like `here`.
    """

    suite: str
    candidate: str
    reference: str
    scope: Scope
    now: Plan
    here: Plan | None
    wanted: float
    plans: tuple[Plan, ...]
    again: Plan | None

    @property
    def is_spread_told(self) -> bool:
        """Whether scenarios differ by more than epochs explain, as far as can be told.

        Else nothing finer can be seen of scenarios like these than of these.
        """
        return self.here is None or self.now.difference > self.here.difference + _SAME


class FactorSight(Strict, frozen=True, kw_only=True):
    """What a run could see between two levels of a factor, of all configs that have them.

    Attributes:
        suite: The suite.
        factor: The factor.
        candidate: A level.
        reference: The baseline's level.
        scope: What a comparison of the two speaks about.
        scenarios: Scenarios that both levels have.
        here: The smallest difference that it sees of these very scenarios; None if not known.
        like: The same of scenarios like these; None likewise.
    """

    suite: str
    factor: str
    candidate: str
    reference: str
    scope: Scope
    scenarios: int
    here: float | None
    like: float | None

    @property
    def is_spread_told(self) -> bool:
        """As of `Sight`."""
        return self.here is None or (self.like is not None and self.like > self.here + _SAME)


class Noise(Strict, frozen=True, kw_only=True):
    """The noise of a whole run.

    Attributes:
        configs: One entry per suite and config that has samples.
        sights: One per config that can be compared with its baseline and has repeats.
        factors: One per level of a matrix's factors that can be compared with the baseline's.
    """

    configs: tuple[ConfigNoise, ...]
    sights: tuple[Sight, ...]
    factors: tuple[FactorSight, ...] = ()
