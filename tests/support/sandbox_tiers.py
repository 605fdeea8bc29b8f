"""Every way of running code that this machine has, by name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from harness.model.execution import SandboxSettings
from harness.sandboxes import bubblewrap, process
from harness.sandboxes.probe import why_not

if TYPE_CHECKING:
    from harness.protocols import Sandbox

ISOLATING = ("namespaces", "landlock", "bubblewrap")
WITH_NAMESPACES = ("namespaces", "bubblewrap")
EVERY = ("none", *ISOLATING)


def made(tier: str, settings: SandboxSettings | None = None) -> Sandbox:
    """A sandbox of that tier; what is not isolating is the plain runner."""
    settings = settings or SandboxSettings()
    if tier == "bubblewrap":
        return bubblewrap.BubblewrapSandbox(settings=settings)
    return process.ProcessSandbox(settings=settings, tier=tier)


@cache
def missing(tier: str) -> str | None:
    """Why a tier cannot be had here, or None."""
    if tier == "none":
        return None
    if tier == "bubblewrap":
        return bubblewrap.BubblewrapSandbox().fault
    return why_not(process.confinement(SandboxSettings(preload=()), tier))
