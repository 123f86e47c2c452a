"""TCP ports of the loopback: which are free, and choosing one."""

import socket
from random import SystemRandom

LOOPBACK = "127.0.0.1"
# below the range from which Linux takes the ports of outgoing connections, so that none is taken between choice and use
CHOICE = range(20000, 32000)
_chosen: set[int] = set()
"""What this process has chosen: the program meant to listen there may not do so yet."""


def is_free(port: int) -> bool:
    """Whether a program could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port nobody listens on, another one at each call."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """That many ports nobody listens on, others at each call; a seed of the program that asks has no say in them."""
    found: list[int] = []
    for port in SystemRandom().sample(CHOICE, len(CHOICE)):
        if port not in _chosen and is_free(port):
            found.append(port)
        if len(found) == count:
            _chosen.update(found)
            return found
    raise OSError(f"fewer than {count} free ports between {CHOICE[0]} and {CHOICE[-1]}")
