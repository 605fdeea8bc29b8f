"""Plays planner and critic when the shipped cassettes are recorded.

The planner makes slips by chance: it forgets the last year, takes the latest of the best
years, or forgets an import. Whether the critic notices what code does not show by failing
depends on how it was told to look.
"""

from __future__ import annotations

from harness.provider.script import Call, text_of

PLAN = """1. Go through every month of the years asked for.
2. Count the 13ths that are Fridays, by year.
3. Write the sum and the earliest best year to answer.json.

```python
{imports}
from collections import Counter

by_year = Counter(
    year
    for year in range({first}, {end})
    for month in range(1, 13)
    if datetime.date(year, month, 13).weekday() == 4
)
best = {best}
with open("answer.json", "w") as file:
    json.dump({{"fridays": sum(by_year.values()), "year": best}}, file)
print(sum(by_year.values()), best)
```"""
IMPORTS = "import datetime\nimport json"
EARLIEST = "min(year for year, count in by_year.items() if count == max(by_year.values()))"
LATEST = "max(by_year, key=lambda year: (by_year[year], year))"
FINDINGS = {
    "end": "the last year is missing: range() stops before its end.",
    "best": "of several best years the earliest is asked for, not the latest.",
}


def reply(call: Call) -> str:
    """The next message of whoever is asked."""
    return _critic(call) if call.system.startswith("You are the critic") else _planner(call)


def _said(call: Call) -> str:
    return "\n".join(text_of(message) for message in call.messages)


def _planner(call: Call) -> str:
    said, facts = _said(call), call.parameters
    forgets_year = call.draw_evenly("forgets the last year") < 0.5
    takes_latest = call.draw_evenly("takes the latest") < 0.4
    forgets_import = call.draw_evenly("forgets an import") < 0.35
    end = int(facts["last"])
    if not forgets_year or FINDINGS["end"] in said:
        end += 1
    return PLAN.format(
        imports="import datetime" if forgets_import and "NameError" not in said else IMPORTS,
        first=facts["first"],
        end=end,
        best=LATEST if takes_latest and FINDINGS["best"] not in said else EARLIEST,
    )


def _critic(call: Call) -> str:
    if "exitcode: 0" not in call.last:
        return "REVISE: the code failed; read the error and mend it."
    code = next(text for m in reversed(call.messages) if "```python" in (text := text_of(m)))
    eyesight = 0.95 if "Do not believe" in call.system else 0.4
    slips = {"end": f", {call.parameters['last']})" in code, "best": LATEST in code}
    seen = [name for name, is_there in slips.items() if is_there and call.draw(name) < eyesight]
    if seen:
        return "\n".join(f"REVISE: {FINDINGS[name]}" for name in seen)
    return "The result follows from the plan, and the plan from the task.\n\nTERMINATE"
