"""Which foreign format an interaction is in."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from harness.cassettes.exchange import govcr, parsed_body, vcrpy
from harness.cassettes.exchange.documents import READABLE, read_items

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from harness.cassettes.exchange.foreign import ForeignInteraction, Place


class _Format(Protocol):
    """A module that reads one format."""

    NAME: str

    def recognises(self, item: dict[Any, Any], /) -> bool: ...
    def read(self, item: dict[Any, Any], place: Place, /) -> ForeignInteraction: ...


# In this order: pydantic-ai's is vcrpy's with something more.
FORMATS: Mapping[str, _Format] = MappingProxyType(
    {module.NAME: module for module in (parsed_body, vcrpy, govcr)}
)


def read_recording(path: Path) -> Iterator[tuple[Place, str, ForeignInteraction]]:
    """The interactions of a recording, each with its place and the name of its format.

    Raises:
        CassetteError: If the file cannot be read, holds something else, or is
            beyond a limit.
    """
    for place, item in read_items(path):
        content = place.mapping(item, "the interaction")
        for name, module in FORMATS.items():
            if module.recognises(content):
                yield place, name, module.read(content, place)
                break
        else:
            place.fail(f"the interaction is in no known form. {READABLE}")
