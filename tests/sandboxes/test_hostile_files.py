"""Blocks that write where they must not, and workspaces that are traps for who looks into them."""

from __future__ import annotations

import pytest
from hostile_world import Attack, check_contained, check_works

from harness.sandboxes.artefacts import collect_artefacts

NOT = "\ntry: {}\nexcept OSError as error: print('refused:', error)\n"
QUIETLY = """
def quietly(function, *arguments, **options):
    try:
        function(*arguments, **options)
    except OSError as error:
        print("refused:", error)
"""
ATTACKS = {
    "new files elsewhere": Attack(
        """
import site
places = [FOLDER, f"{FOLDER}/home", f"{FOLDER}/samples/other/workspace", "/", "/etc", "/usr/bin",
          "/var/tmp", "/root", "..", "/proc/sys/kernel", "/sys", sys.prefix, "/opt", "/dev",
          os.path.dirname(os.__file__), *site.getsitepackages()]
for place in places:
    attempt(open, f"{place}/{NAME}", "w")
    attempt(os.mkdir, f"{place}/{NAME}-folder")
    attempt(os.symlink, "/", f"{place}/{NAME}-link")
"""
    ),
    "files in places that all share": Attack(
        QUIETLY + "for place in ('/tmp', '/dev/shm', '/var/tmp', '/var/lock', '/run'):\n"
        "    quietly(lambda: open(f'{place}/{NAME}', 'w').write('x'))"
    ),
    "shared memory left behind": Attack(
        QUIETLY + "from multiprocessing import shared_memory\n"
        "quietly(shared_memory.SharedMemory, name=NAME, create=True, size=4096)\n"
        "os._exit(0)",
        is_cut_short=True,
    ),
    "changed files": Attack(
        QUIETLY + "for path in VICTIMS:\n"
        "    quietly(lambda: open(path, 'a').write('x'))\n"
        "    quietly(os.truncate, path, 0)"
    ),
    "removed files": Attack(QUIETLY + "for path in VICTIMS: quietly(os.unlink, path)"),
    "moved files": Attack(
        QUIETLY + "for n, path in enumerate(VICTIMS):\n"
        "    quietly(os.rename, path, f'{n}')\n    quietly(os.rename, 'main.py', path)"
    ),
    "permissions": Attack(QUIETLY + "for path in VICTIMS: quietly(os.chmod, path, 0o777)"),
    "permissions by descriptor": Attack(
        QUIETLY + "def change(path):\n"
        "    handle = os.open(path, os.O_PATH)\n"
        "    os.chmod(f'/proc/self/fd/{handle}', 0o777)\n    os.fchmod(handle, 0o777)\n"
        "for path in VICTIMS: quietly(change, path)"
    ),
    "times": Attack(QUIETLY + "for path in VICTIMS: quietly(os.utime, path, (9, 9))"),
    "owners and attributes": Attack(
        QUIETLY + "for path in VICTIMS:\n"
        "    quietly(os.chown, path, 1, 1)\n"
        "    quietly(os.setxattr, path, 'user.x', b'x')\n"
        "    try: os.getxattr(path, 'user.x'); got('attribute', path)\n"
        "    except OSError: pass"
    ),
    "programs with more rights": Attack(
        """
import subprocess
shutil_copy = open("/bin/sh", "rb").read()
open("shell", "wb").write(shutil_copy)
os.chmod("shell", 0o6777)
for command in (["sudo", "-n", "id"], ["su", "-c", "id"], ["mount", "/dev/vda", "x"]):
    try:
        subprocess.run(command, stdin=subprocess.DEVNULL, timeout=5)
    except (OSError, subprocess.TimeoutExpired) as error:
        print("refused:", error)
attempt(os.setuid, 0) if USER else attempt(os.setuid, 12345)
attempt(os.setgroups, [0])
""",
        works_unconfined=False,
    ),
    "devices": Attack(
        "import stat\nfor kind in (stat.S_IFCHR, stat.S_IFBLK):\n"
        "    attempt(os.mknod, f'device-{kind}', kind | 0o666, os.makedev(1, 1))\n"
        "for path in ('/dev/mem', '/dev/kmsg', '/dev/vda', '/dev/fuse', '/dev/kvm',"
        " '/dev/net/tun', '/dev/userfaultfd', '/dev/ptmx0'):\n    attempt(open, path, 'rb')",
        works_unconfined=False,
    ),
    "links to secrets": Attack(
        QUIETLY + "for n, path in enumerate(VICTIMS):\n"
        "    quietly(os.symlink, path, f'link-{n}.py')\n"
        "    quietly(os.symlink, os.path.dirname(path), f'folder-{n}')\n"
        "    quietly(os.link, path, f'hard-{n}.py')"
    ),
    "links in the place of folders": Attack(
        QUIETLY + "os.makedirs('a/b/c')\nopen('a/b/c/x', 'w').close()\n"
        "os.rename('a/b', 'moved')\nos.symlink(f'{FOLDER}/home', 'a/b')\n"
        "os.unlink('main.py')\nos.symlink(VICTIMS[0], 'main.py')\n"
        "quietly(os.rename, os.getcwd(), os.getcwd() + '-gone')",
        works_unconfined=False,
    ),
    "files that change while they are collected": Attack(
        """
if os.fork() == 0:
    os.setsid()
    while True:
        for make in (lambda: os.symlink(VICTIMS[0], "new"), lambda: open("new", "w").close()):
            make()
            os.rename("new", "swapped.py")
time.sleep(0.1)
""",
        works_unconfined=False,
    ),
    "pipes and sockets": Attack(
        QUIETLY + "os.mkfifo('pipe')\nos.mkfifo('test_pipe.py')\n"
        "quietly(lambda: socket.socket(socket.AF_UNIX).bind('socket'))",
        works_unconfined=False,
    ),
    "odd names": Attack(
        """
for name in (b"new\\nline", b"\\xff\\xfe", b"-rf", b" ", b"\\x1b[31m", b"~", b"$(id)", b"a" * 255,
             "\\u202egnp.exe".encode(), b"con\\r", b"..."):
    open(name, "w").close()
    os.makedirs(b"folder/" + name + b"/" + name)
""",
        works_unconfined=False,
    ),
    "deep folders": Attack(
        "for n in range(600):\n    os.mkdir('d')\n    os.chdir('d')\n    open('f', 'w').close()",
        limits={"files": 5000},
        works_unconfined=False,
        is_cut_short=True,
    ),
    "long paths": Attack(
        "for n in range(60):\n    os.mkdir('d' * 250)\n    os.chdir('d' * 250)\n"
        "    open('f' * 250, 'w').close()",
        works_unconfined=False,
    ),
    "unreadable files and folders": Attack(
        """
os.mkdir("closed")
open("closed/inside", "w").close()
open("file", "w").close()
for name in ("closed", "file", "main.py", "."):
    handle = os.open(name, os.O_RDONLY)
    os.fchmod(handle, 0)
""",
        works_unconfined=False,
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_outside_the_workspace_is_touched(world, isolating, name):
    check_contained(world, isolating, ATTACKS[name])


@pytest.mark.parametrize("name", [name for name, one in ATTACKS.items() if one.works_unconfined])
def test_something_is_touched_where_nothing_isolates(open_world, name):
    check_works(open_world, ATTACKS[name])


LEFT = """
import os, stat
os.symlink("/etc/passwd", "link.csv")
os.symlink("/etc", "folder")
os.mkfifo("pipe.csv")
with open("result.csv", "w") as handle:
    handle.write("n\\n1\\n")
"""


def test_only_regular_files_are_told_of_and_collected(sandbox, run, workspace, tier):
    execution = run(LEFT)

    assert execution.exit_code == 0, execution.stderr
    told = {change.path: change.kind for change in execution.files}
    assert told.pop("result.csv") == "created"
    assert set(told.values()) <= {"left out"}
    assert [one.path for one in collect_artefacts(workspace, ["main.py"])] == ["result.csv"]
    if tier in ("namespaces", "bubblewrap"):
        assert sorted(path.name for path in workspace.iterdir()) == ["main.py", "result.csv"]
