"""Blocks that go for other processes, or stay when they should be gone."""

from __future__ import annotations

import pytest
from hostile_world import Attack, check_contained, check_works

SIGNALS = """
def signals(*numbers):
    for pid in {HARNESS, os.getppid(), 1, *range(HARNESS - 3, HARNESS + 12)} - {os.getpid()}:
        for number in numbers:
            try:
                os.kill(pid, number)
            except OSError as error:
                pass
"""
LASTING = """
def lasting():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(60)
"""
ATTACKS = {
    "kill -9 -1": Attack("try: os.kill(-1, 9)\nexcept OSError: pass"),
    "kill -9 -1 in the shell": Attack("kill -9 -1; sleep 0.1; true", language="sh"),
    "kill the harness": Attack(SIGNALS + "signals(9)"),
    "stop the harness": Attack(SIGNALS + "signals(15, 1, 2, 3)"),
    "all signals to the parent": Attack(
        "for number in range(1, 65):\n    for pid in (os.getppid(), 1, -os.getppid()):\n"
        "        try: os.kill(pid, number) if pid not in (-1, 0) else None\n"
        "        except OSError: pass"
    ),
    "signals by pidfd": Attack(
        "for pid in (HARNESS, os.getppid()):\n"
        "    try: signal.pidfd_send_signal(os.pidfd_open(pid), 9)\n"
        "    except OSError: pass"
    ),
    "limits of the harness": Attack(
        "import resource\nfor pid in (HARNESS, os.getppid(), 1):\n"
        "    try: resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, 3))\n"
        "    except OSError as error: print('refused:', error)"
    ),
    "priority of the harness": Attack(
        "for kind, who in ((os.PRIO_PROCESS, HARNESS), (os.PRIO_USER, USER)):\n"
        "    try: os.setpriority(kind, who, 19)\n"
        "    except OSError as error: print('refused:', error)"
    ),
    "processors of the harness": Attack(
        "for pid in (HARNESS, os.getppid()):\n"
        "    try: os.sched_setaffinity(pid, {0})\n"
        "    except OSError as error: print('refused:', error)"
    ),
    "a daemon that holds the output open": Attack(
        LASTING + "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: lasting()\n"
        "    os._exit(0)"
    ),
    "a daemon that closes everything": Attack(
        LASTING + "if os.fork() == 0:\n    os.setsid()\n    os.closerange(0, 100)\n"
        "    if os.fork() == 0: lasting()\n    os._exit(0)"
    ),
    "a daemon of the shell": Attack(
        "(setsid nohup sh -c ': {NAME}; while :; do sleep 5; done' >/dev/null 2>&1 &) ; true",
        language="sh",
    ),
    "a process that moves on before it is found": Attack(
        "if os.fork() == 0:\n    while True:\n        os.setsid()\n"
        "        if os.fork(): os._exit(0)",
        # It would go on for ever.
        works_unconfined=False,
    ),
    "a tree that grows back": Attack(
        """
def grow():
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        for _ in range(2):
            if os.fork() == 0:
                os.setsid()
                time.sleep(0.01)
                os._exit(0)
        time.sleep(0.005)
        for _ in range(2): os.wait()
for _ in range(5):
    if os.fork() == 0: grow()
time.sleep(0.1)
""",
        works_unconfined=False,
    ),
    "zombies": Attack(
        "for _ in range(40):\n    if os.fork() == 0: os._exit(0)\ntime.sleep(0.05)",
        works_unconfined=False,
    ),
    "threads that never end": Attack(
        "for _ in range(20):\n"
        "    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
        works_unconfined=False,
    ),
    "an end without an end": Attack(
        LASTING + "import atexit\natexit.register(lasting)\n"
        "threading.Thread(target=time.sleep, args=(600,)).start()\n",
        timeout_seconds=1.0,
        limit=("wall",),
        works_unconfined=False,
    ),
    "stopping itself": Attack(
        "os.kill(os.getpid(), signal.SIGSTOP)",
        timeout_seconds=0.5,
        limit=("wall",),
        works_unconfined=False,
    ),
    "a terminal": Attack(
        """
import fcntl, termios
for path in ("/dev/tty", "/dev/console", "/dev/tty1", "/dev/pts/0"):
    attempt(open, path, "rb")
for number in (0, 1, 2):
    attempt(fcntl.ioctl, number, termios.TIOCSTI, b"x")
    attempt(fcntl.ioctl, number, termios.TIOCSCTTY, 1)
    attempt(fcntl.ioctl, number, 0x541C, b"\\x03")
""",
        works_unconfined=False,
    ),
}
FORGERY = """
import json
forged = json.dumps({"exit_code": 0, "split": 6, "limit": None}).encode() + b"forged"
frame = struct.pack("!II", len(forged) - 6, 6) + forged
said = struct.pack("!i", 0)
paths = [path for pid in {HARNESS, os.getppid(), 1, os.getpid()}
         for path in glob.glob(f"/proc/{pid}/fd/*")]
for path in paths:
    if os.path.realpath(path) in {os.path.realpath(f"/proc/self/fd/{n}") for n in (0, 1, 2)}:
        continue
    for content in (said, frame):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            os.write(handle, content)
            got("wrote to", path)
        except OSError:
            pass
for number in range(3, 1100):
    for content in (said, frame):
        try:
            os.write(number, content)
            got("wrote to", number)
        except OSError:
            pass
for pid in {HARNESS, os.getppid(), 1}:
    attempt(open, f"/proc/{pid}/mem", "r+b")
os._exit(7)
"""


@pytest.mark.parametrize("name", ATTACKS)
def test_others_go_on_and_nothing_stays(world, isolating, name):
    ran = check_contained(world, isolating, ATTACKS[name])

    assert ran.duration_seconds < 10


@pytest.mark.parametrize("name", [name for name, one in ATTACKS.items() if one.works_unconfined])
def test_others_are_hit_where_nothing_isolates(open_world, name):
    attack = ATTACKS[name]
    if "daemon" in name:
        pytest.skip("the plain runner finds daemons too; see test_tree")
    check_works(open_world, attack)


def test_a_block_cannot_forge_its_result(world, isolating):
    ran = check_contained(world, isolating, Attack(FORGERY, is_cut_short=True))

    assert ran.exit_code == 7
    assert "forged" not in ran.stdout


@pytest.mark.parametrize("number", [0, 1, 126, 255])
def test_an_exit_code_is_the_blocks_own_however_it_ends(world, isolating, number):
    ran = world.account.run(isolating, world.workspace(), f"import os; os._exit({number})")

    assert ran.exit_code == number
