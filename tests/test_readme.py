"""What the README tells people to write runs as it is written there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.logs import find_log, read_log
from harness.suites import load_callable, load_checks, load_suite

README = Path(__file__).parents[1] / "README.md"
HEADING = "## Writing a suite\n"
FILES = {
    "suite.yaml",
    "total/scenario.yaml",
    "team.py",
    "checks.py",
    "script.py",
    "provider.py",
}


def section() -> str:
    text = README.read_text(encoding="utf-8")
    assert text.count(HEADING) == 1
    return (HEADING + text.partition(HEADING)[2].partition("\n## ")[0]).rstrip()


def blocks() -> dict[str, str]:
    """Every code block of the section, by the file name in its first line."""
    found: dict[str, str] = {}
    for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", section(), re.DOTALL | re.MULTILINE):
        name = re.match(r"# ([\w./]+)(:.*)?\n", text)
        assert name, f"a block does not name its file: {text[:60]!r}"
        assert name[1].endswith({"python": ".py", "yaml": ".yaml"}[language])
        assert found.setdefault(name[1], text) is text
    return found


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "scenarios" / "sums"
    for name, text in {**blocks(), "total/files/numbers.txt": "20\n22\n"}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def harness(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        env={**os.environ, "OPENAI_API_KEY": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def outcomes(folder: Path) -> dict[str, str]:
    """What became of each sample, or why not."""
    samples = read_log(find_log(folder / ".harness" / "runs", "latest")).samples
    return {
        str(sample.key): "ok" if sample.is_success else repr((sample.failure, sample.scores))
        for sample in samples
    }


ALL_PASS = {"sums/total/plain/1": "ok", "sums/total/long/1": "ok"}


def test_the_section_is_short_and_shows_every_file() -> None:
    assert len(section().splitlines()) <= 70
    assert set(blocks()) == FILES


def test_the_suite_is_valid(suite: Path) -> None:
    loaded = load_suite(suite)

    (scenario,) = loaded.scenarios
    assert [config.name for config in loaded.configs] == ["plain", "long"]
    assert scenario.human == ("exit",)
    assert scenario.script is not None
    assert scenario.checks is not None
    assert scenario.provider is not None
    assert list(load_checks(scenario.checks)) == ["answer", "program", "code"]
    assert callable(load_callable(scenario.provider))


def test_the_suite_runs_with_its_scripted_model(suite: Path, tmp_path: Path) -> None:
    harness("run", "sums", "--no-report")

    assert outcomes(tmp_path) == ALL_PASS


def test_the_suites_team_survives_being_fuzzed(suite: Path) -> None:
    told = harness("fuzz", "sums", "--seed", "1", "--examples", "60")

    assert "sums/total/plain: survived 60 conversations" in told


def test_the_suite_is_recorded_from_its_provider_script_and_replayed(
    suite: Path, tmp_path: Path
) -> None:
    text = (suite / "suite.yaml").read_text()
    (suite / "suite.yaml").write_text(re.sub(r"(?m)^script:.*\n", "", text))

    harness("record", "sums", "--scripted", "--no-report")
    assert outcomes(tmp_path) == ALL_PASS

    harness("run", "sums", "--no-report")
    assert outcomes(tmp_path) == ALL_PASS
