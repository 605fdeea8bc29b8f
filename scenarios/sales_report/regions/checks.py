"""Was the file tidied as the task says, and do the figures follow from it?"""

from __future__ import annotations

from harness.model.score import CheckResult
from harness.model.team import FinishedSample
from harness.suites import sibling

evidence = sibling(__file__, "evidence")

COLUMNS = ["order_id", "date", "region", "amount"]


def expected_rows(sample: FinishedSample):
    """The tidy rows, worked out here from the fixture."""
    raw = evidence.fixture(sample, "regional_sales.csv")
    text = raw["amount"].str.strip()
    raw = raw[~text.isin(["", "-", "n/a"])].drop_duplicates("order_id")
    digits = raw["amount"].str.replace(r"[^\d.]", "", regex=True).astype(float)
    raw["amount"] = digits.where(~raw["amount"].str.contains("(", regex=False), -digits)
    raw["region"] = raw["region"].str.strip().str.capitalize()
    raw["date"] = raw["date"].str.replace(r"(\d\d)/(\d\d)/(\d{4})", r"\3-\2-\1", regex=True)
    return raw.set_index("order_id").sort_index()


def _saved_rows(sample: FinishedSample):
    rows = evidence.saved_table(sample, "clean_sales.csv", COLUMNS)
    return rows.assign(amount=evidence.numbers(rows, "amount"))


def check_tidy_rows(sample: FinishedSample) -> None:
    saved = _saved_rows(sample)
    expected = expected_rows(sample)
    double = saved["order_id"][saved["order_id"].duplicated()]
    assert double.empty, f"order {double.iloc[0]} is there {len(double) + 1} times"
    saved = saved.set_index("order_id").sort_index()
    differing = saved.index.symmetric_difference(expected.index)
    assert differing.empty, f"order {differing[0]} is missing or should not be there"
    for column in ("date", "region", "amount"):
        wrong = expected[saved[column] != expected[column]]
        assert wrong.empty, (
            f"{column} of order {wrong.index[0]} should be {wrong[column].iloc[0]!r}, "
            f"not {saved[column][wrong.index[0]]!r}"
        )


def check_orders(sample: FinishedSample) -> CheckResult:
    counts = expected_rows(sample).groupby("region").size()
    expected = {name: {"number of orders": float(count)} for name, count in counts.items()}
    return evidence.compare_printed(sample, expected)


def check_revenue(sample: FinishedSample) -> CheckResult:
    sums = _saved_rows(sample).groupby("region")["amount"].sum()
    true_sums = expected_rows(sample).groupby("region")["amount"].sum()
    assert set(sums.index) == set(true_sums.index), f"the saved regions are {sorted(sums.index)}"
    expected = {name: {"net revenue": float(total)} for name, total in true_sums.items()}
    return evidence.compare_printed(sample, expected)


def check_chart(sample: FinishedSample) -> None:
    evidence.examine_picture(sample, "revenue_by_region.png")
