"""Are gross, returned and net revenue right for every quarter?"""

from __future__ import annotations

from harness.model.score import CheckResult
from harness.model.team import FinishedSample
from harness.suites import sibling

evidence = sibling(__file__, "evidence")

COLUMNS = ["quarter", "gross", "returned", "net"]


def expected_quarters(sample: FinishedSample):
    """Gross, returned and net by quarter, worked out here from the fixtures."""
    orders = evidence.fixture(sample, "orders.csv").set_index("order_id")
    orders["price"] = orders["unit_price"].astype(float)
    orders["gross"] = orders["quantity"].astype(int) * orders["price"]
    returns = evidence.fixture(sample, "returns.csv")
    back = returns["quantity"].astype(int).groupby(returns["order_id"]).sum()
    orders["returned"] = back.reindex(orders.index).fillna(0) * orders["price"]
    orders["quarter"] = "Q" + ((orders["date"].str[5:7].astype(int) + 2) // 3).astype(str)
    table = orders.groupby("quarter")[["gross", "returned"]].sum()
    return table.assign(net=table["gross"] - table["returned"])


def check_table(sample: FinishedSample) -> None:
    saved = evidence.saved_table(sample, "net_revenue.csv", COLUMNS).set_index("quarter")
    expected = expected_quarters(sample)
    assert list(saved.index) == list(expected.index), f"the quarters are {list(saved.index)}"
    for column in expected.columns:
        values = evidence.numbers(saved, column)
        for quarter, value in expected[column].items():
            found = values[quarter]
            assert abs(found - value) <= evidence.TOLERANCE, (
                f"{column} of {quarter} is {value:,.2f}, but net_revenue.csv says {found:,.2f}"
            )


def check_figures(sample: FinishedSample) -> CheckResult:
    table = expected_quarters(sample)
    expected = {
        quarter: {column: float(row[column]) for column in table.columns}
        for quarter, row in table.iterrows()
    }
    return evidence.compare_printed(sample, expected)


def check_chart(sample: FinishedSample) -> None:
    evidence.examine_picture(sample, "net_revenue_by_quarter.png")
