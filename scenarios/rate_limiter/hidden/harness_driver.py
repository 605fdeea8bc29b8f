"""Runs the hidden tests, or the agents' own, and reports what ran in one line.

The line begins with a word that is made up for each run, so that neither the
exit code nor anything the tested module prints can stand in for it. The checks
run this text in a namespace that no module in `sys.modules` refers to, before
the workspace can be imported from, and the script that holds the word is
deleted first. What is needed at the end is taken at the beginning: a tested
module that replaces functions of `os` or of `__main__` changes nothing here.

The tested module still runs in this process. One that goes looking for the
namespace (frames, gc, the globals of functions it is given) or changes what the
tests themselves use (`time`, `threading`) can fool it.
"""

import _thread
import linecache
import os
import sys
import traceback
import types

BUILTINS = dict(__builtins__)
SECONDS = 3.0
write, leave, extract = os.write, os._exit, traceback.extract_tb
start_thread, new_lock = _thread.start_new_thread, _thread.allocate_lock


def main(workspace, word, module, tests, fakes):
    """Report on the text of hidden tests, or on a module of the agents' if that is None."""
    os.unlink(sys.argv[0])
    output = os.dup(1)
    run_all = prepared_own(module) if tests is None else prepared_hidden(module, tests, fakes)
    # After the standard library, which must not be shadowed, but before installed packages.
    places = [index for index, path in enumerate(sys.path) if path.endswith("-packages")]
    sys.path.insert(min(places, default=len(sys.path)), workspace)
    try:
        report = {"tests": run_all()}
    except BaseException as error:
        report = {"error": f"{type(error).__name__}: {error}"}
    write(output, f"\n{word} {report!a}\n".encode())
    # Threads that hang must not keep this process alive.
    leave(0)


def prepared_hidden(module, tests, fakes):
    """What runs the hidden tests and gives the verdict by test: None, or why it failed."""
    helper = types.ModuleType("harness_fakes")
    execute(fakes, "harness_fakes.py", vars(helper), BUILTINS)

    def importing(name, *rest):
        """Gives the tests their helper, which is not in sys.modules for others to change."""
        return helper if name == "harness_fakes" else __import__(name, *rest)

    def run_all():
        space = {"__name__": module}
        execute(tests, f"{module}.py", space, {**BUILTINS, "__import__": importing})
        found = {name: test for name, test in space.items() if name.startswith("test_")}
        return {name: verdict(test) for name, test in found.items()}

    return run_all


def execute(text, filename, space, names):
    """Run text with builtins of its own, and let tracebacks show its lines."""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space["__builtins__"] = dict(names)
    exec(compile(text, filename, "exec"), space)


def verdict(test):
    outcome = ["did not return in time; it waits for something that never comes"]
    done = new_lock()
    done.acquire()

    def run():
        try:
            test()
            outcome[0] = None
        except BaseException as error:
            line = extract(error.__traceback__)[-1].line
            outcome[0] = f"{type(error).__name__}: {str(error) or line}"
        finally:
            done.release()

    start_thread(run, ())
    done.acquire(timeout=SECONDS)
    return outcome[0]


def prepared_own(module):
    """What runs a unittest module and gives the verdict by test."""
    import unittest  # here, because the hidden tests start faster without it
    import unittest.case

    parts = (
        unittest.TestCase,
        unittest.TestSuite,
        unittest.BaseTestSuite,
        unittest.TestLoader,
        unittest.TestResult,
        unittest.case._Outcome,
    )
    loader, result = unittest.TestLoader(), unittest.TestResult()
    before = functions(parts)

    def run_all():
        loader.loadTestsFromModule(__import__(module)).run(Names(result))
        assert functions(parts) == before, "the tests change how unittest works"
        return {**dict.fromkeys(result.names), **reasons(result)}

    return run_all


def functions(parts):
    return {
        (part, name): (value, value.__code__)
        for part in parts
        for name, value in vars(part).items()
        if isinstance(value, types.FunctionType)
    }


class Names:
    """A test result that also remembers the names of the tests it was told of."""

    def __init__(self, result):
        result.names = []
        self.__dict__["result"] = result

    def startTest(self, test):
        self.result.names.append(test.id())
        self.result.startTest(test)

    def __getattr__(self, name):
        return getattr(self.result, name)

    def __setattr__(self, name, value):
        setattr(self.result, name, value)


def reasons(result):
    failed = {test.id(): raised(text) for test, text in [*result.failures, *result.errors]}
    skipped = {test.id(): f"skipped: {text}" for test, text in result.skipped}
    return {**failed, **skipped}


def raised(text):
    """The first line after the traceback's frames."""
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "Traceback"))]
    return lines[0] if lines else "failed"


main(*GIVEN)  # noqa: F821 - the checks put it into this namespace
