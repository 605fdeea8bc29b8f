"""How much a run's results vary by themselves: what a comparison has to be seen through."""

from __future__ import annotations

from harness.model.structs import Strict


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
        return ", ".join([f"{epochs} x {scenarios}", *self._cost(), f"sees {seen}"])

    def _cost(self) -> list[str]:
        if self.cost_usd is None:
            return []
        return [f"about ${self.cost_usd:{'.2f' if self.cost_usd >= 0.01 else '.2g'}}"]


class Sight(Strict, frozen=True, kw_only=True):
    """What a run could see between a config and its suite's baseline, and what would see more.

    Attributes:
        suite: The suite.
        candidate: The config.
        reference: The baseline.
        now: The run as it is.
        wanted: The difference asked for, in [0, 1].
        plans: The fewest scenarios per number of epochs that see it.
    """

    suite: str
    candidate: str
    reference: str
    now: Plan
    wanted: float
    plans: tuple[Plan, ...]


class Noise(Strict, frozen=True, kw_only=True):
    """The noise of a whole run.

    Attributes:
        configs: One entry per suite and config that has samples.
        sights: One per config that can be compared with its baseline and has repeats.
    """

    configs: tuple[ConfigNoise, ...]
    sights: tuple[Sight, ...]
