"""Keep equal texts of samples in memory once.

A conversation says most things several times: in a reply, in the message made of it and in every
later prompt; and names, roles and reasons are the same in all conversations. A decoder makes a new
text each time, so that a large run takes more than twice the memory that it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from harness.model.sample import SampleResult

T = TypeVar("T")

# Longer texts are hardly ever those of another sample: they are looked for in their own only.
_MOST_COMMON = 200


class SharedTexts:
    """Texts, and numbers in a row, that several samples have in common."""

    def __init__(self) -> None:
        self._common: dict[Any, Any] = {}

    def share(self, sample: SampleResult) -> SampleResult:
        """The same sample, with an earlier equal text in place of each of its texts."""
        self._walk(sample, {})
        return sample

    def _walk(self, value: msgspec.Struct, own: dict[str, str]) -> None:
        for name in value.__struct_fields__:
            item = getattr(value, name)
            if type(item) is str:
                kept = (self._common if len(item) < _MOST_COMMON else own).setdefault(item, item)
            elif type(item) is tuple and item and type(item[0]) is not float:
                if isinstance(item[0], msgspec.Struct):
                    for each in item:
                        self._walk(each, own)
                    continue
                kept = self._common.setdefault(item, item)
            else:
                if isinstance(item, msgspec.Struct):
                    self._walk(item, own)
                continue
            if kept is not item:
                # It is equal to what was there: nobody can tell that a frozen value was touched.
                msgspec.structs.force_setattr(value, name, kept)
