"""Blocks that ask the kernel for what has opened doors before."""

from __future__ import annotations

import os

import pytest
from hostile_world import Attack, check_contained, check_works
from sandbox_tiers import WITH_NAMESPACES

# Numbers on x86-64 and on 64-bit ARM; those above 423 are the same everywhere.
NUMBERS = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clone3": (435, 435),
    "fanotify_init": (300, 262),
    "fsopen": (430, 430),
    "io_setup": (206, 0),
    "io_uring_setup": (425, 425),
    "kcmp": (312, 272),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "mount": (165, 40),
    "move_mount": (429, 429),
    "mq_open": (240, 180),
    "msgget": (68, 186),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pivot_root": (155, 41),
    "ptrace": (101, 117),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "semget": (64, 190),
    "setns": (308, 268),
    "shmget": (29, 194),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}
N = {name: both[os.uname().machine != "x86_64"] for name, both in NUMBERS.items()}
NEW_USER = 0x10000000
ATTACKS = {
    "new namespaces": Attack(
        "".join(
            f"if os.fork() == 0: call({N['unshare']}, {flag:#x}); os._exit(0)\n"
            for flag in (NEW_USER, 0x20000, NEW_USER | 0x20000, NEW_USER | 0x40000000)
        )
        # All of them, however slow the machine: what they say comes before the attack's last word.
        + "for _ in range(4): os.wait()"
    ),
    "new namespaces by clone": Attack(
        "SIGCHLD = 17\nnumber = 56 if os.uname().machine == 'x86_64' else 220\n"
        "child = libc.syscall(number, 0x10000000 | SIGCHLD, 0, 0, 0, 0)\n"
        "if child == 0: os._exit(0)\n"
        "if child > 0: got('cloned')"
    ),
    "new namespaces by clone3": Attack(
        "arguments = (ctypes.c_uint64 * 11)(0x10000000, 0, 0, 0, 17)\n"
        f"child = libc.syscall({N['clone3']}, arguments, 88)\n"
        "if child == 0: os._exit(0)\n"
        "if child > 0: got('cloned')"
    ),
    "unshare of the shell": Attack(
        "for how in -r -rm -rn -rp; do unshare $how true && echo GOT $how; done; true",
        language="sh",
    ),
    "mounts": Attack(
        "os.mkdir('m')\n"
        "for kind, target in ((b'tmpfs', b'm'), (b'proc', b'm'), (b'tmpfs', b'/tmp')):\n"
        "    if libc.mount(kind, target, kind, 0, None) == 0: got('mounted', target)\n"
        "for flags in (4096, 32 | 4096):\n"
        "    if libc.mount(b'/', b'm', None, flags, None) == 0: got('mounted', flags)\n"
        "for path in (b'/proc', b'/tmp', b'/workspace', b'/dev/shm'):\n"
        "    if libc.umount2(path, 2) == 0: got('unmounted', path)",
        works_unconfined=False,
    ),
    "mounts of the new kind": Attack(
        f"call({N['fsopen']}, ctypes.c_char_p(b'tmpfs'), 0)\n"
        f"call({N['open_tree']}, -100, ctypes.c_char_p(b'/'), 1)",
        works_unconfined=False,
    ),
    "another root": Attack(
        "attempt(os.chroot, '.')\n" + f"call({N['pivot_root']}, ctypes.c_char_p(b'.'),"
        " ctypes.c_char_p(b'.'))",
        works_unconfined=False,
    ),
    "namespaces of others": Attack(
        "for pid in (HARNESS, os.getppid(), 1):\n"
        "    for name in ('user', 'mnt', 'net', 'pid'):\n"
        "        try: handle = os.open(f'/proc/{pid}/ns/{name}', os.O_RDONLY)\n"
        "        except OSError: continue\n"
        f"        call({N['setns']}, handle, 0)",
        works_unconfined=False,
    ),
    "asynchronous calls": Attack(
        "parameters = (ctypes.c_char * 120)()\n"
        f"call({N['io_uring_setup']}, 8, parameters)\n"
        "context = ctypes.c_ulong()\n"
        f"call({N['io_setup']}, 8, ctypes.byref(context))"
    ),
    "keys": Attack(
        f"call({N['keyctl']}, 0, -3, 1)\n"
        f"call({N['add_key']}, ctypes.c_char_p(b'user'), ctypes.c_char_p(b'k'),"
        " ctypes.c_char_p(b'x'), 1, -3)\n"
        f"call({N['request_key']}, ctypes.c_char_p(b'user'), ctypes.c_char_p(b'k'), 0, -3)"
    ),
    "programs in the kernel": Attack(
        f"call({N['bpf']}, 0, (ctypes.c_char * 72)(2, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1), 72)",
        works_unconfined=False,
    ),
    "faults handled by the block": Attack(
        f"call({N['userfaultfd']}, 1)\ncall({N['userfaultfd']}, 0)"
    ),
    "counters of the processor": Attack(
        f"call({N['perf_event_open']}, (ctypes.c_char * 128)(1, 0, 0, 0, 128), 0, -1, -1, 0)",
        works_unconfined=False,
    ),
    "watching all files": Attack(f"call({N['fanotify_init']}, 0x200, 0)"),
    "another personality": Attack(
        f"call({N['personality']}, 0x0400000)\ncall({N['personality']}, 0x0040000)"
    ),
    "comparing processes": Attack(
        f"call({N['kcmp']}, os.getpid(), os.getppid(), 1, 0, 0)", works_unconfined=False
    ),
    "memory that no limit counts": Attack(
        f"call({N['memfd_create']}, ctypes.c_char_p(b'x'), 0)\n"
        f"identity = call({N['shmget']}, 0, 1 << 20, 0o1600)\n"
        "if identity >= 0: libc.shmctl(identity, 0, None)"
    ),
    "messages between processes": Attack(
        f"identity = call({N['msgget']}, 0, 0o1600)\n"
        "if identity >= 0: libc.msgctl(identity, 0, None)\n"
        f"identity = call({N['semget']}, 0, 1, 0o1600)\n"
        "if identity >= 0: libc.semctl(identity, 0, 0, 0)\n"
        f"call({N['mq_open']}, ctypes.c_char_p(NAME.encode()), 0o102, 0o600, None)\n"
        "libc.mq_unlink(f'/{NAME}'.encode())"
    ),
    "the machine": Attack(
        f"call({N['syslog']}, 3, (ctypes.c_char * 100)(), 100)\n"
        f"call({N['kexec_load']}, 0, 0, None, 0)\n"
        f"call({N['swapon']}, ctypes.c_char_p(b'main.py'), 0)\n"
        "attempt(socket.sethostname, 'x')\n"
        "attempt(time.clock_settime, time.CLOCK_REALTIME, time.time())",
        works_unconfined=False,
    ),
    "calls under the numbers of another architecture": Attack(
        """
x32 = 0x40000000
if os.uname().machine == "x86_64":
    for number in (39, 272, 41):
        call(x32 | number, 0x10000000 if number == 272 else 1, 1, 0)
""",
        works_unconfined=False,
    ),
    "rights that nobody gave": Attack(
        """
status = open("/proc/self/status").read()
for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
    if int(re.search(rf"{name}:\\s*(\\w+)", status)[1], 16):
        got(name)
for name, wanted in (("NoNewPrivs", "1"), ("Seccomp", "2")):
    if re.search(rf"{name}:\\s*(\\w+)", status)[1] != wanted:
        got(name)
"""
    ),
    "new capabilities": Attack(
        """
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
if libc.capset(header, (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)) == 0: got("capabilities")
for operation in (47, 8, 24):
    if libc.prctl(operation, 2, 21, 0, 0) == 0 and operation == 47: got("ambient")
if libc.prctl(38, 0, 0, 0, 0) == 0: got("may gain privileges again")
if libc.prctl(22, 0, 0, 0, 0) == 0: got("took the filter off")
""",
        works_unconfined=False,
    ),
    "settings of the kernel": Attack(
        """
for path in ("kernel/core_pattern", "kernel/hostname", "vm/overcommit_memory",
             "net/ipv4/ip_forward", "kernel/modprobe", "user/max_user_namespaces"):
    attempt(open, f"/proc/sys/{path}", "r+")
for path in ("/proc/sysrq-trigger", "/proc/1/oom_score_adj", "/proc/self/uid_map",
             "/sys/power/state", f"/proc/{HARNESS}/oom_score_adj", "/sys/fs/cgroup/cgroup.procs"):
    attempt(open, path, "r+")
""",
        works_unconfined=True,
    ),
    "own processes only": Attack(
        "if len(list(filter(str.isdigit, os.listdir('/proc')))) > 2: got('sees others')",
        tiers=WITH_NAMESPACES,
    ),
}
# Made of raw instructions: the 32-bit way into the kernel (mmap, copy, call).
INT80 = """
import ctypes, mmap, os
if os.uname().machine == "x86_64":
    # mov eax, 20 (getpid); int 0x80; ret
    code = b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3"
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    print("got", ctypes.CFUNCTYPE(ctypes.c_int)(address)())
else:
    os.kill(os.getpid(), 31)
"""


@pytest.mark.parametrize("name", ATTACKS)
def test_the_kernel_is_not_to_be_had(world, isolating, name):
    attack = ATTACKS[name]
    if attack.tiers and isolating not in attack.tiers:
        pytest.skip(f"only for {', '.join(attack.tiers)}")
    check_contained(world, isolating, attack)


@pytest.mark.parametrize("name", [name for name, one in ATTACKS.items() if one.works_unconfined])
def test_the_kernel_is_to_be_had_where_nothing_isolates(open_world, name):
    check_works(open_world, ATTACKS[name])


def test_the_32_bit_way_into_the_kernel_ends_the_block(world, isolating):
    ran = world.account.run(isolating, world.workspace(), INT80)

    assert ran.exit_code == -31  # SIGSYS
    assert "got" not in ran.stdout
