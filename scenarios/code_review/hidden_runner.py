"""Runs every hidden test, whatever the module under test does, and reports last.

The report begins with a mark that is made up for each run: a module that prints
results of its own, or ends the process before the tests have run, does not pass.
The check runs this text in a namespace that no module in `sys.modules` refers
to, before the workspace can be imported from, and the script that holds the mark
is deleted first. What is needed at the end is taken at the beginning.

The tested module still runs in this process. One that goes looking for the
namespace (frames, gc, the globals of functions it is given) or changes what the
tests themselves use (`warnings`, `json`) can fool it.
"""

import os
import sys

BUILTINS = dict(__builtins__)
write, leave = os.write, os._exit


def main(workspace, mark, names, source):
    """Report why each test failed, "" for one that passed."""
    os.unlink(sys.argv[0])
    output = os.dup(1)
    tests = compile(source, "hidden_tests.py", "exec")
    # After the standard library, which must not be shadowed, but before installed packages.
    places = [index for index, path in enumerate(sys.path) if path.endswith("-packages")]
    sys.path.insert(min(places, default=len(sys.path)), workspace)
    outcomes = outcomes_of(tests, names)
    write(output, f"\n{mark}{outcomes!a}\n".encode())
    leave(0)


def outcomes_of(tests, names):
    # Not a module that could be found in sys.modules and replaced by one that passes.
    space = {"__name__": "hidden_tests", "__builtins__": dict(BUILTINS)}
    try:
        exec(tests, space)
        found = [space[name] for name in names]
    except BaseException as error:
        return dict.fromkeys(names, described(error))
    return {name: outcome(test) for name, test in zip(names, found, strict=True)}


def outcome(test):
    try:
        test()
    except BaseException as error:
        return described(error)
    return ""


def described(error):
    return f"{type(error).__name__}: {error}"


main(*GIVEN)  # noqa: F821 - the check puts it into this namespace
