"""How a suite or scenario wants code to be run: ``sandbox:`` and the limits of code blocks."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from harness import plugins
from harness.model.execution import DEFAULT_IMAGE, SandboxSettings
from harness.suites.document import Invalid, Value
from harness.suites.reading import (
    Reader,
    Section,
    flag,
    list_of,
    optional,
    positive,
    text,
    whole,
    with_example,
)

_EXAMPLE = "bubblewrap, or {backend: auto, preload: [pandas], seed: 0}"
_IMAGE = re.compile(r"[a-z0-9][\w.:/@-]*\Z", re.ASCII)
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z")

CODE_LIMITS: dict[str, Reader[Any]] = {
    "code_seconds": positive,
    "code_cpu_seconds": optional(positive),
    "code_memory_mb": whole(64),
    "code_processes": whole(8),
    "code_files": whole(16),
    "code_disk_mb": whole(1),
    "code_output_kb": whole(1),
}


def sandbox(value: Value) -> dict[str, Any]:
    """The settings that are given: fields of `SandboxSettings`."""
    return _SANDBOX(value)


def _sandbox(value: Value) -> dict[str, Any]:
    if not isinstance(value.content, Mapping):
        return {"backend": _backend(value)}
    section = Section(value, _READERS)
    return {
        _FIELDS.get(key, key): section.get(key, reader, None)
        for key, reader in _READERS.items()
        if section.has(key)
    }


def settings(given: Mapping[str, Any]) -> SandboxSettings:
    """The settings, with defaults where nothing is given."""
    # None is what a faulty value reads as; the fault is reported.
    return SandboxSettings(**{key: value for key, value in given.items() if value is not None})


def _backend(value: Value) -> str:
    found = text(value)
    if found != "auto" and found not in plugins.names("sandboxes"):
        raise Invalid(value, plugins.unknown_name("sandboxes", found))
    return found


def _module(value: Value) -> str:
    found = text(value)
    if not _MODULE.match(found):
        raise Invalid(value, "expected the name of a module, e.g. matplotlib.pyplot")
    return found


def _absolute(value: Value) -> str:
    found = text(value)
    if not found.startswith("/") or ".." in found.split("/") or found.rstrip("/") == "":
        raise Invalid(value, "expected an absolute path, and not all of the disk, e.g. /opt/models")
    return found


def _moment(value: Value) -> str:
    found = text(value)
    try:
        datetime.datetime.fromisoformat(found)
    except ValueError:
        raise Invalid(value, 'expected an ISO 8601 time, e.g. "2026-01-31T12:00:00"') from None
    return found


def _image(value: Value) -> str:
    found = text(value)
    if not _IMAGE.match(found):
        raise Invalid(value, f"expected the name of an image, e.g. {DEFAULT_IMAGE}")
    return found


_READERS: dict[str, Reader[Any]] = {
    "backend": _backend,
    "preload": list_of(_module),
    "readable": list_of(_absolute),
    "seed": whole(0),
    "frozen_at": optional(_moment),
    "remember": flag,
    "image": _image,
}
_FIELDS = {"remember": "is_remembering"}
_SANDBOX = with_example(_sandbox, _EXAMPLE)
