"""Writing a report to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import plugins
from harness.comparison import compare_configs
from harness.errors import EnvironmentFault

if TYPE_CHECKING:
    from pathlib import Path

    from harness.model.run import RunLog


def render(name: str, log: RunLog) -> str:
    """Render a run with the reporter of that name."""
    reporter = plugins.load("reporters", name)()
    text: str = reporter.render(log, compare_configs(log))
    return text


def write_report(name: str, path: Path, log: RunLog) -> None:
    """Render a run and write it.

    Raises:
        EnvironmentFault: If the file cannot be written.
    """
    text = render(name, log)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise EnvironmentFault(f"{path}: the report cannot be written: {error.strerror}.") from None
