"""Ordinary code works in every sandbox that isolates."""

from __future__ import annotations

import pytest
from sandbox_tiers import ISOLATING, WITH_NAMESPACES, made, missing

POOL = """
import multiprocessing as m
def square(n): return n * n
if __name__ == "__main__":
    m.set_start_method({method!r})
    with m.Pool(2) as pool: print(pool.map(square, [1, 2, 3]))
"""
# (code, what it prints); the last ones only where there are namespaces.
EVERYWHERE = {
    "pandas": (
        "import pandas as pd\nd = pd.DataFrame({'k': list('aab'), 'n': [1, 2, 3]})\n"
        "d.to_csv('d.csv')\nprint(pd.read_csv('d.csv').groupby('k').n.sum().to_dict())",
        "{'a': 3, 'b': 3}\n",
    ),
    "matplotlib": (
        "import matplotlib, matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('t')\n"
        "plt.savefig('c.png')\nprint(matplotlib.get_backend().lower())\n"
        "print(open('c.png', 'rb').read(4))",
        "agg\nb'\\x89PNG'\n",
    ),
    "numpy": (
        "import numpy as np\nprint(round(float(np.linalg.det(np.eye(200) * 1.01)), 3))",
        "7.316\n",
    ),
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor as T\n"
        "with T(64) as t: print(sum(t.map(int, '12345')))",
        "15\n",
    ),
    "fork by multiprocessing": (
        "import multiprocessing as m\nif __name__ == '__main__':\n"
        "    m.set_start_method('fork')\n    one, other = m.Pipe()\n"
        "    p = m.Process(target=other.send, args=([1, 2],))\n"
        "    p.start(); print(one.recv(), p.join(), p.exitcode)",
        "[1, 2] None 0\n",
    ),
    "spawn by multiprocessing": (
        "import multiprocessing as m, os\ndef f(c): c.send(__name__)\nif __name__ == '__main__':\n"
        "    m.set_start_method('spawn')\n    one, other = m.Pipe()\n"
        "    p = m.Process(target=f, args=(other,))\n"
        "    p.start(); print(one.recv()); p.join()",
        "__mp_main__\n",
    ),
    "subprocess": (
        "import subprocess, sys\n"
        "out = subprocess.check_output('echo a | tr a b; ls', shell=True, text=True)\n"
        "print(out, end='', flush=True)\n"
        "subprocess.run([sys.executable, '-c', 'import pandas; print(pandas.__name__)'])",
        "b\nmain.py\npandas\n",
    ),
    "temporary files": (
        "import tempfile, os\nwith tempfile.TemporaryDirectory() as d:\n"
        "    p = os.path.join(d, 'x'); open(p, 'w').write('hi'); print(open(p).read())\n"
        "with tempfile.NamedTemporaryFile() as f: print(os.path.exists(f.name))",
        "hi\nTrue\n",
    ),
    "copied and moved files": (
        "import shutil, os\nos.makedirs('a/b')\nopen('a/x', 'w').write('x')\n"
        "shutil.copy('a/x', 'y'); shutil.copy2('a/x', 'a/b/z'); shutil.copytree('a', 'c')\n"
        "shutil.move('a/b', 'moved'); os.rename('y', 'c/y'); os.replace('c/y', 'c/x')\n"
        "shutil.make_archive('arch', 'zip', 'c'); shutil.unpack_archive('arch.zip', 'out')\n"
        "shutil.rmtree('a'); print(sorted(os.listdir()), os.listdir('moved'))",
        "['arch.zip', 'c', 'main.py', 'moved', 'out'] ['z']\n",
    ),
    "asyncio": (
        "import asyncio\nasync def main():\n"
        "    p = await asyncio.create_subprocess_exec('echo', 'hi', stdout=-1)\n"
        "    out = (await p.communicate())[0]\n"
        "    print(out, await asyncio.to_thread(len, 'abc'), *await asyncio.gather(\n"
        "        asyncio.sleep(0.01, 1), asyncio.sleep(0.01, 2)))\n"
        "asyncio.run(main())",
        "b'hi\\n' 3 1 2\n",
    ),
    "sqlite3": (
        "import sqlite3\nc = sqlite3.connect('x.db')\nc.execute('pragma journal_mode=wal')\n"
        "c.execute('create table t(n)'); c.executemany('insert into t values(?)', [(1,), (2,)])\n"
        "c.commit(); print(c.execute('select sum(n) from t').fetchone())",
        "(3,)\n",
    ),
    "unittest": (
        "import unittest, sys\nclass T(unittest.TestCase):\n"
        "    def test(self): self.assertEqual(1, 1)\n"
        "r = unittest.main(exit=False, argv=['x']).result\n"
        "print(r.testsRun, r.wasSuccessful())",
        "1 True\n",
    ),
    "pytest": (
        "open('test_it.py', 'w').write('def test_a(tmp_path): (tmp_path / \"x\").touch()')\n"
        "import pytest; print(int(pytest.main(['-q', '--no-summary'])))",
        "0\n",
    ),
    "pytest as a program": (
        "open('test_it.py', 'w').write('def test_a(): assert 1 == 2')\n"
        "import subprocess, sys\n"
        "print(subprocess.run([sys.executable, '-m', 'pytest', '-q']).returncode)",
        "1\n",
    ),
    "output by device": (
        "print('a', file=open('/dev/stdout', 'w')); open('/dev/null', 'w').write('x')\n"
        "print(len(open('/dev/urandom', 'rb').read(3)))",
        "a\n3\n",
    ),
    "a long script": (
        "\n".join(f"x{n} = {n}" for n in range(20_000)) + "\nprint(x19999)",
        "19999\n",
    ),
    "names and places": (
        "import getpass, os, pathlib\nprint(getpass.getuser(), pathlib.Path.home().is_dir())\n"
        "pathlib.Path.home().joinpath('.config').mkdir(exist_ok=True)",
        "agent True\n",
    ),
    "time zones and locales": (
        "import zoneinfo, datetime, locale, time\nlocale.setlocale(locale.LC_ALL, '')\n"
        "print(time.tzname[0], datetime.datetime(2026, 1, 1).astimezone().utcoffset())",
        "UTC 0:00:00\n",
    ),
    "processor count": (
        "import os; print(os.cpu_count() >= 1, len(os.sched_getaffinity(0)) >= 1)",
        "True True\n",
    ),
    "memory mapped file": (
        "import mmap\nopen('m', 'wb').write(b'abc')\n"
        "with open('m', 'r+b') as f, mmap.mmap(f.fileno(), 0) as m: m[0:1] = b'z'\n"
        "print(open('m').read())",
        "zbc\n",
    ),
}
WITH_A_NETWORK = {
    "pool by fork": (POOL.format(method="fork"), "[1, 4, 9]\n"),
    "pool by spawn": (POOL.format(method="spawn"), "[1, 4, 9]\n"),
    "pool by forkserver": (POOL.format(method="forkserver"), "[1, 4, 9]\n"),
    "queue and lock": (
        "import multiprocessing as m\ndef f(q, l, v):\n    with l: v.value += 1; q.put(v.value)\n"
        "if __name__ == '__main__':\n    q, l, v = m.Queue(), m.Lock(), m.Value('i', 0)\n"
        "    ps = [m.Process(target=f, args=(q, l, v)) for _ in range(3)]\n"
        "    [p.start() for p in ps]; print(sorted(q.get() for _ in ps)); [p.join() for p in ps]",
        "[1, 2, 3]\n",
    ),
    "manager": (
        "import multiprocessing as m\nif __name__ == '__main__':\n    with m.Manager() as g:\n"
        "        d = g.dict()\n        p = m.Process(target=d.update, args=({'a': 1},))\n"
        "        p.start(); p.join(); print(dict(d))",
        "{'a': 1}\n",
    ),
    "shared memory": (
        "from multiprocessing.shared_memory import SharedMemory\n"
        "s = SharedMemory(create=True, size=8); s.buf[0] = 7\n"
        "o = SharedMemory(s.name); print(o.buf[0]); o.close(); s.close(); s.unlink()",
        "7\n",
    ),
    "processes of concurrent.futures": (
        "from concurrent.futures import ProcessPoolExecutor as P\nif __name__ == '__main__':\n"
        "    with P(2) as p: print(list(p.map(abs, [-1, -2])))",
        "[1, 2]\n",
    ),
    "http on loopback": (
        "import threading, urllib.request\nfrom http.server import *\n"
        "class H(BaseHTTPRequestHandler):\n    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers(); self.wfile.write(b'hi')\n"
        "    def log_message(self, *a): pass\n"
        "s = ThreadingHTTPServer(('localhost', 0), H)\n"
        "threading.Thread(target=s.serve_forever, daemon=True).start()\n"
        "print(urllib.request.urlopen(f'http://localhost:{s.server_port}/').read()); s.shutdown()",
        "b'hi'\n",
    ),
    "asyncio server": (
        "import asyncio\nasync def serve(r, w): w.write(await r.readline()); w.close()\n"
        "async def main():\n    s = await asyncio.start_server(serve, '127.0.0.1', 0)\n"
        "    r, w = await asyncio.open_connection(*s.sockets[0].getsockname())\n"
        "    w.write(b'hi\\n'); print(await r.readline()); w.close(); s.close()\n"
        "asyncio.run(main())",
        "b'hi\\n'\n",
    ),
    "unix socket": (
        "import socket\na = socket.socket(socket.AF_UNIX); a.bind('s'); a.listen()\n"
        "b = socket.socket(socket.AF_UNIX); b.connect('s'); c, _ = a.accept()\n"
        "b.send(b'x'); print(c.recv(1))",
        "b'x'\n",
    ),
    "permissions": (
        "import os, subprocess\nopen('r.sh', 'w').write('#!/bin/sh\\necho ran\\n')\n"
        "os.chmod('r.sh', 0o755); os.utime('r.sh', (5, 5)); subprocess.run(['./r.sh'])\n"
        "print(int(os.stat('r.sh').st_mtime))",
        "ran\n5\n",
    ),
    "processes": (
        "import os\nprint(sorted(filter(str.isdigit, os.listdir('/proc'))) == ['1', '2'],"
        " os.getpid(), os.getppid())",
        "True 2 1\n",
    ),
}
SHELL = {
    "pipes": ("seq 3 | sort -r | head -1; echo $((6*7)); echo err >&2", "3\n42\n", "bash"),
    "arrays and substitution": (
        "a=(x y); cat <(echo ${a[1]}); [[ -d /tmp ]] && echo yes",
        "y\nyes\n",
        "bash",
    ),
    "here document": ("cat > f <<'END'\nhello\nEND\ncat f; rm f", "hello\n", "sh"),
    "python": (
        "python -c 'import sys; print(sys.argv[1:])' a b; python3 --version | cut -c1-8",
        "['a', 'b']\nPython 3\n",
        "sh",
    ),
    "files": (
        "mkdir -p a/b; touch a/b/c; cp -r a d; mv d/b e\n"
        "find . -name c | sort; tar cf t a; tar tf t | wc -l",
        "./a/b/c\n./e/c\n3\n",
        "sh",
    ),
    "streams": (
        "echo a > /dev/stderr; echo b | tee /dev/stderr > /dev/null; echo c > /dev/stdout",
        "c\n",
        "sh",
    ),
}


@pytest.fixture(scope="module")
def sandboxes():
    found = {tier: made(tier) for tier in ISOLATING if missing(tier) is None}
    yield found
    for sandbox in found.values():
        sandbox.close()


@pytest.fixture
def run_in(sandboxes, workspace):
    def start(tier, code, language="python", **options):
        if tier not in sandboxes:
            pytest.skip(f"{tier}: {missing(tier)}")
        return sandboxes[tier].run(
            workspace,
            code,
            language=language,
            filename="main.py",
            timeout_seconds=60,
            **options,
        )

    return start


@pytest.mark.parametrize("tier", ISOLATING)
@pytest.mark.parametrize("name", EVERYWHERE)
def test_ordinary_python_works(run_in, tier, name):
    code, expected = EVERYWHERE[name]

    done = run_in(tier, code)

    assert done.exit_code == 0, done.output
    assert done.stdout.endswith(expected)
    assert done.limit is None


@pytest.mark.parametrize("tier", WITH_NAMESPACES)
@pytest.mark.parametrize("name", WITH_A_NETWORK)
def test_python_that_talks_to_itself_works_in_namespaces(run_in, tier, name):
    code, expected = WITH_A_NETWORK[name]

    done = run_in(tier, code)

    assert (done.exit_code, done.stdout, done.stderr) == (0, expected, "")


@pytest.mark.parametrize("tier", ISOLATING)
@pytest.mark.parametrize("name", SHELL)
def test_ordinary_shell_works(run_in, tier, name):
    code, expected, language = SHELL[name]

    done = run_in(tier, code, language)

    assert done.exit_code == 0, done.output
    assert done.stdout == expected


@pytest.mark.parametrize("tier", ISOLATING)
def test_a_folder_of_the_workspace_can_be_the_working_directory(run_in, workspace, tier):
    (workspace / "part").mkdir()
    (workspace / "part" / "helper.py").write_text("name = 'inner'")

    done = run_in(tier, "import os, helper; print(os.getcwd(), helper.name)", folder="part")

    assert done.output == "/workspace/part inner\n"


@pytest.mark.parametrize("tier", ISOLATING)
def test_a_file_that_hides_a_preloaded_library_hides_it(run_in, workspace, tier):
    (workspace / "pandas.py").write_text("MINE = 'my own pandas'")
    (workspace / "calendar.csv").touch()
    (workspace / "random").mkdir()

    done = run_in(tier, "import pandas, random; print(pandas.MINE, random.choice('a'))")

    assert (done.exit_code, done.output) == (0, "my own pandas a\n")


@pytest.mark.parametrize("tier", ["landlock"])
def test_without_namespaces_a_block_is_told_that_it_cannot_share_locks(run_in, tier):
    done = run_in(tier, "import multiprocessing; multiprocessing.Lock()")

    assert done.exit_code == 1
    assert "PermissionError: [Errno 13] Permission denied" in done.stderr
