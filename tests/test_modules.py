"""Every module can be imported alone, without a warning."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys

import pytest

import harness

# One interpreter imports the modules one after the other, forgetting the package in between:
# quicker than one interpreter each, and a module still cannot lean on another's import.
PROBE = """
import importlib, sys, traceback
failed = False
for name in sys.argv[1:]:
    for loaded in [each for each in sys.modules if each.partition('.')[0] == 'harness']:
        del sys.modules[loaded]
    try:
        importlib.import_module(name)
    except BaseException:
        failed = True
        print(name, traceback.format_exc(), file=sys.stderr)
sys.exit(failed)
"""


def module_names() -> list[str]:
    found = pkgutil.walk_packages(harness.__path__, "harness.")
    return sorted(module.name for module in found if not module.name.endswith("__main__"))


def test_the_list_of_modules_is_not_empty() -> None:
    assert {"harness.errors", "harness.suites.loader"} <= set(module_names())


@pytest.mark.parametrize("part", range(2))
def test_every_module_can_be_imported_alone_and_in_silence(part: int) -> None:
    names = module_names()[part::2]
    environment = {**os.environ, "PYTHONWARNINGS": "error"}

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROBE, *names],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""
