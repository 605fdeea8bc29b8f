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
    write_file(path, reporter().render(log, comparison), "report")
    if getattr(reporter, "has_sidecar", False):
        write_file(path.with_suffix(SIDECAR_SUFFIX), sidecar(log), "report")


def write_file(path: Path, content: str | bytes, what: str, *, is_added: bool = False) -> None:
    """Write what somebody asked to have in a file, and make its folder if there is none.

    Args:
        path: The file.
        content: Text, which is written as UTF-8, or bytes.
        what: What it is, for people, e.g. "report".
        is_added: Whether what is there is kept and this written behind it.

    Raises:
        EnvironmentFault: If that cannot be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab" if is_added else "wb") as file:
            file.write(data)
    except OSError as error:
        raise EnvironmentFault(
            f"{path}: the {what} cannot be written: {error.strerror}. A folder that is missing is "
            "made; name a file in one where you may write."
        ) from None
