"""Which sandbox runs a sample's code, and what it contains here."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from harness import plugins
from harness.errors import EnvironmentFault
from harness.model.execution import SandboxSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.model.scenario import Suite
    from harness.protocols import Sandbox

# Relative to where harness runs, beside the run logs.
MEMORY_FOLDER = ".harness/memory"


@cache
def load_sandbox(name: str, settings: SandboxSettings) -> Sandbox:
    """The sandbox of that name with these settings; one per process.

    Args:
        name: Entry-point name, or "auto" for the strongest that works here.
        settings: What to preload, and the like; its own name is not looked at.
    """
    _require_clock(settings)
    # A name was tried when it was chosen; trying it again in every worker would take long.
    chosen = resolved_sandbox(name) if name == "auto" else name
    sandbox: Sandbox = plugins.load("sandboxes", chosen)(settings)
    if not settings.is_remembering:
        return sandbox
    from harness.sandboxes.remembering import RememberingSandbox

    return RememberingSandbox(sandbox, settings, Path.cwd() / MEMORY_FOLDER)


def _require_clock(settings: SandboxSettings) -> None:
    if settings.frozen_at is not None and find_spec("time_machine") is None:
        raise EnvironmentFault(
            f"sandbox: frozen_at: {settings.frozen_at} stops the clock of the agents' code with "
            "the package time-machine, which is not installed. Install it by: "
            'pip install "conversation-harness[clock]"'
        )


@cache
def resolved_sandbox(name: str) -> str:
    """The entry-point name that "auto" stands for here; any other as it is.

    Raises:
        PluginError: If there is no sandbox of that name.
        EnvironmentFault: If it does not work on this machine.
    """
    if name == "auto":
        return next(each for each in _STRONGEST_FIRST if _fault(each) is None)
    fault = _fault(name)
    if fault is not None:
        raise EnvironmentFault(
            f"The sandbox {name!r} does not work here: {fault}. Ask for another one by "
            "--sandbox auto; see what works by: harness doctor"
        )
    return name


# The last of these works everywhere, isolated or not.
_STRONGEST_FIRST = ("bubblewrap", "process")


def _fault(name: str) -> str | None:
    sandbox: Sandbox = plugins.load("sandboxes", name)()
    return sandbox.fault


def chosen_sandboxes(suites: Sequence[Suite], asked: str | None) -> tuple[Sandbox, ...]:
    """The distinct sandboxes that suites run their code in.

    Args:
        suites: The suites; none of them for conversations that no suite describes.
        asked: What the command line asks for; None to take each scenario's own.
    """
    found: dict[str, Sandbox] = {}
    for settings in (scenario.sandbox for suite in suites for scenario in suite.scenarios):
        name = resolved_sandbox(asked or settings.backend)
        found.setdefault(name, load_sandbox(name, settings))
    return tuple(found.values()) or (own_sandbox(asked),)


def own_sandbox(asked: str | None) -> Sandbox:
    """The sandbox of conversations that no suite describes, which the user's own code starts.

    Args:
        asked: What the user asks for; None for the strongest that works here.
    """
    settings = SandboxSettings()
    return load_sandbox(resolved_sandbox(asked or settings.backend), settings)


def sandbox_labels(suites: Sequence[Suite], asked: str | None) -> str:
    """What contains the code of suites, for headers."""
    return ", ".join(dict.fromkeys(one.label for one in chosen_sandboxes(suites, asked)))


def refuse_unsafe(suites: Sequence[Suite], asked: str | None, *, allow_unsafe: bool) -> None:
    """Refuse to run a live model's code where nothing isolates it.

    Raises:
        EnvironmentFault: Unless every sandbox isolates or the user allowed it.
    """
    open_ones = [one for one in chosen_sandboxes(suites, asked) if not one.is_isolated]
    if open_ones and not allow_unsafe:
        raise EnvironmentFault(
            f"The sandbox here is {open_ones[0].label}: code written by a live model could read "
            "your files and use your network. See what would isolate it by: harness doctor. Or "
            "use a container or virtual machine, or accept the risk with: --allow-unsafe"
        )
