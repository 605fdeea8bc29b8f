"""Nothing of a block reaches the next one: not its state, its files, its processes, its traps."""

from __future__ import annotations

import os

import pytest
from hostile_world import Attack, check_contained

# (what one block does, what the next one prints if it notices nothing)
LEFT = {
    "modules": (
        "import sys, json\nsys.modules['json'] = None\njson.dumps = None",
        "import json; print(json.dumps(1))",
        "1",
    ),
    "patched builtins": (
        "import builtins\nbuiltins.print = builtins.len = None",
        "print(len('ab'))",
        "2",
    ),
    "patched library": (
        "import pandas\npandas.DataFrame = None",
        "import pandas; print(pandas.DataFrame is None)",
        "False",
    ),
    "rcParams": (
        "import matplotlib\nmatplotlib.rcParams['font.size'] = 99",
        "import matplotlib; print(matplotlib.rcParams['font.size'])",
        "10.0",
    ),
    "figures": (
        "import matplotlib.pyplot as p\np.figure(); p.figure()",
        "import matplotlib.pyplot as p; print(p.get_fignums())",
        "[]",
    ),
    "options of pandas": (
        "import pandas\npandas.set_option('display.max_rows', 7)",
        "import pandas; print(pandas.get_option('display.max_rows'))",
        "60",
    ),
    "working directory": (
        "import os; os.chdir('/')",
        "import os; print(os.getcwd())",
        "/workspace",
    ),
    "environment": (
        "import os; os.environ['X'] = os.environ['PATH'] = 'x'",
        "import os; print(os.environ.get('X'), len(os.environ['PATH']) > 1)",
        "None True",
    ),
    "search path": (
        "import sys; sys.path.insert(0, '/tmp/x')",
        "import sys; print('/tmp/x' in sys.path)",
        "False",
    ),
    "signal handlers": (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "import signal; print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)",
        "True",
    ),
    "umask and limits": (
        "import os, resource; os.umask(0o777); resource.setrlimit(resource.RLIMIT_NOFILE, (5, 5))",
        "import os, resource; print(oct(os.umask(0)), "
        "resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 100)",
        "0o22 True",
    ),
    "exit functions": ("import atexit; atexit.register(print, 'left')", "print('clean')", "clean"),
    "threads": (
        "import threading, time; threading.Thread(target=time.sleep, args=(99,), "
        "daemon=True).start()",
        "import threading; print(threading.active_count())",
        "1",
    ),
    "temporary files": (
        "for p in ('/tmp/left', '/dev/shm/left'):\n    try: open(p, 'w').write('x')\n"
        "    except OSError: pass\nimport tempfile; open(tempfile.gettempdir() + '/left', "
        "'w').close()",
        "import os, tempfile; print(any(map(os.path.exists, ('/tmp/left', '/dev/shm/left', "
        "tempfile.gettempdir() + '/left'))))",
        "False",
    ),
    "home": (
        "import os; open(os.path.expanduser('~/.pythonrc'), 'w').close(); "
        "os.makedirs(os.path.expanduser('~/.local'), exist_ok=True)",
        "import os; print(sorted(os.listdir(os.path.expanduser('~'))))",
        "[]",
    ),
    "random numbers": (
        "import random, numpy; random.seed(5); numpy.random.seed(5)",
        "import random, numpy; print(random.random(), numpy.random.rand())",
        "0.8444218515250481 0.5488135039273248",
    ),
    "recursion and switching": (
        "import sys; sys.setrecursionlimit(77); sys.setswitchinterval(1)",
        "import sys; print(sys.getrecursionlimit(), sys.getswitchinterval())",
        "1000 0.005",
    ),
    "warnings and hooks": (
        "import sys, warnings; warnings.simplefilter('error'); sys.excepthook = None; "
        "sys.meta_path.clear()",
        "import warnings, sys; warnings.warn('w'); print(len(sys.meta_path) > 2)",
        "True",
    ),
    "priority": (
        "import os; os.nice(3)",
        f"import os; print(os.nice(0) in ({os.nice(0)}, {min(os.nice(0) + 10, 19)}))",
        "True",
    ),
    "name of the process": (
        "open('/proc/self/comm', 'w').write('x') if 0 else None",
        "print('same')",
        "same",
    ),
}


@pytest.fixture
def run_in_new(cells, tmp_path):
    """Each block in a workspace of its own, as of another sample."""

    def start(code):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        return cells.run(folder, code, language="python", filename="main.py", timeout_seconds=30)

    return start


@pytest.mark.parametrize("name", LEFT)
def test_a_block_finds_nothing_of_the_one_before(run_in_new, name):
    before, after, expected = LEFT[name]

    first, second = run_in_new(before), run_in_new(after)

    assert first.exit_code == 0, first.stderr
    assert second.stdout == f"{expected}\n", second.stderr


def test_random_numbers_are_the_same_in_every_block(run_in_new):
    code = "import random, numpy\nprint(random.random(), numpy.random.rand(2), hash('a'))"

    outputs = {run_in_new(code).stdout for _ in range(3)}

    assert len(outputs) == 1


TRAPS = {
    "a socket for who comes next": (
        "s = socket.socket(socket.AF_UNIX)\ns.bind(f'\\0{NAME}')\ns.listen()\n"
        "if os.fork() == 0:\n    os.setsid()\n    while True: s.accept()",
        "s = socket.socket(socket.AF_UNIX)\nattempt(s.connect, f'\\0{NAME}')",
    ),
    "a port for who comes next": (
        "s = socket.create_server(('127.0.0.1', 4711))\n"
        "if os.fork() == 0:\n    os.setsid()\n    while True: s.accept()",
        "s = socket.socket()\nattempt(s.connect, ('127.0.0.1', 4711))",
    ),
    "a process that waits": (
        "if os.fork() == 0:\n    os.setsid()\n    while True:\n"
        "        for pid in range(1, 40):\n"
        "            try: pid != os.getpid() and os.kill(pid, 9)\n"
        "            except OSError: pass\n        time.sleep(0.01)",
        "time.sleep(0.2)",
    ),
    "the server's memory": (
        "for pid in (HARNESS, os.getppid(), os.getppid() - 1, 1):\n"
        "    attempt(open, f'/proc/{pid}/mem', 'r+b')\n    attempt(open, "
        "f'/proc/{pid}/clear_refs', 'w')",
        "",
    ),
    "the server's socket": (
        "for number in range(3, 2000):\n    try: socket.socket(fileno=os.dup(number)); "
        "got(number)\n"
        "    except OSError: pass\n"
        "for path in glob.glob('/proc/*/fd/*'):\n    try: link = os.readlink(path)\n"
        "    except OSError: continue\n    if 'socket' in link: got(path, link)",
        "",
    ),
    "files in the interpreter": (
        "import site, pandas\nplaces = [pandas.__file__, os.__file__, *site.getsitepackages()]\n"
        "for place in places:\n    folder = os.path.dirname(place)\n"
        "    attempt(open, f'{folder}/sitecustomize.py', 'w')\n    attempt(open, place, 'a')\n"
        "    attempt(os.makedirs, f'{folder}/__pycache__/{NAME}')",
        "try: import sitecustomize; got('sitecustomize')\nexcept ImportError: pass",
    ),
    "programs on the search path": (
        "for folder in os.environ['PATH'].split(':'): attempt(open, f'{folder}/{NAME}', 'w')",
        "",
    ),
}


@pytest.mark.parametrize("name", TRAPS)
def test_no_trap_is_left_for_the_next_block(world, isolating, name):
    trap, step = TRAPS[name]
    may_fail = "try:\n" + "".join(f"    {line}\n" for line in trap.splitlines())
    may_fail += "except OSError as error: print('refused:', error)\n"

    # The process that waits may kill the block that started it, before its end.
    check_contained(world, isolating, Attack(may_fail, is_cut_short=name == "a process that waits"))
    check_contained(world, isolating, Attack("try:\n    pass\n" + "finally: pass\n" + _safe(step)))


def _safe(step):
    lines = "".join(f"    {line}\n" for line in (step or "pass").splitlines())
    return f"try:\n{lines}except OSError as error: print('refused:', error)\n"


def test_the_harness_does_not_grow(world, isolating):
    def state():
        return world.account.ask(state=True)

    world.account.run(isolating, world.workspace(), "print(1)")
    before = state()

    for _ in range(20):
        world.account.run(isolating, world.workspace(), "print('x' * 100_000)", output_kb=64)

    after = state()
    assert after["resident_kb"] - before["resident_kb"] < 4_000
    assert after["descriptors"] == before["descriptors"]
    assert after["mounts"] == before["mounts"]
