"""Blocks that take more than they may: told by the name of the limit, and harmless for others."""

from __future__ import annotations

import time

import pytest
from hostile_world import Attack, check_contained

# Bounded, so that a sandbox that fails here does not take the machine with it.
FORKS = """
def bomb(most):
    for _ in range(most):
        try:
            if os.fork() == 0:
                {child}
        except OSError:
            time.sleep(0.01)
bomb({most})
time.sleep(60)
"""
# Where a watcher guards the disk, a block that is quick would be over before it has looked.
STAY = "\ntime.sleep(60)"
FILL = (
    "block = bytes(1 << 20)\nfor n in range(200):\n    open(f'{place}/{n}', 'wb').write(block)"
    + STAY
)
# (limits that may be named, code, further limits)
ATTACKS = {
    "fork bomb": (("processes",), FORKS.format(child="time.sleep(60)", most=2000), {}),
    "fork bomb that grows": (("processes",), FORKS.format(child="pass", most=11), {}),
    "fork bomb in new sessions": (("processes",), FORKS.format(child="os.setsid()", most=11), {}),
    "threads": (
        ("processes",),
        "for _ in range(2000):\n    try: threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "    except RuntimeError: time.sleep(0.01)",
        {},
    ),
    "memory of one process": (
        ("memory",),
        "kept = []\nwhile True: kept.append(bytearray(16 << 20))",
        {},
    ),
    "memory of several processes": (
        ("memory",),
        "for _ in range(6):\n    if os.fork() == 0: break\n"
        "kept = bytearray(120 << 20)\ntime.sleep(60)",
        {},
    ),
    "memory of processes that forbid to look": (
        ("memory",),
        "for _ in range(6):\n    if os.fork() == 0: break\n"
        "libc.prctl(4, 0, 0, 0, 0)\nkept = bytearray(120 << 20)\ntime.sleep(60)",
        {},
    ),
    "processor time": (("cpu",), "while True: pass", {"cpu_seconds": 0.5}),
    "processor time of many": (
        ("cpu",),
        "for _ in range(4): os.fork()\nwhile True: pass",
        {"cpu_seconds": 0.5},
    ),
    "processor time of orphans": (
        ("cpu",),
        "while True:\n    if os.fork() == 0:\n"
        "        if os.fork() == 0:\n"
        "            while time.process_time() < 0.2: pass\n"
        "        os._exit(0)\n    os.wait()\n    time.sleep(0.2)",
        {"cpu_seconds": 0.5},
    ),
    "disk": (("disk",), FILL.replace("{place}", "."), {}),
    "disk in the temporary folder": (
        ("disk",),
        "import tempfile\nplace = tempfile.mkdtemp()\n" + FILL,
        {},
    ),
    "disk at home": (("disk",), "place = os.path.expanduser('~')\n" + FILL, {}),
    "disk in deep folders": (
        ("disk", "files"),
        "for _ in range(100):\n    os.mkdir('d')\n    os.chdir('d')\n"
        + FILL.replace("{place}", "."),
        {},
    ),
    "one huge file of the shell": (
        ("disk",),
        None,
        {},
    ),
    "30,000 files": (
        ("files",),
        "for n in range(30_000): open(str(n), 'w').close()" + STAY,
        {},
    ),
    "30,000 folders": (("files",), "for n in range(30_000): os.mkdir(str(n))" + STAY, {}),
    "30,000 links": (
        ("files",),
        "open('x', 'w').close()\nfor n in range(30_000): os.link('x', str(n))" + STAY,
        {},
    ),
    "endless output": (("output",), "while True: print('x' * 10_000)", {}),
    "endless errors": (("output",), "while True: print('x' * 10_000, file=sys.stderr)", {}),
    "endless output of a daemon": (
        ("output",),
        "if os.fork() == 0:\n    os.setsid()\n    while True: print('x' * 10_000)\ntime.sleep(60)",
        {},
    ),
    "endless time": (("wall",), "time.sleep(600)", {"timeout_seconds": 0.3}),
}
SHELL = "cat /dev/zero > huge"


def attack_of(name):
    limit, code, more = ATTACKS[name]
    more = dict(more)
    seconds = more.pop("timeout_seconds", 30.0)
    return Attack(
        code or SHELL,
        language="python" if code else "sh",
        limit=limit,
        limits=more,
        timeout_seconds=seconds,
    )


@pytest.mark.parametrize("name", ATTACKS)
def test_who_takes_too_much_is_ended_and_told_why(world, isolating, name):
    before = world.account.ask(state=True)
    started = time.monotonic()

    ran = check_contained(world, isolating, attack_of(name))

    assert ran.exit_code != 0
    assert time.monotonic() - started < 25
    assert len(ran.output) < 4 * 64 * 1024
    after = world.account.ask(state=True)
    assert after["resident_kb"] - before["resident_kb"] < 20_000
    assert after["descriptors"] <= before["descriptors"] + 4
    if ran.limit != "wall":
        assert "Ended: this code may use " in ran.stderr


@pytest.mark.parametrize(
    "code",
    [
        "open('s', 'wb').truncate(1 << 40)",
        "handle = open('s', 'wb')\nhandle.seek(1 << 40)\nhandle.write(b'x')\nhandle.flush()",
    ],
)
def test_a_sparse_file_cannot_claim_a_terabyte(world, isolating, code):
    ran = world.account.run(isolating, world.workspace(), f"import os\n{code}", disk_mb=32)

    assert ran.exit_code == 1
    assert "File too large" in ran.stderr or "No space left" in ran.stderr


def test_sparse_files_bring_home_no_more_than_the_limit(world, isolating):
    workspace = world.workspace()
    code = "for n in range(100): open(f's{n}', 'wb').truncate(30 << 20)"

    ran = world.account.run(isolating, workspace, code, disk_mb=32)

    assert ran is not None
    used = sum(path.stat().st_blocks * 512 for path in workspace.iterdir())
    assert used <= 33 << 20


def test_within_its_limits_a_block_is_not_bothered(world, isolating):
    code = (
        "import os, time\nfor n in range(30):\n"
        "    if os.fork() == 0: time.sleep(0.2); os._exit(0)\n"
        "open('f', 'wb').write(bytes(20 << 20))\nx = bytearray(100 << 20)\ntime.sleep(0.2)\n"
        "for n in range(500): open(f'{n}', 'w').close()\nprint('x' * 30_000)\n"
    )
    limits = {"memory_mb": 900, "processes": 60, "files": 800, "disk_mb": 32, "output_kb": 64}

    ran = world.account.run(isolating, world.workspace(), code, **limits)

    assert (ran.exit_code, ran.limit) == (0, None), ran.stderr
    assert ran.peak_memory_bytes > 100 << 20
