"""The same block prints the same bytes in another folder, for another user, another Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import sandbox_tiers
from sandbox_tiers import made

import harness

BLOCKS = {
    "traceback": "import json\n\ndef read(text):\n    return json.loads(text)\n\nread('{')",
    "unittest": (
        "import time, unittest\n"
        "class T(unittest.TestCase):\n"
        "    def test_ok(self): time.sleep(0.01)\n"
        "    def test_wrong(self): self.assertEqual(1, 2)\n"
        "unittest.main()"
    ),
    "address": "print(object(), [object], lambda: 0)",
    "cwd": "import os; print(os.getcwd(), os.path.abspath('x'), __file__)",
    "temporary files": (
        "import os, tempfile\n"
        "print(tempfile.mkdtemp(), tempfile.NamedTemporaryFile(suffix='.csv').name)\n"
        "print(tempfile.gettempdir(), os.path.expanduser('~/x'))"
    ),
    "user": "import getpass; print(getpass.getuser())",
    "interpreter": "import json, sys; print(json.__file__, sys.executable)",
    "sets": "print({'a', 'b', 'c', 'd', 'e'}, hash('x'))",
    "local time": "import time; print(time.tzname, time.strftime('%A', time.gmtime(0)))",
    "missing file": "open('sales.csv')",
    "syntax error": "print('a'\nprint('b')",
}
SCRIPT = """
import json, sys, tempfile
from pathlib import Path
from sandbox_tiers import made

sandbox = made(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    print(json.dumps({
        name: sandbox.run(
            Path(folder), code, language="python", filename="main.py", timeout_seconds=20
        ).output
        for name, code in json.load(sys.stdin).items()
    }))
"""


def outputs(sandbox, workspace):
    workspace.mkdir(parents=True)
    return {
        name: sandbox.run(
            workspace, code, language="python", filename="main.py", timeout_seconds=20
        ).output
        for name, code in BLOCKS.items()
    }


@pytest.fixture(scope="module")
def here(sandbox, tmp_path_factory):
    return outputs(sandbox, tmp_path_factory.mktemp("here") / "workspace")


@pytest.fixture(scope="module")
def plainly(tmp_path_factory):
    return outputs(made("none"), tmp_path_factory.mktemp("plainly") / "workspace")


def test_no_sandbox_changes_what_a_block_prints(here, plainly):
    assert here == plainly


def test_nothing_of_this_machine_is_left_in_the_output(here, tmp_path_factory):
    text = "".join(here.values())

    private = (str(tmp_path_factory.getbasetemp()), sys.prefix, sys.base_prefix, "0x7", "0x5")
    assert [word for word in private if word in text] == []
    assert here["cwd"] == "/workspace /workspace/x /workspace/main.py\n"
    assert here["temporary files"] == "/tmp/tmp… /tmp/tmp….csv\n/tmp /home/x\n"
    assert here["address"] == (
        "<object object at 0x…> [<class 'object'>] <function <lambda> at 0x…>\n"
    )
    assert "Ran 2 tests in 0.000s" in here["unittest"]
    assert 'File "<python>/lib/json/decoder.py"' in here["traceback"]


def test_another_folder_and_temporary_folder_make_no_difference(here, tier, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")

    sandbox = made(tier)
    there = outputs(sandbox, tmp_path / "another place" / "w-1.x" / "workspace")
    sandbox.close()

    assert there == here


def other_python():
    """A second interpreter of this version that everybody may run."""
    candidate = Path("/usr/bin/python3")
    if not candidate.exists():
        return None
    code = "import sys; print(sys.version_info[:2] == " + repr(sys.version_info[:2]) + ")"
    answer = subprocess.run([candidate, "-c", code], capture_output=True, text=True, check=False)
    return candidate if answer.stdout == "True\n" else None


@pytest.mark.skipif(sys.platform != "linux" or os.getuid() != 0, reason="only root can change user")
@pytest.mark.skipif(other_python() is None, reason="no second Python of this version")
def test_another_user_with_another_python_makes_no_difference(here, tier):
    files = (harness.__file__, msgspec.__file__, sandbox_tiers.__file__)
    libraries = [Path(files[0]).parents[1], Path(files[1]).parents[1], Path(files[2]).parent]

    done = subprocess.run(
        [str(other_python()), "-c", SCRIPT, tier],
        input=json.dumps(BLOCKS),
        capture_output=True,
        text=True,
        check=False,
        user=65534,
        group=65534,
        extra_groups=[],
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(map(str, libraries))},
    )

    assert done.stderr == ""
    assert json.loads(done.stdout) == here


def test_pytest_run_by_agents_prints_the_same_each_time(run, workspace):
    (workspace / "test_it.py").write_text(
        "".join(f"def test_{n}(): pass\n" for n in range(9)) + "def test_no(): assert 0\n"
    )
    code = "import pytest, sys; sys.exit(pytest.main(['-v', '--no-header']))"

    first, second = run(code), run(code)

    assert first.exit_code == 1
    assert first.output == second.output
    assert "1 failed, 9 passed in 0.00s =" in first.output
    assert first.output.index("test_0 PASSED") < first.output.index("test_8 PASSED")
    assert sorted(path.name for path in workspace.iterdir()) == ["main.py", "test_it.py"]
