"""A project with recorded cassettes, made once per module and copied for each test."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from cli_project import environment, write_coding_suite
from loopback_provider import KEY, loopback_provider

SAMPLES = ("coding/look/plain/1", "coding/look/plain/2")


def record_project(folder: Path) -> Path:
    """Record the coding suite's two samples from the scripted provider."""
    write_coding_suite(folder)
    done = subprocess.run(
        [sys.executable, "-m", "harness", "record", "--scripted", "--no-report"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def copy_project(recorded: Path, folder: Path) -> Path:
    """Give a test its own copy, without run logs."""
    for name in ("scenarios", "cassettes"):
        shutil.copytree(recorded / name, folder / name, ignore=shutil.ignore_patterns("*.pyc"))
    return folder


def cassette(project: Path, sample: str = SAMPLES[0]) -> Path:
    """The cassette of a sample."""
    return project / "cassettes" / f"{sample}.jsonl"


def edit(path: Path, old: str, new: str) -> None:
    """Change a text in a file where it stands once or more."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path} does not hold {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def contents(project: Path) -> dict[str, bytes]:
    """Every file below the cassettes' folder."""
    files = (path for path in (project / "cassettes").rglob("*") if path.is_file())
    return {str(path.relative_to(project)): path.read_bytes() for path in files}


def buy_project(folder: Path, *, model: str = "gpt-4o-mini") -> tuple[Path, str]:
    """Record the coding suite from a provider that is no script; returns its URL as well."""
    suite = write_coding_suite(folder)
    edit(suite / "suite.yaml", "model: written-1", f"model: {model}")
    with loopback_provider() as provider:
        flags = ("--allow-unsafe", "--no-report", "--base-url", provider.base_url)
        done = subprocess.run(
            [sys.executable, "-m", "harness", "record", *flags],
            cwd=folder,
            env=environment(OPENAI_API_KEY=KEY),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, provider.base_url
