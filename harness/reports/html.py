"""One self-contained HTML file: no network, opens from disk, hostile text stays inert.

Three lines of defence, each tested alone or together in a real browser:
every value passes `visible` and Jinja's autoescape; transcripts travel as
base64 and reach the page through textContent only; a Content-Security-Policy
allows no request, no script and no style but the two whose hashes it names. Images that the
agents made are data URIs of img elements, where even an SVG can neither run nor load anything.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

from harness.model.imported import end_of
from harness.reports import numbers
from harness.reports.executions import not_isolated
from harness.reports.facts import facts_of
from harness.reports.figures.links import list_fragment, sample_fragment
from harness.reports.packing import pack
from harness.reports.reproduction import reproduction
from harness.reports.settings import packed_settings
from harness.reports.steady import digest_of, steady_header, steady_sample
from harness.reports.suite_section import suite_sections
from harness.reports.text import one_line, outcome_words, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    import jinja2

    from harness.model.comparison import Comparison
    from harness.model.run import RunLog

_STYLES = (
    "theme.css",
    "tables.css",
    "figures.css",
    "samples.css",
    "conversation.css",
    "compare.css",
    "print.css",
)
_SCRIPTS = (
    "data.js",
    "age.js",
    "index.js",
    "address.js",
    "difference.js",
    "prose.js",
    "events.js",
    "requests.js",
    "calls.js",
    "overview.js",
    "pytest.js",
    "conversation.js",
    "settings.js",
    "aligned.js",
    "list.js",
    "browse.js",
)
# Rows for readers without JavaScript; the script replaces them by those in view.
_STATIC_ROWS = 200


class HtmlReporter:
    """The report people open: verdicts, comparison tables and every conversation."""

    name: ClassVar[str] = "html"
    suffix: ClassVar[str] = ".html"
    has_sidecar: ClassVar[bool] = True

    def render(self, log: RunLog, comparison: Comparison) -> str:
        """The whole page; identical for runs that found the same."""
        import msgspec
        from markupsafe import Markup

        digest, again = digest_of(log), reproduction(log.header)
        # The samples are left as they are: `pack` takes of each what is steady, one at a time, as
        # a second copy of a long run would be the most that it keeps in memory.
        log = msgspec.structs.replace(log, header=steady_header(log.header))
        style, script = _asset(_STYLES), _asset(_SCRIPTS)
        facts = facts_of(log)
        page = (
            _environment()
            .get_template("report.html")
            .render(
                header=log.header,
                digest=digest,
                again=again,
                settings=packed_settings(log.header.suites),
                facts=facts,
                warning=not_isolated(facts.sandboxes),
                suites=suite_sections(log, comparison),
                packed=pack(log.samples, log.header.titles),
                titles=log.header.titles,
                rows=tuple(map(steady_sample, log.samples[:_STATIC_ROWS])),
                total=len(log.samples),
                missing=log.missing,
                policy=_policy(style, script),
                # Ours, not the agents': the only text on the page that is not escaped.
                style=Markup(style),
                script=Markup(script),
            )
        )
        return str(page)


def _policy(style: str, script: str) -> str:
    """Allow these two and nothing else; Trusted Types closes innerHTML even to our own script."""
    return (
        f"default-src 'none'; style-src 'sha256-{_sha256(style)}'; "
        f"script-src 'sha256-{_sha256(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _asset(names: Sequence[str]) -> str:
    folder = files("harness.reports") / "static"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


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
    names = (
        "percent",
        "percent_range",
        "points",
        "points_range",
        "interval_points",
        "p_value",
        "seen",
        "usd",
        "number",
        "score_mean",
        "score_range",
    )
    environment.filters |= {name: getattr(numbers, name) for name in (*names, "ratio", "change")}
    environment.filters |= {
        "anchor": sample_fragment,
        "end_of": end_of,
        "one_line": one_line,
        "outcome_words": outcome_words,
    }
    environment.globals["list_of"] = list_fragment
    return environment


def _template(name: str) -> str:
    return (files("harness.reports") / "templates" / name).read_text(encoding="utf-8")


def _finalized(value: Any) -> Any:  # whatever a template expression evaluates to
    """Whatever a template shows passes here as text, so nothing can be forgotten."""
    return value if hasattr(value, "__html__") else visible(str(value))
