"""Blocks that look for secrets: in environments, memory, command lines, and files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile_world import Attack, check_contained, check_works

HAS_YAMA = Path("/proc/sys/kernel/yama/ptrace_scope").exists()

# A machine with many processes says more than a block may: nothing but secrets is let through.
SECRETS_ONLY = "| grep -aoE '(memory|environment|command-line|file)-[0-9a-f]{16}'; true"
OTHERS = """
def processes():
    try:
        names = os.listdir("/proc")
    except OSError:
        names = map(str, range(HARNESS - 50, HARNESS + 50))
    return ({HARNESS, os.getppid(), 1} | set(map(int, filter(str.isdigit, names)))) - {os.getpid()}
"""
MEMORY = """
secret = re.compile(rb"(?:memory|environment)-[0-9a-f]{16}")
for pid in processes():
    try:
        maps = open(f"/proc/{pid}/maps").read().splitlines()
        memory = open(f"/proc/{pid}/mem", "rb", 0)
    except OSError as error:
        continue
    for line in maps:
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if " rw" in line and end - start < 64 << 20:
            try:
                memory.seek(start)
                print({found.decode() for found in secret.findall(memory.read(end - start))})
            except (OSError, ValueError, OverflowError):
                pass
"""
ATTACKS = {
    "its own environment": Attack("print(dict(os.environ))", works_unconfined=False),
    "environment of all processes": Attack(
        OTHERS + "for pid in processes(): read(f'/proc/{pid}/environ')"
    ),
    "environment in the shell": Attack(
        f"(cat /proc/*/environ /proc/1/environ /proc/$PPID/environ; env) {SECRETS_ONLY}",
        language="sh",
    ),
    "command lines of all processes": Attack(
        OTHERS + "for pid in processes(): read(f'/proc/{pid}/cmdline')"
    ),
    "command lines by ps": Attack(f"(ps axeww; cat /proc/*/cmdline) {SECRETS_ONLY}", language="sh"),
    "memory of all processes": Attack(OTHERS + MEMORY, works_unconfined=not HAS_YAMA),
    "memory by process_vm_readv": Attack(
        """
buffer = ctypes.create_string_buffer(8)
for pid in (HARNESS, os.getppid(), 1):
    try:
        start = int(open(f"/proc/{pid}/maps").readline().split("-")[0], 16)
    except OSError:
        start = 0x400000
    here = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    there = (ctypes.c_size_t * 2)(start, 8)
    if libc.process_vm_readv(pid, here, 1, there, 1, 0) > 0:
        got("memory of", pid)
""",
        works_unconfined=not HAS_YAMA,
    ),
    "tracing others": Attack(
        """
seize = 0x4206
for pid in (HARNESS, os.getppid(), 1):
    if libc.ptrace(seize, pid, None, None) == 0:
        got("traced", pid)
""",
        works_unconfined=not HAS_YAMA,
    ),
    "descriptors of others": Attack(
        OTHERS
        + """
for path in [path for pid in processes() for path in glob.glob(f"/proc/{pid}/fd/*")]:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
        got("opened", path)
    except OSError:
        pass
"""
    ),
    "descriptors by pidfd_getfd": Attack(
        """
for pid in (HARNESS, os.getppid(), 1):
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        continue
    for number in range(8):
        call(438, handle, number, 0)
""",
        works_unconfined=not HAS_YAMA,
    ),
    "inherited descriptors": Attack(
        """
for number in range(3, 4096):
    try:
        os.fstat(number)
        got("descriptor", number, os.readlink(f"/proc/self/fd/{number}"))
    except OSError:
        pass
""",
        works_unconfined=False,
    ),
    "files by their paths": Attack("for path in VICTIMS: read(path)"),
    "files in the shell": Attack("cat {VICTIMS}; true", language="sh"),
    "files through the root of others": Attack(
        OTHERS
        + """
for pid in processes():
    for path in VICTIMS:
        read(f"/proc/{pid}/root{path}")
        read(f"/proc/{pid}/cwd/../../../../..{path}")
"""
    ),
    "files found by walking": Attack(
        """
names = {os.path.basename(path) for path in VICTIMS}
for start in ("..", "/var/tmp", "/work", "/var", "/root", "/home", "/tmp", "/srv", "/mnt", "/opt"):
    for folder, folders, files in os.walk(start):
        folders[:] = [name for name in folders if name not in ("site-packages", ".git")][:60]
        for name in names.intersection(files):
            read(os.path.join(folder, name))
"""
    ),
    "files through links": Attack(
        """
for number, path in enumerate(VICTIMS):
    for make in (os.symlink, os.link):
        try:
            make(path, f"{make.__name__}-{number}")
            read(f"{make.__name__}-{number}")
        except OSError:
            pass
"""
    ),
    "files by handles": Attack(
        """
class Handle(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint), ("kind", ctypes.c_int), ("bytes", ctypes.c_char * 128)]
handle, mount = Handle(size=128), ctypes.c_int()
for path in ("/", *VICTIMS):
    places = ctypes.byref(handle), ctypes.byref(mount)
    if libc.name_to_handle_at(-100, path.encode(), *places, 0) == 0:
        got("handle of", path)
"""
    ),
    "facts about the machine": Attack(
        """
for path in ("/etc/shadow", "/etc/machine-id", "/etc/hostname", "/etc/resolv.conf", "/etc/fstab",
             "/proc/kcore", "/proc/kmsg", "/dev/mem", "/dev/kmsg", "/dev/vda", "/dev/sda",
             "/var/log/syslog", "/var/lib/dpkg/status", "/root/.bashrc", "/root/.bash_history"):
    attempt(open, path, "rb")
"""
    ),
    "folders of others": Attack(
        """
for path in {os.path.dirname(path) for path in VICTIMS} - {"/tmp"}:
    attempt(os.listdir, path)
attempt(os.listdir, "/var/tmp")
"""
    ),
    "watching a folder of others": Attack(
        """
watch = libc.inotify_init1(0)
for path in {os.path.dirname(path) for path in VICTIMS} - {"/tmp"}:
    if libc.inotify_add_watch(watch, path.encode(), 0xFFF) >= 0:
        got("watches", path)
"""
    ),
    "memory of the interpreter": Attack(
        # What the server knew when it was forked is in the block's own memory.
        """
secret = re.compile(rb"(?:memory|environment|command-line|file)-[0-9a-f]{16}")
memory = open("/proc/self/mem", "rb", 0)
for line in open("/proc/self/maps").read().splitlines():
    start, end = (int(part, 16) for part in line.split()[0].split("-"))
    if " rw" in line and end - start < 64 << 20:
        memory.seek(start)
        print({found.decode() for found in secret.findall(memory.read(end - start))})
""",
        works_unconfined=False,
    ),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_secrets_are_out_of_reach(world, isolating, name):
    check_contained(world, isolating, ATTACKS[name])


@pytest.mark.parametrize("name", [name for name, one in ATTACKS.items() if one.works_unconfined])
def test_secrets_are_found_where_nothing_isolates(open_world, name):
    check_works(open_world, ATTACKS[name])
