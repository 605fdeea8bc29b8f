"""What a cell sees of the machine: programs and libraries, nothing of the user's."""

from __future__ import annotations

import os
import site
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WORKSPACE = "/workspace"
HOME = "/home/agent"

_SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# Of /etc only what programs need to start and to draw; as root, /etc/shadow could be read.
_SETTINGS = (
    "alternatives",
    "fonts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "ssl/certs",
    "ssl/openssl.cnf",
)
# Shipped beside this file, so that users and hosts are the same everywhere.
_OWN_SETTINGS = ("group", "hosts", "passwd")
_DEVICES = ("full", "null", "random", "urandom", "zero")
_PROCESSORS = "/sys/devices/system/cpu"


@dataclass(frozen=True, kw_only=True)
class View:
    """Paths that a cell sees where they are, read-only.

    Attributes:
        paths: Files and folders; none lies inside another.
        links: (place, target) of symbolic links in their place.
        placed: (source, place) of files that cells see at another place.
        devices: Device files.
    """

    paths: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    placed: tuple[tuple[str, str], ...] = ()
    devices: tuple[str, ...] = ()


def view_of_machine(more: tuple[str, ...] = ()) -> View:
    """The system's programs, this interpreter with its libraries, and what else is asked for.

    Args:
        more: Absolute paths that the user wants to be readable.
    """
    links = [(path, os.readlink(path)) for path in _SYSTEM_FOLDERS if os.path.islink(path)]
    wanted = [path for path in _SYSTEM_FOLDERS if os.path.isdir(path)]
    wanted += [f"/etc/{name}" for name in _SETTINGS]
    wanted += [_PROCESSORS, *interpreter_folders(), *more]
    own = Path(__file__).with_name("etc")
    linked = {place for place, _ in links}
    return View(
        paths=_outermost(path for path in wanted if path not in linked),
        links=tuple(links),
        placed=tuple((str(own / name), f"/etc/{name}") for name in _OWN_SETTINGS),
        devices=tuple(f"/dev/{name}" for name in _DEVICES),
    )


def interpreter_folders() -> tuple[str, ...]:
    """Folders this interpreter needs: itself, its libraries, and this package."""
    found = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    found += site.getsitepackages()
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    # The executable may be reached through links that lead elsewhere.
    found.append(os.path.dirname(os.path.dirname(os.path.realpath(sys.executable))))
    found.append(str(Path(__file__).parents[2]))
    home = os.path.realpath(os.path.expanduser("~"))
    folders = [path for one in found for path in (os.path.abspath(one), os.path.realpath(one))]
    for folder in [folder for folder in folders if is_inside(home, folder)]:
        # Python lives at the root of somebody's home: only what belongs to it.
        folders.remove(folder)
        folders += _python_in(folder)
    return tuple(dict.fromkeys(folders))


def _python_in(prefix: str) -> list[str]:
    if prefix == "/":
        return []  # Its folders are among the system's.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    names = os.listdir(f"{prefix}/lib") if os.path.isdir(f"{prefix}/lib") else []
    libraries = [f"{prefix}/lib/{name}" for name in names if name.startswith("libpython")]
    programs = [f"{prefix}/bin/{name}" for name in ("python", "python3", version)]
    return [*libraries, *programs, f"{prefix}/lib/{version}", f"{prefix}/lib64/{version}"]


def _outermost(paths: Iterable[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for path in sorted(set(paths)):
        if os.path.exists(path) and not any(is_inside(path, outer) for outer in kept):
            kept.append(path)
    return tuple(kept)


def is_inside(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
