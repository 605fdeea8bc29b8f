"""The checks of the sales report cannot be talked into passing."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from harness.model.sample import SampleKey
from harness.model.team import FinishedSample
from harness.model.transcript import CodeExecution, Transcript
from harness.provider.parts import read_parts
from harness.provider.script import Call
from harness.sandboxes.process import ProcessSandbox
from harness.suites import load_callable, load_checks, load_suite

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(__file__).parents[2] / "scenarios" / "sales_report"
SUITE = load_suite(FOLDER)
WIDGETS = next(scenario for scenario in SUITE.scenarios if scenario.name == "widgets")
CONFIGS = {config.name: config for config in SUITE.configs}
CHART = "revenue_by_product.png"


def ran(output: str, *, index: int = 0, exit_code: int = 0) -> CodeExecution:
    return CodeExecution(
        index=index,
        offset_seconds=0.0,
        agent="executor",
        language="python",
        code="",
        exit_code=exit_code,
        output=output,
        duration_seconds=0.1,
    )


def rows() -> list[str]:
    names = ["Widget A", "Widget B", "Widget C"]
    return [f"2025-{n % 12 + 1:02d},{names[n % 3]},{3000 + n * 3},{n + 10}" for n in range(100)]


def figures(lines: list[str]) -> str:
    """The report on rows, worked out without pandas."""
    report = []
    for name in ("Widget A", "Widget B", "Widget C"):
        mine = [line.split(",") for line in lines if f",{name}," in line]
        revenue = sum(float(row[2]) for row in mine)
        units = sum(int(row[3]) for row in mine) / len(mine)
        report.append(f"{name}: total revenue {revenue:,.2f}, mean units {units:.2f}")
    return "\n".join(report) + "\n"


def save_rows(workspace: Path, lines: list[str]) -> None:
    text = "\n".join(["month,product,revenue,units", *lines]) + "\n"
    (workspace / "sales.csv").write_text(text, encoding="utf-8")


def save_chart(workspace: Path, size: tuple[int, int] = (800, 500), **options: str) -> None:
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).rectangle([50, 50, size[0] // 2, size[1] - 20], fill="navy")
    picture.save(workspace / CHART, **options)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    save_rows(tmp_path, rows())
    save_chart(tmp_path)
    return tmp_path


def failing(workspace: Path, *executions: CodeExecution) -> dict[str, str]:
    sample = FinishedSample(
        key=SampleKey(suite="sales_report", scenario="widgets", config="brief-t0.2", epoch=1),
        scenario=WIDGETS,
        config=SUITE.configs[0],
        transcript=Transcript(engine="autogen", engine_version="-", events=executions),
        workspace=workspace,
        sandbox=ProcessSandbox(),
    )
    assert WIDGETS.checks is not None
    found = {}
    for name, check in load_checks(WIDGETS.checks).items():
        try:
            result = check(sample)
        except AssertionError as error:
            found[name] = str(error)
        else:
            if result is not None and not result.passed:
                found[name] = result.reason
    return found


def test_right_work_passes(workspace: Path) -> None:
    assert failing(workspace, ran(figures(rows()))) == {}


def test_figures_may_stand_in_a_table_or_in_two_lists(workspace: Path) -> None:
    figure = re.compile(r"(Widget .): total revenue (\S+), mean units (\S+)")
    found = figure.findall(figures(rows()))
    table = "\n".join(f"{name}  ${total:>12}  {mean:>8}" for name, total, mean in found)
    totals = "\n".join(f"{name} {total}" for name, total, _ in found)
    means = "\n".join(f"{name} {mean}" for name, _, mean in found)

    assert failing(workspace, ran(table)) == {}
    assert failing(workspace, ran(f"{totals}\n\n{means}\n")) == {}


def test_rows_changed_after_the_report_are_noticed(workspace: Path) -> None:
    report = ran(figures(rows()))
    save_rows(workspace, [*rows()[:-1], rows()[-1].replace(",3297,", ",4297,")])

    found = failing(workspace, report)

    assert set(found) == {"totals"}
    assert found["totals"].startswith("Widget A: total revenue is 108,049.00, but printed was: ")


def test_the_newest_report_counts(workspace: Path) -> None:
    right, wrong = figures(rows()), figures(rows()).replace(".00,", ".50,")

    assert failing(workspace, ran(wrong), ran(right, index=1)) == {}
    assert set(failing(workspace, ran(right), ran(wrong, index=1))) == {"totals"}


def test_a_failed_run_has_printed_nothing(workspace: Path) -> None:
    found = failing(workspace, ran(figures(rows()), exit_code=1))

    assert found["totals"] == "no successful run printed a line for Widget A"


def _blank(workspace: Path) -> None:
    Image.new("RGB", (800, 500), "white").save(workspace / CHART)


def _only_a_title(workspace: Path) -> None:
    picture = Image.new("RGB", (800, 500), "white")
    ImageDraw.Draw(picture).text((300, 20), "Revenue by product", fill="black")
    picture.save(workspace / CHART)


def _cut_off(workspace: Path) -> None:
    (workspace / CHART).write_bytes((workspace / CHART).read_bytes()[:300])


def _text(workspace: Path) -> None:
    (workspace / CHART).write_text("a chart\n", encoding="utf-8")


def _link(workspace: Path) -> None:
    (workspace / CHART).rename(workspace / "elsewhere.png")
    (workspace / CHART).symlink_to("elsewhere.png")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(_blank, "is blank", id="blank"),
        pytest.param(_only_a_title, "shows no bars", id="only-a-title"),
        pytest.param(_cut_off, "is not a PNG picture", id="cut-off"),
        pytest.param(_text, "is not a PNG picture", id="text"),
        pytest.param(_link, "is a link", id="link"),
        pytest.param(lambda w: os.remove(w / CHART), "was not saved", id="missing"),
        pytest.param(lambda w: save_chart(w, format="JPEG"), "is not a PNG picture", id="jpeg"),
        pytest.param(lambda w: save_chart(w, (300, 200)), "is only 300 by 200", id="small"),
        pytest.param(lambda w: save_chart(w, (6000, 5000)), "6000 by 5000 pixels", id="huge"),
    ],
)
def test_a_picture_that_is_no_chart_is_refused(
    workspace: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    spoil(workspace)

    found = failing(workspace, ran(figures(rows())))
    assert set(found) == {"chart"}
    assert reason in found["chart"]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        pytest.param(rows()[:99], "has 99 rows", id="too-few"),
        pytest.param([rows()[0]] * 100, "the products are", id="one-product"),
        pytest.param(
            [*rows()[:99], "April,Widget A,3000,20"], "'April' is not a month", id="month"
        ),
        pytest.param([*rows()[:99], "2025-04,Widget A,50001,20"], "revenue 50001", id="revenue"),
        pytest.param([*rows()[:99], "2025-04,Widget A,3000,9"], "units 9", id="units"),
        pytest.param([*rows()[:99], "2025-04,Widget A,3000,9.5e1x"], "not a number", id="text"),
        pytest.param([*rows()[:99], "2025-04,Widget A,3000,20.5"], "whole numbers", id="fraction"),
    ],
)
def test_rows_that_were_not_asked_for_are_refused(
    workspace: Path, lines: list[str], reason: str
) -> None:
    save_rows(workspace, lines)

    assert reason in failing(workspace, ran(figures(rows())))["rows"]


def _call(config: str, epoch: int, *messages: dict[str, str], scenario: str = "widgets") -> Call:
    prompt = CONFIGS[config].prompts["analyst"]
    opening = [
        {"role": "system", "content": prompt},
        {"role": "user", "name": "executor", "content": WIDGETS.task},
    ]
    return Call(
        scenario=scenario,
        model="scripted-1",
        temperature=CONFIGS[config].temperature or 0.0,
        system=prompt,
        messages=(*opening, *messages),
        epoch=epoch,
    )


def replies(config: str, *messages: dict[str, str], epochs: int = 60) -> list[str]:
    assert WIDGETS.provider is not None
    reply = load_callable(WIDGETS.provider)
    return [str(reply(_call(config, epoch, *messages))) for epoch in range(1, epochs + 1)]


def test_the_analyst_says_the_same_to_the_same_conversation() -> None:
    assert replies("careful-t1.0") == replies("careful-t1.0")


def test_a_prompt_that_asks_to_look_first_is_followed_more_often() -> None:
    looks = {
        config: sum("# filename: make_rows.py" in text for text in replies(config))
        for config in ("brief-t1.0", "careful-t1.0")
    }

    assert looks["careful-t1.0"] > 5 * looks["brief-t1.0"]


def test_a_hot_model_makes_more_slips_and_has_more_phrasings() -> None:
    parts = read_parts(FOLDER / "parts" / "widgets.txt")

    def slips(text: str) -> int:
        found = parts.recognise(text)
        return sum(parts.get(f"{slot}/{name}").number("rate") > 0 for slot, name in found.items())

    cool, hot = replies("brief-t0.2"), replies("brief-t1.0")
    assert sum(map(slips, hot)) > sum(map(slips, cool))
    assert len({text.splitlines()[0] for text in hot}) > len({t.splitlines()[0] for t in cool})


def _after_an_error(config: str) -> list[str]:
    """Replies to a script that read a column that is not there."""
    parts = read_parts(FOLDER / "parts" / "widgets.txt")
    slots = ["generate", "group", "total", "mean", "print"]
    chosen = {slot: next(p.variant for p in parts.of(slot)) for slot in slots}
    code = parts.compose("program/whole", {**chosen, "read": "other_column"}, {"seed": 3})
    error = "exitcode: 1 (execution failed)\nCode output: KeyError: 'units_sold'\n"
    return replies(
        config,
        {"role": "assistant", "name": "analyst", "content": f"```python\n{code}\n```"},
        {"role": "user", "name": "executor", "content": error},
    )


def test_the_analyst_mends_what_the_error_names_but_not_always_at_once() -> None:
    mended = {
        config: sum('record["units_sold"]' not in text for text in _after_an_error(config))
        for config in ("brief-t1.0", "careful-t0.2")
    }

    assert 15 <= mended["brief-t1.0"] < mended["careful-t0.2"] <= 60


def test_closing_words_repeat_what_was_printed() -> None:
    script = "```python\n# filename: report.py\nprint(1)\n```"
    output = f"exitcode: 0 (execution succeeded)\nCode output: {figures(rows())}"
    texts = replies(
        "careful-t0.2",
        {"role": "assistant", "name": "analyst", "content": script},
        {"role": "user", "name": "executor", "content": output},
    )

    closing = [text for text in texts if text.endswith("TERMINATE")]
    assert len(closing) > 50
    assert all(line in text for text in closing for line in figures(rows()).splitlines())
