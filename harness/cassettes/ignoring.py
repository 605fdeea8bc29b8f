"""What matching overlooks: only what a rule names, and the rules stand in the cassette.

A rule is the name of a preset ("uuid", "timestamp", "tool_call_id") or a JSON
path into a request body, such as ``$.user`` or ``$.messages[*].name``. Both
sides of a comparison are treated alike.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from harness.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Iterable

_Path = tuple[str | int, ...]
_ANY = "*"

# On canonical JSON: in a text, quotes and backslashes are escaped, nothing below is.
PRESETS: dict[str, re.Pattern[bytes]] = {
    "uuid": re.compile(
        rb"(?<![0-9A-Za-z])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9A-Za-z])"
    ),
    "timestamp": re.compile(
        rb"(?<![0-9])[0-9]{4}-[01][0-9]-[0-3][0-9]"
        rb"(?:[T ][0-2][0-9]:[0-5][0-9](?::[0-6][0-9](?:[.,][0-9]+)?)?)?"
        rb"(?:Z|[+-][0-2][0-9]:?[0-5][0-9])?(?![0-9])"
    ),
    "tool_call_id": re.compile(
        rb"(?<![0-9A-Za-z_])(?:call|toolu|tooluse|fc|chatcmpl-tool)[_-][0-9A-Za-z_-]{6,}"
    ),
}
_STEP = re.compile(r"""\.(\w[\w-]*)|\[(\*|\d+)\]|\['([^']+)'\]""")


class Ignoring:
    """A set of rules; immutable.

    Args:
        rules: Names of presets, and JSON paths.

    Raises:
        CassetteError: If a rule is neither.
    """

    def __init__(self, rules: Iterable[str] = ()) -> None:
        self.rules = tuple(dict.fromkeys(rules))
        self._presets = [
            (PRESETS[rule], b"<" + rule.encode() + b">") for rule in self.rules if rule in PRESETS
        ]
        self._paths = [_parsed(rule) for rule in self.rules if rule not in PRESETS]

    def __bool__(self) -> bool:
        return bool(self.rules)

    def part(self, name: str, value: Any) -> bytes:
        """Canonical bytes of an item of the list with that name, what is ignored left out."""
        if self._paths:
            for path in self._paths:
                if len(path) > 1 and path[0] in (name, _ANY):
                    value = _without(value, _inside(path))
        return self._masked(canonical(value))

    def fields(self, value: Any) -> bytes:
        """Canonical bytes of a body without its lists, what is ignored left out."""
        for path in self._paths:
            value = _without(value, path)
        return self._masked(canonical(value))

    def text(self, text: str) -> str:
        """A path or query, what the presets ignore masked."""
        return self._masked(text.encode(errors="replace")).decode() if self._presets else text

    def drops(self, name: str) -> bool:
        """Whether a whole list is ignored."""
        return any(path in ((name,), (name, _ANY)) for path in self._paths)

    def _masked(self, data: bytes) -> bytes:
        for pattern, mask in self._presets:
            data = pattern.sub(mask, data)
        return data


NOTHING = Ignoring()


def canonical(value: Any) -> bytes:
    """JSON with sorted keys: equal for equal data, whatever their key order."""
    return msgspec.json.encode(value, order="deterministic")


def normal(value: Any) -> Any:
    """Write whole floats as integers: AutoGen versions differ in 0 and 0.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return value


def check_rule(rule: str) -> None:
    """Refuse what is no rule.

    Raises:
        CassetteError: Naming the presets and the form of a path.
    """
    if rule not in PRESETS:
        _parsed(rule)


def _parsed(rule: str) -> _Path:
    steps: list[str | int] = []
    position = 1
    while rule.startswith("$") and position < len(rule):
        match = _STEP.match(rule, position)
        if match is None:
            break
        name, index, quoted = match.groups()
        steps.append(int(index) if index and index != _ANY else name or index or quoted)
        position = match.end()
    if not steps or position < len(rule):
        raise CassetteError(
            f"{rule!r} is no rule for what to ignore. It must be one of {', '.join(PRESETS)}, or a "
            "path into the request's JSON body such as $.user or $.messages[*].name."
        )
    return tuple(steps)


def _inside(path: _Path) -> _Path:
    """A path as one of a list's items sees it; the index does not tell items apart."""
    return path[2:] if len(path) > 2 else ()


def _without(value: Any, path: _Path) -> Any:
    """A copy of a value without what the path names."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(value, dict):
        if step == _ANY:
            return {key: _without(item, rest) for key, item in value.items() if rest}
        if step not in value:
            return value
        if not rest:
            return {key: item for key, item in value.items() if key != step}
        return {**value, step: _without(value[step], rest)}
    if isinstance(value, list):
        return [
            _without(item, rest) if step in (_ANY, index) else item
            for index, item in enumerate(value)
            if rest or step not in (_ANY, index)
        ]
    return value
