"""Blocks that try to talk to something outside."""

from __future__ import annotations

import socket

import pytest
from hostile_world import Attack, Listener, check_contained, check_works
from sandbox_tiers import WITH_NAMESPACES

CONNECT = """
def connect(family, kind, address):
    try:
        with socket.socket(family, kind) as handle:
            handle.settimeout(2)
            handle.connect(address)
            handle.send(b"hello")
    except OSError as error:
        print("refused:", error)
"""
ATTACKS = {
    "tcp": Attack(
        CONNECT + "for host in OWN_ADDRESSES: "
        "connect(socket.AF_INET, socket.SOCK_STREAM, (host, ADDRESSES['tcp'][1]))"
    ),
    "tcp over version 6": Attack(
        CONNECT + "for host in OWN_ADDRESSES: connect(socket.AF_INET6, socket.SOCK_STREAM,"
        " (f'::ffff:{host}', ADDRESSES['tcp'][1]))"
    ),
    "udp": Attack(CONNECT + "connect(socket.AF_INET, socket.SOCK_DGRAM, ADDRESSES['udp'])"),
    "udp without connecting": Attack(
        "try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ADDRESSES['udp'])\n"
        "except OSError: pass"
    ),
    "unix socket": Attack(
        CONNECT + "connect(socket.AF_UNIX, socket.SOCK_STREAM, ADDRESSES['unix'])"
    ),
    "unix socket by a link": Attack(
        CONNECT + "os.symlink(ADDRESSES['unix'], 'link')\n"
        "connect(socket.AF_UNIX, socket.SOCK_STREAM, 'link')"
    ),
    "abstract socket": Attack(
        CONNECT + "connect(socket.AF_UNIX, socket.SOCK_STREAM, ADDRESSES['abstract'])"
    ),
    "abstract socket from a socket pair": Attack(
        """
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
for address in (ADDRESSES["abstract"], ADDRESSES["unix"]):
    try:
        one.connect(address)
        one.sendto(b"x", address)
    except OSError as error:
        print("refused:", error)
""",
        works_unconfined=False,
    ),
    "virtual machine socket": Attack(
        CONNECT + "for host in (0, 1, 2): connect(socket.AF_VSOCK, socket.SOCK_STREAM,"
        " (host, ADDRESSES.get('vsock', (0, 1024))[1]))\n"
        "attempt(socket.socket, socket.AF_VSOCK, socket.SOCK_STREAM)"
    ),
    "other kinds of sockets": Attack(
        """
for family in ("AF_NETLINK", "AF_PACKET", "AF_ALG", "AF_VSOCK", "AF_CAN", "AF_TIPC", "AF_QIPCRTR",
               "AF_BLUETOOTH", "AF_RDS"):
    attempt(socket.socket, getattr(socket, family, 99), socket.SOCK_RAW, 0)
    attempt(socket.socket, getattr(socket, family, 99), socket.SOCK_DGRAM, 0)
attempt(socket.socket, socket.AF_INET, socket.SOCK_RAW, 1)
attempt(socket.socket, socket.AF_INET6, socket.SOCK_RAW, 58)
"""
    ),
    "any socket": Attack(
        "for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):\n"
        "    attempt(socket.socket, family)",
        tiers=("landlock",),
    ),
    "another network": Attack(
        """
print(open("/proc/net/dev").read())
for name in re.findall(r"^ *(\\w+):", open("/proc/net/dev").read(), re.M):
    # Others that a new network may have from the start lead nowhere.
    if name.startswith(("eth", "en", "wl", "docker", "br", "veth")):
        got("device", name)
""",
        tiers=WITH_NAMESPACES,
    ),
    "bash": Attack(
        "exec 3<>/dev/tcp/127.0.0.1/{PORT}; echo hello >&3; true",
        language="bash",
    ),
    "a name": Attack(
        "for name in ('example.com', 'localhost.localdomain'): attempt(socket.gethostbyname, name)",
        works_unconfined=False,
    ),
    "a server for others": Attack(
        """
import subprocess
try:
    server = socket.create_server(("0.0.0.0", 0))
except OSError as error:
    print("refused:", error)
else:
    # Whoever is outside would be seen from here.
    server.settimeout(0.3)
    attempt(server.accept)
""",
        works_unconfined=False,
    ),
}


def rows(attacks):
    return [pytest.param(one, id=name) for name, one in attacks.items()]


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_whoever_came_is_counted_when_that_is_asked(kind):
    listener = Listener(socket.AF_INET, kind, ("127.0.0.1", 0))
    counts = []
    for _ in range(300):
        with socket.socket(socket.AF_INET, kind) as visitor:
            visitor.connect(listener.address)
            visitor.send(b"hello")
        counts.append(listener.visits())
    listener.close()

    assert counts == list(range(1, 301))


@pytest.mark.parametrize("attack", rows(ATTACKS))
def test_nothing_outside_is_reached(world, isolating, attack):
    if attack.tiers and isolating not in attack.tiers:
        pytest.skip(f"only for {', '.join(attack.tiers)}")
    check_contained(world, isolating, attack)


@pytest.mark.parametrize(
    "attack", rows({name: one for name, one in ATTACKS.items() if one.works_unconfined})
)
def test_something_is_reached_where_nothing_isolates(open_world, attack):
    check_works(open_world, attack)
