"""TCP ports of the loopback: which are free, and choosing one."""

import random
import socket

LOOPBACK = "127.0.0.1"
# below the range from which Linux takes the ports of outgoing connections, so that none is taken between choice and use
CHOICE = range(20000, 32000)


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
    """A port nobody listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """That many different ports nobody listens on."""
    shuffled = random.sample(CHOICE, len(CHOICE))
    found: list[int] = []
    for port in shuffled:
        if is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"fewer than {count} free ports between {CHOICE.start} and {CHOICE.stop}")
