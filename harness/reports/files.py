"""Writing a report to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import plugins
from harness.errors import EnvironmentFault
from harness.reports.steady import SIDECAR_SUFFIX, sidecar

if TYPE_CHECKING:
    from pathlib import Path

    from harness.model.comparison import Comparison
    from harness.model.run import RunLog
    from harness.protocols import Reporter


def render(name: str, log: RunLog, comparison: Comparison) -> str:
    """Render a run with the reporter of that name."""
    reporter: Reporter = plugins.load("reporters", name)()
    return reporter.render(log, comparison)


def write_report(name: str, path: Path, log: RunLog, comparison: Comparison) -> None:
    """Render a run and write it, with its sidecar beside it if the reporter leaves times out.

    Raises:
        EnvironmentFault: If a file cannot be written.
    """
    reporter: type[Reporter] = plugins.load("reporters", name)
    _write(path, reporter().render(log, comparison))
    if getattr(reporter, "has_sidecar", False):
        _write(path.with_suffix(SIDECAR_SUFFIX), sidecar(log))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise EnvironmentFault(f"{path}: the report cannot be written: {error.strerror}.") from None
