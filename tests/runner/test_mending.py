from __future__ import annotations

import os
import shlex
import subprocess
from itertools import product
from pathlib import Path

import pytest

from harness.model.sample import SampleKey
from harness.model.scenario import AgentConfig, PythonReference, Scenario, Suite
from harness.runner.mending import Mender
from harness.runner.plan import make_plan
from harness.runner.selection import Selection
from harness.runner.verify import Finding

TEAM = PythonReference(path="/team.py", attribute="build")
SUITE = Suite(
    name="talk",
    title="",
    folder="/talk",
    scenarios=tuple(
        Scenario(name=name, suite="talk", title="", task="", folder="/talk", team=TEAM)
        for name in ("one", "two", "two_more")
    ),
    configs=(AgentConfig(name="warm"), AgentConfig(name="cold")),
    epochs=2,
)


def key(scenario: str, config: str, epoch: int) -> SampleKey:
    return SampleKey(suite="talk", scenario=scenario, config=config, epoch=epoch)


def commands(keys: list[SampleKey], *, is_expired: bool) -> tuple[str, ...]:
    findings = [
        Finding(group="stale", path=Path("x"), reasons=(), key=each, is_expired=is_expired)
        for each in keys
    ]
    return Mender([SUITE], Path("cassettes"), []).commands("stale", findings)


def selected(command: str) -> set[SampleKey]:
    """The samples that a command of ours selects."""
    words = iter(shlex.split(command)[3:])
    keyword, configs, epochs = "", [], []
    for word in words:
        if word == "-k":
            keyword = next(words)
        elif word == "-c":
            configs.append(next(words))
        elif word == "-e":
            epochs.append(int(next(words)))
    chosen = Selection(keyword=keyword, configs=tuple(configs), epochs=tuple(epochs))
    return set(make_plan([SUITE], chosen))


ALL = [key(*each) for each in product(("one", "two", "two_more"), ("warm", "cold"), (1, 2))]


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param(ALL, id="everything"),
        pytest.param([key("two", "warm", 1)], id="a name within another"),
        pytest.param([key("one", "warm", 1), key("two_more", "cold", 2)], id="two corners"),
        pytest.param(ALL[:-1], id="all but one"),
        pytest.param([each for each in ALL if each.epoch == 2], id="an epoch"),
    ],
)
def test_what_is_overwritten_is_exactly_what_was_found(keys: list[SampleKey]) -> None:
    found = commands(keys, is_expired=True)

    assert all("--overwrite" in command for command in found)
    assert set.union(*map(selected, found)) == set(keys)
    assert sum(len(selected(command)) for command in found) == len(keys)


def test_everything_needs_no_narrowing() -> None:
    assert commands(ALL, is_expired=False) == ("harness record talk --update",)


def test_a_removal_takes_whole_folders_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "cassettes"
    doomed = [root / "gone/a/b/1.jsonl", root / "talk/one/warm/3.jsonl"]
    kept = [root / "talk/one/warm/1.jsonl"]
    for path in (*doomed, *kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    findings = [Finding(group="orphaned", path=path, reasons=()) for path in doomed]

    [command] = Mender([SUITE], root, []).commands("orphaned", findings)
    subprocess.run(["bash", "-c", command], check=True)

    assert command == f"rm -r -- {root}/gone {root}/talk/one/warm/3.jsonl"
    assert [path for path in root.rglob("*") if path.is_file()] == kept


@pytest.mark.parametrize("name", ["a b", "it's", "$HOME", "\x1b[2J", "caf\udce9", "-rf", "a\nb"])
def test_a_strange_name_is_quoted_for_the_shell_and_for_the_eye(tmp_path: Path, name: str) -> None:
    root = tmp_path / "cassettes"
    path = root / name / "1.jsonl"
    path.parent.mkdir(parents=True)
    path.touch()

    [command] = Mender([SUITE], root, []).commands(
        "orphaned", [Finding(group="orphaned", path=path, reasons=())]
    )
    subprocess.run(["bash", "-c", command], check=True)

    assert command.isprintable()
    assert os.listdir(root) == []
