"""Take out of a program's output what differs between machines, users and runs.

Code output goes back into prompts, so a path or a duration in it would make a
recorded conversation impossible to replay anywhere else.
"""

from __future__ import annotations

import os
import re
import site
import sys
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# A path ends where its last component does: "/w/a" is neither "/w/ab" nor "/w/a.py",
# but a full stop after it ends a sentence.
_END_OF_NAME = r"(?![\w-])(?!\.\w)"
# As `tempfile` makes them, unless told otherwise.
_RANDOM_NAME = r"/tmp[a-z0-9_]{8}(?![a-z0-9_])"

# "at 0x…" is how reprs and fault handlers show an address. Elsewhere only the ranges where
# Linux puts stacks, libraries and heaps count: checksums are written in hexadecimal too.
_ADDRESS = re.compile(
    r"(?<=\bat )0x[0-9a-fA-F]{6,16}(?![0-9a-zA-Z_])"
    r"|\b0x(?:7[ef]|5[56])[0-9a-f]{10}(?![0-9a-zA-Z_])"
)
_UNITTEST_DURATION = re.compile(r"^(Ran \d+ tests? in )\d+\.\d{3}s$", re.MULTILINE)
_PYTEST_OUTCOME = r"\d+ (?:passed|failed|errors?|skipped|deselected|xfailed|xpassed|warnings?)"
_PYTEST_SUMMARY = re.compile(
    rf"^(?P<left>=+ |)(?P<outcome>(?:no tests ran|{_PYTEST_OUTCOME}(?:, {_PYTEST_OUTCOME})*) in )"
    r"\d+\.\d\ds(?: \(\d+:\d\d:\d\d\))?(?P<right> =+|)$",
    re.MULTILINE,
)
_PYTEST_WIDTH = 80

# Text mode reads CR CR LF as two line ends, as AutoGen does.
_LINE_END = re.compile(r"\r+\n")

# Logged when drawing the first chart takes longer than five seconds: a matter of speed.
_FONT_CACHE_NOTICE = re.compile(
    r"^Matplotlib is building the font cache; this may take a moment\.\n", re.MULTILINE
)

# Prefixes that hold more than the interpreter: only their Python folders are renamed.
_SHARED_PREFIXES = frozenset({"/", "/usr", "/usr/local", "/opt", "/opt/homebrew", "/opt/local"})


@dataclass(frozen=True)
class Place:
    """A folder and the name it has in normalised output.

    Attributes:
        path: Absolute path on this machine.
        name: What is written instead, e.g. ``/workspace``.
        has_random_names: Whether `tempfile` makes its files here, so that
            ``tmp`` and eight random characters become ``tmp…``.
    """

    path: str
    name: str
    has_random_names: bool = False


def normalise(text: str, places: Iterable[Place] = ()) -> str:
    """Replace what differs between machines; leave all other text as it is.

    Replaced are the given places and the interpreter's folders (``<python>/…``) wherever
    they occur, memory addresses (``0x…``), names made by `tempfile` in a place that has
    them and given no other prefix, the durations unittest and pytest print, CRLF line
    ends (CR CR LF is two of them), and matplotlib's notice that it builds its font cache.

    Args:
        text: Output of a program.
        places: Folders to rename; the longest path wins where several match.

    Returns:
        The normalised text; normalising it again changes nothing.
    """
    if "\r\n" in text:
        text = _LINE_END.sub(lambda end: "\n" * (len(end[0]) - 1), text)
    text = _rename(text, (*_spellings(places), *interpreter_places()))
    if "0x" in text:
        text = _ADDRESS.sub("0x…", text)
    if " in " in text:
        text = _UNITTEST_DURATION.sub(r"\g<1>0.000s", text)
        text = _PYTEST_SUMMARY.sub(_without_duration, text)
    return _FONT_CACHE_NOTICE.sub("", text) if "font cache" in text else text


def _spellings(places: Iterable[Place]) -> list[Place]:
    """Every place under each path a program may see it by."""
    found: dict[str, Place] = {}
    for place in places:
        for path in (place.path, os.path.realpath(place.path)):
            # macOS reaches the same folder through /private/var and /var.
            for spelling in (path, f"/private{path}", path.removeprefix("/private")):
                found.setdefault(spelling, Place(spelling, place.name, place.has_random_names))
    return list(found.values())


def _rename(text: str, places: tuple[Place, ...]) -> str:
    present = {place.path: place for place in places if place.path in text}
    if not present:
        return text
    by_length = sorted(present, key=len, reverse=True)
    pattern = "|".join(_path_pattern(present[path]) for path in by_length)
    return re.sub(pattern, lambda match: _name_of(match, present), text)


def _path_pattern(place: Place) -> str:
    end = rf"(?:{_RANDOM_NAME}|{_END_OF_NAME})" if place.has_random_names else _END_OF_NAME
    return re.escape(place.path) + end


def _name_of(match: re.Match[str], present: dict[str, Place]) -> str:
    found = match.group()
    if found in present:
        return present[found].name
    return present[os.path.dirname(found)].name + "/tmp…"


def _without_duration(match: re.Match[str]) -> str:
    title = f"{match['outcome']}0.00s"
    if len(match.group()) != _PYTEST_WIDTH:
        return f"{match['left']}{title}{match['right']}"
    # pytest fills the line up to its width, so a longer duration means fewer signs.
    fill = "=" * max((_PYTEST_WIDTH - len(title) - 2) // 2, 1)
    return f"{fill} {title} {fill}".ljust(_PYTEST_WIDTH, "=")


@lru_cache(maxsize=1)
def interpreter_places() -> tuple[Place, ...]:
    """The running interpreter's folders and executables, named ``<python>/…``."""
    found: dict[str, str] = {}
    for path, name in (*_library_names(), *_executable_names(), *_prefix_names()):
        found.setdefault(path, name)
        found.setdefault(os.path.realpath(path), name)
    return tuple(Place(path, name) for path, name in found.items())


def _library_names() -> list[tuple[str, str]]:
    paths = sysconfig.get_paths()
    names = [(paths[key], "<python>/site-packages") for key in ("purelib", "platlib")]
    names += [(path, "<python>/site-packages") for path in site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        names.append((site.getusersitepackages(), "<python>/site-packages"))
    return names + [(paths[key], "<python>/lib") for key in ("stdlib", "platstdlib")]


def _executable_names() -> list[tuple[str, str]]:
    major, minor = sys.version_info[:2]
    folders = {os.path.dirname(sys.executable), os.path.dirname(os.path.realpath(sys.executable))}
    programs = ("python", f"python{major}", f"python{major}.{minor}")
    return [(f"{folder}/{name}", "<python>/bin/python") for folder in folders for name in programs]


def _prefix_names() -> list[tuple[str, str]]:
    prefixes = {sys.prefix, sys.base_prefix} - _SHARED_PREFIXES
    return [(prefix, "<python>") for prefix in prefixes]
