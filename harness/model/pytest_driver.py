"""Runs hidden tests by pytest beside agents' modules, and reports last.

`FinishedSample.run_pytest` runs this text in the sandbox, in a namespace that no module in
`sys.modules` refers to. The tests lie in a folder that agents' code has never seen, so none of
their ``conftest.py``, ini files, caches and plugins is looked at, and pytest is imported before
anything of the workspace can be. The report begins with a mark that is made up for each run.
"""

import os
import sys
import tempfile

write, leave = os.write, os._exit

# Setup, call and teardown.
_PHASES = 3


def main(workspace: str, mark: str, tests: dict[str, str]) -> None:
    """Report why each test failed, "" for one that passed."""
    os.unlink(sys.argv[0])
    output = os.dup(1)
    sys.dont_write_bytecode = True
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS"):
        os.environ.pop(name, None)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        import pytest
    except ImportError:
        write(output, f"\n{mark}None\n".encode())
        leave(0)
    folder = os.path.realpath(tempfile.mkdtemp(prefix="hidden-"))
    for name, text in tests.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    # After the standard library, which must not be shadowed, but before installed packages.
    places = [index for index, path in enumerate(sys.path) if path.endswith("-packages")]
    sys.path.insert(min(places, default=len(sys.path)), workspace)
    found = Found()
    arguments = ["--noconftest", "-c", os.devnull, "--rootdir", folder, "--confcutdir", folder]
    arguments += ["-p", "no:cacheprovider"]
    arguments += ["--import-mode=importlib", "-q", *(os.path.join(folder, name) for name in tests)]
    try:
        ended = int(pytest.main(arguments, plugins=[found]))
    except BaseException as error:
        found.outcomes["pytest"] = f"{type(error).__name__}: {error}"
    else:
        # Tests may be named by nothing but this end: those of a session that went to its end.
        if ended not in (0, 1, 5):
            found.outcomes["pytest"] = f"it did not come to its end: exit code {ended}"
    sys.stdout.flush()
    told = {name: why.replace(folder + os.sep, "") for name, why in found.outcomes.items()}
    write(output, f"\n{mark}{told!a}\n".encode())
    leave(0)


class Found:
    """What pytest said of each test."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.faults: dict[str, str] = {}
        self.passed: dict[str, int] = {}

    def pytest_runtest_logreport(self, report) -> None:  # type: ignore[no-untyped-def]
        """Keep the first fault of a test; it has passed once all three phases have."""
        if report.outcome != "passed":
            self.faults.setdefault(report.nodeid, described(report))
        self.passed[report.nodeid] = self.passed.get(report.nodeid, 0) + 1
        is_over = report.when == "teardown" and self.passed[report.nodeid] == _PHASES
        why = self.faults.get(report.nodeid) or ("" if is_over else "was not over")
        self.outcomes[report.nodeid] = why

    def pytest_itemcollected(self, item) -> None:  # type: ignore[no-untyped-def]
        """Expect a report of every test there is."""
        self.outcomes[item.nodeid] = "did not run"

    def pytest_collectreport(self, report) -> None:  # type: ignore[no-untyped-def]
        """Keep why a file could not be loaded."""
        if report.outcome != "passed":
            self.outcomes[report.nodeid] = described(report)


def described(report) -> str:  # type: ignore[no-untyped-def]
    """Why a test did not pass, in a line."""
    if report.outcome == "skipped":
        # The module under test can ask for either.
        return "failed as expected" if hasattr(report, "wasxfail") else "skipped"
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = (crash.message if crash else str(report.longrepr)).strip().splitlines()
    return (lines[0] if crash else lines[-1])[:300] if lines else "failed"
