"""The pages: templates beside those of the reports, every string escaped and made visible."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from harness.model.imported import NOT_TOLD
from harness.reports import numbers
from harness.reports.text import counted, one_line, outcome_words, visible
from harness.view.progress import seconds_since

if TYPE_CHECKING:
    import jinja2

    from harness.model.sample import SampleKey
    from harness.view.progress import Progress

# Theirs that a page takes from the reports, and ours.
STATIC = {
    "theme.css": "text/css; charset=utf-8",
    "tables.css": "text/css; charset=utf-8",
    "view.css": "text/css; charset=utf-8",
    "view.js": "text/javascript; charset=utf-8",
}
_MINUTE, _HOUR = 60, 3600
# Below this a tenth counts; what would round up to it is told without.
_MOST_TENTHS = 9.95
_ROUNDS_UP = 999.5
# Of what claims to be a time and is none.
_LONGEST_TIME = 40


def static(name: str) -> bytes:
    """A file of `STATIC`."""
    return (files("harness.reports") / "static" / name).read_bytes()


def render(template: str, **values: Any) -> str:
    """A page.

    Args:
        template: Name of a file in the folder of templates.
        values: What it shows.
    """
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "anchor": _anchor,
        "bytes": size,
        "counted": counted,
        "duration": duration,
        "moment": moment,
        "one_line": one_line,
        "outcome_words": outcome_words,
        "part": _part,
        "percent": numbers.percent,
        "since": seconds_since,
        "spoken": spoken,
        "usd": numbers.usd,
    }
    environment.globals["not_told"] = NOT_TOLD
    return environment


def _template(name: str) -> str:
    return (files("harness.reports") / "templates" / name).read_text(encoding="utf-8")


def _finalized(value: Any) -> Any:  # whatever a template expression evaluates to
    """Every value of every template passes here, so none can be forgotten."""
    # What has been made safe before, e.g. by a macro, has been here already.
    return value if hasattr(value, "__html__") else visible(str(value))


def _part(name: str) -> str:
    """One part of an address."""
    return quote(name, safe="", errors="surrogateescape")


def _anchor(key: SampleKey) -> str:
    """A sample's place in its report; as `harness.reports.html` names it."""
    return "sample/" + quote(visible(str(key)), safe="/")


def duration(seconds: float | None) -> str:
    """A time span as people say it, e.g. "3 min 20 s"; a dash if it is unknown."""
    if seconds is None:
        return numbers.DASH
    if seconds < _MOST_TENTHS:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def moment(value: str | float) -> str:
    """A time of day here, from ISO 8601 or seconds since the epoch; cut, if it is neither."""
    try:
        at = (
            datetime.fromisoformat(value)
            if isinstance(value, str)
            else datetime.fromtimestamp(value, UTC)
        )
        return at.astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return one_line(str(value), _LONGEST_TIME)


def size(number: int) -> str:
    """A file's size, e.g. "1.4 MB"."""
    if number < 1000:
        return counted(number, "byte")
    size, unit = number / 1000, "kB"
    for larger in ("MB", "GB"):
        if size >= _ROUNDS_UP:
            size, unit = size / 1000, larger
    return f"{size:.1f} {unit}" if size < _MOST_TENTHS else f"{size:.0f} {unit}"


def spoken(progress: Progress) -> str:
    """What a screen reader is told; it changes every tenth of a run, or with a new trouble."""
    tally = progress.tally
    if progress.state != "running":
        state = "complete" if progress.state == "complete" else "stopped"
        return f"{state}: {tally.done} of {tally.planned} samples"
    tenths = 10 * tally.done // tally.planned if tally.planned else 0
    troubles = f", {tally.outcomes['error']} errors, {tally.outcomes['miss']} misses"
    return f"running: {10 * tenths} % of {counted(tally.planned, 'sample')}" + (
        troubles if tally.troubles else ""
    )
