"""Which distribution brings the ``autogen`` package, and whether it can be used."""

from __future__ import annotations

import functools
from importlib import metadata, util

from harness.errors import EnvironmentFault

_INSTALL = 'pip install "conversation-harness[autogen]"'


@functools.cache
def installed_version() -> str:
    """Distribution and version that own ``autogen/``, e.g. "autogen 0.14.1".

    Raises:
        EnvironmentFault: If nothing brings it, or more than one distribution does.
    """
    owners = _owners()
    if len(owners) > 1:
        raise EnvironmentFault(_clash(owners))
    if not owners or util.find_spec("autogen") is None:
        raise EnvironmentFault(_missing())
    return owners[0]


def _owners() -> list[str]:
    # A half-removed distribution has no name; one found twice on sys.path is still one.
    found = {
        distribution.metadata["Name"]: distribution.version
        for distribution in metadata.distributions()
        if _brings_autogen(distribution)
    }
    return [f"{name} {found[name]}" for name in sorted(name for name in found if name)]


def _brings_autogen(distribution: metadata.Distribution) -> bool:
    # metadata.packages_distributions() answers this too, but makes a path object of every
    # installed file first: 0.4 s of CPU where this takes a hundredth of it.
    if "autogen" in (distribution.read_text("top_level.txt") or "").split():
        return True
    record = distribution.read_text("RECORD") or ""
    return record.startswith("autogen/") or "\nautogen/" in record


def _clash(owners: list[str]) -> str:
    names = [owner.split()[0] for owner in owners]
    return (
        f"Two or more installed distributions bring the package 'autogen': {', '.join(owners)}. "
        "Whichever was installed last has overwritten files of the other, so neither works "
        f"reliably. Remove them all with: pip uninstall -y {' '.join(names)}   and install the "
        f"one you want again, e.g. with: pip install {names[0]}"
    )


def _missing() -> str:
    try:
        version = metadata.version("pyautogen")
    except metadata.PackageNotFoundError:
        return f"The engine 'autogen' needs AutoGen, which is not installed. Run: {_INSTALL}"
    return (
        f"The engine 'autogen' needs the classic AutoGen API (the package 'autogen'), but the "
        f"installed pyautogen {version} no longer brings it: since 0.10 that name stands for "
        "autogen-agentchat. Install the classic API beside it with: "
        f'{_INSTALL}   or pin the old line with: pip install "pyautogen>=0.2.35,<0.3"'
    )
