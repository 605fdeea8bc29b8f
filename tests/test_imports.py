"""What starts quickly stays quick: nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "autogen",
    "jinja2",
    "matplotlib",
    "numpy",
    "openai",
    "pandas",
    "psycopg",
    "pydantic",
    "rich",
    "sqlalchemy",
    "starlette",
    "tiktoken",
    "uvicorn",
    "vcr",
}
MAIN = """
import runpy, sys
sys.argv = ['harness', {argument!r}]
try:
    runpy.run_module('harness', run_name='__main__')
except SystemExit as stop:
    assert not stop.code
"""

STARTS = [
    pytest.param("import harness", id="import harness"),
    pytest.param("import harness.model, harness.protocols, harness.errors", id="the public data"),
    pytest.param("import harness.cli", id="import harness.cli"),
    pytest.param("import harness.suites", id="import harness.suites"),
    pytest.param("import harness.pytest_plugin", id="the pytest plugin"),
    pytest.param(MAIN.format(argument="--help"), id="harness --help"),
    pytest.param(MAIN.format(argument="--version"), id="harness --version"),
]


def modules_after(code: str) -> set[str]:
    """Top-level names in sys.modules once code has run in a fresh interpreter."""
    probe = f"{code}\nimport json, sys\nsys.stderr.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stderr)}


@pytest.mark.parametrize("code", STARTS)
def test_nothing_heavy_is_loaded_by(code: str) -> None:
    assert modules_after(code) & HEAVY == set()


def test_the_probe_does_see_what_is_imported() -> None:
    assert "pandas" not in modules_after("import csv")
    assert {"jinja2"} <= modules_after("import jinja2")
