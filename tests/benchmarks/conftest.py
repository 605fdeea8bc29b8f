"""What the benchmarks of cassettes share: every cassette is written once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cassette_data import Exchange
    from cassette_sides import Side


class Cassettes:
    """Writes a conversation as a cassette of one side, unless it has done so before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(
        self, side: Side, conversation: Callable[[int], Iterator[Exchange]], size: int
    ) -> Path:
        path = self._folder / f"{side.name}-{conversation.__name__}-{size}{side.suffix}"
        if not path.exists():
            side.write(path, conversation(size))
        return path


@pytest.fixture(scope="session")
def cassettes(tmp_path_factory: pytest.TempPathFactory) -> Cassettes:
    return Cassettes(tmp_path_factory.mktemp("cassettes"))
