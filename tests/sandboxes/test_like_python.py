"""A warm cell prints, complains and exits as ``python file.py`` does, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from harness.sandboxes.environment import FIXED_ENVIRONMENT
from harness.sandboxes.normalise import Place, normalise

SCRIPTS = {
    "print": "print('a', 1, None, sep='-'); print('ümläut ✓')",
    "no end of line": "print('a', end='')",
    "nothing": "",
    "only a comment": "# nothing",
    "globals": "print(sorted(globals())); print(__name__, __file__, __doc__, __spec__)",
    "docstring": '"""What it is."""\nprint(__doc__)',
    "arguments": "import sys; print(sys.argv, sys.flags, sys.path[0])",
    "uncaught": "def f(x):\n    return 1 / x\n\nf(0)",
    "uncaught chain": (
        "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('no') from e"
    ),
    "uncaught context": "try:\n    {}['a']\nexcept KeyError:\n    undefined",
    "uncaught group": "raise ExceptionGroup('g', [ValueError(1), TypeError(2)])",
    "uncaught with notes": "e = ValueError('v'); e.add_note('a note'); raise e",
    "uncaught own": "class Mine(Exception): pass\nraise Mine('x')",
    "uncaught in an import": "import helper\nhelper.fail()",
    "uncaught in a library": "import json; json.loads('{')",
    "syntax error": "print('a'\nprint('b')",
    "indentation error": "if True:\nprint('b')",
    "syntax error in an import": "import broken",
    "missing module": "import no_such_module",
    "missing file": "open('missing.csv')",
    "exit": "import sys; sys.exit()",
    "exit 3": "import sys; sys.exit(3)",
    "exit 256": "import sys; sys.exit(256)",
    "exit -1": "import sys; sys.exit(-1)",
    "exit True": "import sys; sys.exit(True)",
    "exit text": "import sys; print('out'); sys.exit('that is wrong')",
    "exit object": "import sys; sys.exit([1, 2])",
    "exit quit": "quit(4)",
    "exit raised": "raise SystemExit",
    "exit at once": "import os; print('lost'); os._exit(5)",
    "exit in a thread": (
        "import sys, threading\nt = threading.Thread(target=sys.exit, args=(3,))\n"
        "t.start(); t.join(); print('after')"
    ),
    "exit in finally": "import sys\ntry:\n    sys.exit(2)\nfinally:\n    print('finally')",
    "killed": "import os; os.kill(os.getpid(), 9)",
    "terminated": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "interrupted": "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(5)",
    "interrupt raised": "raise KeyboardInterrupt",
    "aborted": "import os; os.abort()",
    "handler of a signal": (
        "import os, signal\nsignal.signal(signal.SIGUSR1, lambda *_: print('caught'))\n"
        "os.kill(os.getpid(), signal.SIGUSR1)"
    ),
    "alarm": "import signal, time; signal.setitimer(signal.ITIMER_REAL, 0.05); time.sleep(5)",
    "signals as they were": (
        "import signal\nprint([signal.getsignal(s) for s in sorted(signal.valid_signals())"
        " if signal.getsignal(s) not in (0, signal.SIG_DFL)])"
    ),
    "atexit": (
        "import atexit\natexit.register(print, 'first')\natexit.register(print, 'second')\n"
        "print('main')"
    ),
    "atexit that fails": "import atexit\natexit.register(lambda: 1 / 0)\nprint('main')",
    "destructor at the end": (
        "class A:\n    def __del__(self): print('gone')\na = A()\nprint('end')"
    ),
    "destructor in a cycle": (
        "class A:\n    def __del__(self): print('gone')\na = A(); a.me = a\nprint('end')"
    ),
    "order of destructors": (
        "class A:\n    def __init__(self, n): self.n = n\n"
        "    def __del__(self): print('gone', self.n)\n"
        "a = A('a'); _b = A('b'); c = [A('c')]; del a"
    ),
    "unflushed file": "f = open('f.txt', 'w'); f.write('x' * 100)",
    "unflushed file in an import": "import writer\nprint('end')",
    "unflushed error": "import sys; sys.stderr.write('no end')",
    "closed output": "import sys; print('x'); sys.stdout.close()",
    "broken output": "import os; os.close(1); print('x')",
    "excepthook": "import sys\nsys.excepthook = lambda *a: print('hook', a[0].__name__)\n1/0",
    "excepthook that fails": (
        "import sys\ndef hook(*a):\n    raise ValueError('in hook')\nsys.excepthook = hook\n1/0"
    ),
    "warning": "import warnings; warnings.warn('careful')",
    "deprecation": "import warnings; warnings.warn('old', DeprecationWarning)",
    "odd escape": "print('\\d')",
    "thread joined at the end": (
        "import threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start()\nprint('end')"
    ),
    "daemon thread": (
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
        "class A:\n    def __del__(self): print('gone')\na = A()\nprint('end')"
    ),
    "busy daemon thread": (
        "import threading\ndef spin():\n    while True: x = [1]\n"
        "threading.Thread(target=spin, daemon=True).start()\nprint('end')"
    ),
    "thread that fails": "import threading; t = threading.Thread(target=lambda: 1/0, name='T')\n"
    "t.start(); t.join(); print('end')",
    "fork": (
        "import os\nprint('twice')\npid = os.fork()\nif pid: os.wait()\n"
        "print('child' if pid == 0 else 'parent')"
    ),
    "fork that exits": (
        "import os, sys\npid = os.fork()\nif pid == 0: sys.exit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"
    ),
    "input": "print(input('name? '))",
    "standard input": "import sys; print(repr(sys.stdin.read()), sys.stdin.isatty())",
    "streams": "import sys; print(sys.stdout.encoding, sys.stdout.errors,"
    " sys.stdout.line_buffering, sys.stdout.isatty(), sys.stderr.line_buffering,"
    " sys.stdout.name, sys.stdout.mode)",
    "bytes": "import sys; sys.stdout.buffer.write(b'caf\\xe9\\n')",
    "surrogate": "print('\\udcff')",
    "main guard": "if __name__ == '__main__':\n    print('main')",
    "import of itself": "print('loaded', __name__)\nif __name__ == '__main__':\n    import main",
    "import from the folder": "import helper; print(helper.VALUE, helper.__name__)",
    "shadowed library": "import json; print(json.MINE)",
    "pickled class": (
        "import pickle\nclass P:\n    pass\nprint(pickle.loads(pickle.dumps(P())).__class__)"
    ),
    "type hints": "x: int = 1\nprint(__annotations__)",
    "recursion": (
        "def f(): f()\ntry: f()\nexcept RecursionError as e: print(e)\nimport sys\n"
        "print(sys.getrecursionlimit())"
    ),
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nprint(P(1))",
    "unittest": (
        "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): pass\n"
        "    def test_b(self): self.fail('no')\nunittest.main()"
    ),
    "asyncio": "import asyncio\nasync def f():\n    await asyncio.sleep(0.01)\n    print('done')\n"
    "asyncio.run(f())",
    "subprocess": (
        "import subprocess, sys\nprint('first', flush=True)\n"
        "print(subprocess.run([sys.executable, '-c', 'print(6 * 7)'], text=True,"
        " capture_output=True).stdout)"
    ),
    "environment": "import os; print(os.environ['TZ'], os.environ.get('PYTHONPATH'))",
    "logging": "import logging; logging.warning('w'); logging.info('i')",
    "gc": "import gc; print(gc.isenabled(), gc.get_threshold())",
}
HELPERS = {
    "helper.py": "VALUE = 42\ndef fail():\n    raise RuntimeError('in helper')\n",
    "broken.py": "def f(:\n",
    "writer.py": "out = open('g.txt', 'w')\nout.write('y' * 100)\n",
}


def prepare(folder, name):
    folder.mkdir()
    for path, text in HELPERS.items():
        (folder / path).write_text(text)
    if name == "shadowed library":
        (folder / "json.py").write_text("MINE = 'my own'\n")
    return folder


def plainly(folder, code):
    """What plain Python does with it."""
    (folder / "main.py").write_text(code)
    home = folder.parent / "home"
    home.mkdir()
    environ = {**FIXED_ENVIRONMENT, "HOME": str(home), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, str(folder / "main.py")],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=30,
    )
    names = [Place(str(folder), "/workspace")]
    stdout, stderr = (
        normalise(text.decode("utf-8", "replace"), names) for text in (done.stdout, done.stderr)
    )
    return done.returncode, stdout, stderr, content(folder)


def content(folder):
    return {
        path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".txt", ".csv")
    }


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_cannot_tell_a_warm_cell_from_plain_python(cells, tmp_path, name):
    code = textwrap.dedent(SCRIPTS[name])
    folder = prepare(tmp_path / "warm", name)

    warm = cells.run(
        folder, code, language="python", filename="main.py", timeout_seconds=30, folder=""
    )

    expected = plainly(prepare(tmp_path / "plain", name), code)
    assert (warm.exit_code, warm.stdout, warm.stderr, content(folder)) == expected
