"""Does the report agree with the rows that were saved?"""

from __future__ import annotations

from harness.model.score import CheckResult
from harness.model.team import FinishedSample
from harness.suites import sibling

evidence = sibling(__file__, "evidence")

PRODUCTS = ["Widget A", "Widget B", "Widget C"]
COLUMNS = ["month", "product", "revenue", "units"]


def _rows(sample: FinishedSample):
    rows = evidence.saved_table(sample, "sales.csv", COLUMNS)
    return rows.assign(
        revenue=evidence.numbers(rows, "revenue"), units=evidence.numbers(rows, "units")
    )


def check_rows(sample: FinishedSample) -> None:
    rows = _rows(sample)
    assert len(rows) == 100, f"sales.csv has {len(rows)} rows, not 100"
    found = sorted(rows["product"].unique())
    assert found == PRODUCTS, f"the products are {found}"
    months = rows["month"][~rows["month"].str.fullmatch(r"\d{4}-(0[1-9]|1[0-2])")]
    assert months.empty, f"{months.iloc[0]!r} is not a month"
    for column, low, high in (("revenue", 1000, 50000), ("units", 10, 500)):
        outside = rows[column][~rows[column].between(low, high)]
        assert outside.empty, f"{column} {outside.iloc[0]} is not between {low} and {high}"
        assert rows[column].nunique() > 20, f"{column} hardly varies"
    assert (rows["units"] % 1 == 0).all(), "units are not whole numbers"


def check_totals(sample: FinishedSample) -> CheckResult:
    totals = _rows(sample).groupby("product")["revenue"].sum()
    expected = {name: {"total revenue": float(total)} for name, total in totals.items()}
    return evidence.compare_printed(sample, expected)


def check_means(sample: FinishedSample) -> CheckResult:
    means = _rows(sample).groupby("product")["units"].mean()
    expected = {name: {"mean units": float(mean)} for name, mean in means.items()}
    return evidence.compare_printed(sample, expected)


def check_chart(sample: FinishedSample) -> None:
    evidence.examine_picture(sample, "revenue_by_product.png")
