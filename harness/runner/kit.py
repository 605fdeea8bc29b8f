"""The live objects one sample needs, handed to it ready-made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.errors import CheckError
    from harness.model.score import CheckResult
    from harness.model.team import FinishedSample, Team, TeamContext
    from harness.protocols import Engine, ModelScript, Sandbox, Scorer
    from harness.runner.files import WorkDirs


@dataclass(frozen=True, kw_only=True)
class SampleKit:
    """Engine, sandbox, scorers and the user's functions of one sample."""

    engine: Engine
    sandbox: Sandbox
    scorers: tuple[Scorer, ...]
    build_team: Callable[[TeamContext], Team]
    build_script: Callable[[TeamContext], ModelScript] | None
    judge: Callable[[FinishedSample], Sequence[CheckResult | CheckError]] | None
    files: WorkDirs | None = None
