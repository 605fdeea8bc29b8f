"""The code blocks of the README."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def readme_blocks(heading: str) -> dict[str, str]:
    """Every code block of a section that names its file in its first line."""
    section = README.read_text(encoding="utf-8").partition(heading)[2].partition("\n## ")[0]
    found = re.findall(r"^```(?:python|yaml)\n(# ([\w./]+).*?\n.*?)^```$", section, re.S | re.M)
    return {name: text for text, name in found}
