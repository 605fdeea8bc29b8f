"""Entry points to classes: the only place that looks them up, ours and yours alike.

Listing reads the metadata of installed distributions and imports nothing;
loading imports the one class that was asked for.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from harness.errors import PluginError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUPS = ("engines", "scorers", "sandboxes", "reporters", "importers")

_OWN_PACKAGE = "harness."


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """One registered plugin.

    Attributes:
        group: Which kind it is.
        name: Entry-point name, as used in suites and on the command line.
        target: Dotted place of the class, ``package.module:Class``.
        distribution: Name and version of the distribution that registers it.
        summary: What its class's docstring says first; "" when it cannot be imported.
        problem: Why it cannot be used, and what to do; None when it can.
    """

    group: str
    name: str
    target: str
    distribution: str
    summary: str = ""
    problem: str | None = None

    def __str__(self) -> str:
        state = f"CANNOT BE USED: {self.problem}" if self.problem else self.summary
        return f"{self.name}: {state} [{self.target}, {self.distribution}]"


def names(group: str) -> tuple[str, ...]:
    """Names registered in a group, sorted, without importing any of them."""
    return tuple(sorted(_registered(group)))


def builtin_names(group: str) -> tuple[str, ...]:
    """Names in a group whose class ships with this package, sorted."""
    return tuple(
        name
        for name, found in sorted(_registered(group).items())
        if any(point.value.startswith(_OWN_PACKAGE) for point in found)
    )


def load(group: str, name: str) -> type[Any]:
    """Import one plugin's class.

    Args:
        group: Kind of plugin.
        name: Entry-point name.

    Returns:
        The class; the caller makes the instance.

    Raises:
        PluginError: If the name is unknown, registered by two distributions, or
            its module cannot be imported.
    """
    found = _registered(group).get(name)
    if not found:
        raise PluginError(unknown_name(group, name))
    if len(found) > 1:
        raise PluginError(_ambiguous(group, name, found))
    return _imported(group, found[0])


def describe(group: str) -> tuple[Plugin, ...]:
    """Every plugin of a group, each imported to learn whether it can be."""
    return tuple(
        _described(group, point)
        for _, found in sorted(_registered(group).items())
        for point in found
    )


def unknown_name(group: str, name: str) -> str:
    """The sentence for a name that is not registered: choices, nearest name, next command."""
    known = names(group)
    if not known:
        return (
            f"unknown {_singular(group)} {name!r}; none is registered, so the package itself is "
            "not installed in this environment. Install it with: pip install -e ."
        )
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return (
        f"unknown {_singular(group)} {name!r}; valid choices: {', '.join(known)}.{hint} "
        f"List them with: harness plugins {group}"
    )


@cache
def _registered(group: str) -> dict[str, tuple[EntryPoint, ...]]:
    from importlib.metadata import entry_points

    if group not in GROUPS:
        raise PluginError(f"unknown kind of plugin {group!r}; valid choices: {', '.join(GROUPS)}")
    found: dict[str, dict[str, EntryPoint]] = {}
    for point in entry_points(group=f"harness.{group}"):
        # One distribution seen twice (an editable install and its source tree) is no conflict.
        found.setdefault(point.name, {}).setdefault(point.value, point)
    return {name: tuple(points.values()) for name, points in found.items()}


def _imported(group: str, point: EntryPoint) -> type[Any]:
    try:
        loaded = point.load()
    except ModuleNotFoundError as error:
        raise PluginError(_missing(group, point, error)) from error
    except Exception as error:
        # A plugin is someone else's code: whatever it raises while it is imported is its fault.
        raise PluginError(
            f"{_singular(group)} {point.name!r} ({point.value}, from {_distribution(point)}) "
            f"cannot be imported: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(loaded, type):
        raise PluginError(
            f"{_singular(group)} {point.name!r} ({point.value}, from {_distribution(point)}) "
            f"is a {type(loaded).__name__}; an entry point must name a class."
        )
    return loaded


def _described(group: str, point: EntryPoint) -> Plugin:
    summary, problem = "", None
    try:
        summary = _summary(_imported(group, point).__doc__)
    except PluginError as error:
        problem = str(error)
    return Plugin(
        group=group,
        name=point.name,
        target=point.value,
        distribution=_distribution(point),
        summary=summary,
        problem=problem,
    )


def _summary(docstring: str | None) -> str:
    """The first paragraph on one line, without the marks of reStructuredText."""
    paragraph = " ".join((docstring or "").strip().partition("\n\n")[0].split())
    return re.sub(r"(?::[\w:+-]+:)?(`+)([^`]+)\1", r"\2", paragraph)


def _missing(group: str, point: EntryPoint, error: ModuleNotFoundError) -> str:
    if error.name and f"{point.module}.".startswith(f"{error.name}."):
        return (
            f"{_singular(group)} {point.name!r}: {_distribution(point)} registers {point.value}, "
            f"but there is no module {error.name!r}. Install that distribution again."
        )
    return (
        f"{_singular(group)} {point.name!r} ({point.value}) needs the module {error.name!r}, "
        f"which is not installed here; {_distribution(point)} registers it and its "
        "documentation says which extra brings it. See what is missing with: harness doctor"
    )


def _ambiguous(group: str, name: str, found: tuple[EntryPoint, ...]) -> str:
    owners = " and ".join(f"{point.value} (from {_distribution(point)})" for point in found)
    return (
        f"{_singular(group)} {name!r} is registered twice: {owners}. "
        "Uninstall one of the two distributions, or rename its entry point."
    )


def _distribution(point: EntryPoint) -> str:
    owner = point.dist
    return f"{owner.name} {owner.version}" if owner is not None else "an unknown distribution"


def _singular(group: str) -> str:
    return {"sandboxes": "sandbox"}.get(group, group.removesuffix("s"))
