"""The README's table of expectations is the class's."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from harness.expectations.expectation import Expectation

README = Path(__file__).parents[1] / "README.md"


def signatures() -> list[str]:
    """Every public method as one calls it."""
    found = []
    for name, method in vars(Expectation).items():
        if name.startswith("_"):
            continue
        parameters = list(inspect.signature(method).parameters.values())[1:]
        words = [
            f"*{each.name}"
            if each.kind is each.VAR_POSITIONAL
            else each.name + ("" if each.default is each.empty else f"={each.default!r}")
            for each in parameters
        ]
        found.append(f"{name}({', '.join(words)})")
    return found


def test_the_readme_tells_every_expectation_with_its_signature() -> None:
    section = README.read_text(encoding="utf-8").partition("| method of `expect(sample)` |")[2]
    rows = section.partition("\n\n")[0].splitlines()[2:]

    told = [re.match(r"\| `(.+?)` \| (.+) \|$", row) for row in rows]

    assert all(told), rows
    assert [row[1] for row in told if row] == signatures()
