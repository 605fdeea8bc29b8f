"""The commands that mend what a verification found."""

from __future__ import annotations

import os
import shlex
import string
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.cassettes.cassette import partial_path
from harness.runner.leftovers import removable
from harness.runner.plan import all_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from harness.model.sample import SampleKey
    from harness.model.scenario import Suite
    from harness.runner.verify import Finding, Group

# The flag of `harness record` by what is the matter. An update replays, at no cost, what
# still fits of a recording; of one that is too old, nothing does.
_RECORD: dict[Group, tuple[str, ...]] = {
    "damaged": ("--overwrite",),
    "missing": (),
    "stale": ("--update",),
    "diverged": ("--update",),
    "unplayed": ("--update",),
}
_ANEW = ("--overwrite",)
# A flag that replaces what is there must name exactly the samples meant.
_EXACT = {"--overwrite"}
_MOST_COMMANDS = 3
_OPERATORS = {"and", "or", "not"}


@dataclass(frozen=True)
class _Block:
    """Scenarios x configs x epochs of one suite."""

    suite: str
    scenarios: tuple[str, ...]
    configs: tuple[str, ...]
    epochs: tuple[int, ...]


class Mender:
    """Writes commands.

    Args:
        suites: All suites looked at.
        root: Folder of the cassettes.
        options: What to add to each command of ours, e.g. ``["--cassettes", "elsewhere"]``.
    """

    def __init__(self, suites: Sequence[Suite], root: Path, options: Sequence[str]) -> None:
        self._keys: dict[str, list[SampleKey]] = defaultdict(list)
        for key in all_keys(suites):
            self._keys[key.suite].append(key)
        self._root = root
        self._options = options

    def commands(self, group: Group, findings: Sequence[Finding]) -> tuple[str, ...]:
        """The commands that mend one group; paste them into a shell.

        Args:
            group: What is the matter.
            findings: All findings of that group.
        """
        if group in ("orphaned", "unfinished"):
            useless = [finding for finding in findings if finding.goes_on_to is None]
            # An update may remove some of these by itself, so they go first.
            return (*self._removing(useless), *self._going_on(findings))
        if group == "failed":
            return tuple(self._selecting(("run",), findings))
        if group not in _RECORD:
            return ()
        by_flags: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
        for finding in findings:
            flags = _ANEW if finding.is_expired else _RECORD[group]
            if group == "missing" and partial_path(finding.path).exists():
                flags = ("--update",)  # Somebody has paid for what is in it.
            by_flags[(*flags, *finding.flags)].append(finding)
        return tuple(
            command
            for flags, some in sorted(by_flags.items())
            for command in self._selecting(("record",), some, flags)
        )

    def _removing(self, findings: Sequence[Finding]) -> Iterator[str]:
        doomed = removable([finding.path for finding in findings], self._root)
        if doomed:
            yield f"rm -r -- {' '.join(_quoted(str(path)) for path in doomed)}"

    def _going_on(self, findings: Sequence[Finding]) -> Iterator[str]:
        by_flags: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
        for finding in findings:
            if finding.goes_on_to is not None:
                by_flags[finding.flags].append(replace(finding, key=finding.goes_on_to))
        for flags, some in sorted(by_flags.items()):
            yield from self._selecting(("record",), some, ("--update", *flags))

    def _selecting(
        self, command: tuple[str, ...], findings: Iterable[Finding], flags: tuple[str, ...] = ()
    ) -> Iterator[str]:
        by_suite: dict[str, list[SampleKey]] = defaultdict(list)
        for finding in findings:
            if finding.key is not None:
                by_suite[finding.key.suite].append(finding.key)
        for suite, keys in by_suite.items():
            blocks = _blocks(suite, keys)
            if len(blocks) > _MOST_COMMANDS and not _EXACT & set(flags):
                blocks = [_around(suite, keys)]
            for block in blocks:
                words = ["harness", *command, suite, *self._narrowed(block)]
                yield shlex.join([*words, *flags, *self._options])

    def _narrowed(self, block: _Block) -> Iterator[str]:
        """The selection of a block, without what selects everything anyway."""
        keys = self._keys[block.suite]
        if set(block.scenarios) < {key.scenario for key in keys}:
            yield "-k"
            yield " or ".join(self._needle(name, keys) for name in block.scenarios)
        if set(block.configs) < {key.config for key in keys}:
            for name in block.configs:
                yield from ("-c", name)
        if set(block.epochs) < {key.epoch for key in keys}:
            for epoch in block.epochs:
                yield from ("-e", str(epoch))

    def _needle(self, scenario: str, keys: Sequence[SampleKey]) -> str:
        """What finds a scenario and nothing else by -k."""
        others = [str(key).lower() for key in keys if key.scenario != scenario]
        plain = scenario.lower()
        if plain in _OPERATORS or any(plain in other for other in others):
            return f"/{scenario}/"
        return scenario


def _quoted(word: str) -> str:
    """A word for a shell, in which nothing steers the terminal it is printed to."""
    if word.isprintable():
        return shlex.quote(word)
    encoded = os.fsencode(word)
    plain = string.ascii_letters + string.digits + "/._- "
    return "$'" + "".join(c if (c := chr(b)) in plain else f"\\x{b:02x}" for b in encoded) + "'"


def _around(suite: str, keys: Sequence[SampleKey]) -> _Block:
    """The smallest block with all these samples in it, and perhaps others."""
    return _Block(
        suite,
        tuple(dict.fromkeys(key.scenario for key in keys)),
        tuple(dict.fromkeys(key.config for key in keys)),
        tuple(sorted({key.epoch for key in keys})),
    )


def _blocks(suite: str, keys: Sequence[SampleKey]) -> list[_Block]:
    """Few blocks that hold these samples and no others."""
    epochs: dict[tuple[str, str], set[int]] = defaultdict(set)
    for key in keys:
        epochs[key.scenario, key.config].add(key.epoch)
    scenarios: dict[tuple[str, tuple[int, ...]], list[str]] = defaultdict(list)
    for (scenario, config), found in epochs.items():
        scenarios[config, tuple(sorted(found))].append(scenario)
    configs: dict[tuple[tuple[str, ...], tuple[int, ...]], list[str]] = defaultdict(list)
    for (config, numbers), names in scenarios.items():
        configs[tuple(sorted(names)), numbers].append(config)
    return [
        _Block(suite, names, tuple(used), numbers) for (names, numbers), used in configs.items()
    ]
