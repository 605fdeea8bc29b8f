"""What the checks of this suite look at: printed figures, saved tables, the picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from harness.model.score import CheckResult
from harness.model.team import FinishedSample
from harness.model.transcript import CodeExecution

_NUMBER = re.compile(r"-?\$?-?\d[\d,]*(?:\.\d+)?")
_LARGEST_FILE_BYTES = 5_000_000
_LARGEST_PIXELS = 20_000_000
# Figures are printed to the cent.
TOLERANCE = 0.011


def saved_file(sample: FinishedSample, name: str) -> Path:
    """A regular, reasonably small file the agents left in the workspace."""
    path = sample.workspace / name
    assert not path.is_symlink(), f"{name} is a link"
    assert path.is_file(), f"{name} was not saved"
    size = path.stat().st_size
    assert size <= _LARGEST_FILE_BYTES, f"{name} has {size} bytes, too many to be the one asked for"
    return path


def saved_table(sample: FinishedSample, name: str, columns: list[str]):
    """A saved CSV file as a data frame, every value as text."""
    import pandas

    path = saved_file(sample, name)
    try:
        table = pandas.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError, OverflowError) as error:
        raise AssertionError(f"{name} is not a CSV file: {error}") from None
    found = [str(column).strip() for column in table.columns]
    assert found == columns, f"{name} has the columns {found}, not {columns}"
    # A line that is too short leaves gaps, which are no text.
    return table.set_axis(columns, axis="columns").fillna("")


def fixture(sample: FinishedSample, name: str):
    """A fixture as it was before the agents could touch it, every value as text."""
    import pandas

    path = Path(sample.scenario.folder) / "files" / name
    return pandas.read_csv(path, dtype=str, keep_default_na=False)


def numbers(table, column: str):
    """A text column as numbers; a value that is none fails the check."""
    import pandas

    converted = pandas.to_numeric(table[column], errors="coerce")
    wrong = table[column][converted.isna()]
    assert wrong.empty, f"{column} holds {wrong.iloc[0]!r}, which is not a number"
    return converted


def printed(sample: FinishedSample, label: str) -> tuple[CodeExecution, list[str]] | None:
    """The newest successful run that printed lines with a label, and those lines."""
    pattern = re.compile(rf"(?<!\w){re.escape(label)}(?!\w)")
    for execution in reversed(sample.transcript.code_executions):
        lines = [line for line in execution.output.splitlines() if pattern.search(line)]
        if execution.exit_code == 0 and lines:
            return execution, lines
    return None


def compare_printed(
    sample: FinishedSample, expected: Mapping[str, Mapping[str, float]]
) -> CheckResult:
    """Whether the last output that names each label also holds its figures.

    Args:
        sample: The sample.
        expected: For each label (a product, a region), figure by what it is.
    """
    assert expected, "no rows were saved that a figure could follow from"
    evidence: set[int] = set()
    for label, figures in expected.items():
        found = printed(sample, label)
        if found is None:
            return CheckResult(passed=False, reason=f"no successful run printed a line for {label}")
        execution, lines = found
        evidence.add(execution.index)
        said = [_value(text) for line in lines for text in _NUMBER.findall(line.replace(label, ""))]
        for what, value in figures.items():
            if not any(abs(number - value) <= TOLERANCE for number in said):
                said_text = " / ".join(lines)[:300]
                reason = f"{label}: {what} is {value:,.2f}, but printed was: {said_text}"
                return CheckResult(passed=False, reason=reason, evidence=(execution.index,))
    what = ", ".join(next(iter(expected.values())))
    reason = f"{what} of {', '.join(expected)} printed as computed again"
    return CheckResult(passed=True, reason=reason, evidence=tuple(sorted(evidence)))


def _value(text: str) -> float:
    return float(text.replace("$", "").replace(",", "").replace("--", "-"))


def examine_picture(sample: FinishedSample, name: str) -> None:
    """A real PNG of at least 600 by 400 pixels with something drawn on it."""
    from PIL import Image

    path = saved_file(sample, name)
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            width, height = picture.size
            is_small_enough = width * height <= _LARGEST_PIXELS
            drawn = picture.convert("RGB") if is_small_enough else picture
    except Exception as error:  # Whatever a damaged picture makes the library raise.
        raise AssertionError(f"{name} is not a PNG picture: {error}") from None
    assert is_small_enough, f"{name} is {width} by {height} pixels"
    is_large_enough = width >= 600 and height >= 400
    assert is_large_enough, f"{name} is only {width} by {height} pixels"
    _require_bars(drawn, name)


def _require_bars(picture, name: str) -> None:
    """Bars cover ground: one colour other than the background's must fill 2 % or more."""
    pixels = picture.width * picture.height
    counts = sorted((count for count, _ in picture.getcolors(pixels)), reverse=True)
    assert len(counts) > 1, f"{name} is blank: every pixel has the same colour"
    share = counts[1] / pixels
    assert share >= 0.02, f"{name} shows no bars: the second colour covers {share:.1%} of it"
