"""Choosing ports."""

import random
import socket

import pytest

from tools import ports
from tools.ports import free_port, free_ports, is_free


def test_a_port_somebody_listens_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_no_port_is_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "CHOICE", [port for port in ports.CHOICE if is_free(port)][:40])
    monkeypatch.setattr(ports, "_chosen", set())
    given = [free_port(), *free_ports(10), free_port()]
    assert len(set(given)) == 12


def test_the_same_seed_in_two_programs_gives_them_different_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    def program() -> list[int]:
        monkeypatch.setattr(ports, "_chosen", set())
        random.seed(7)
        return free_ports(5)

    assert program() != program()


def test_a_lack_of_ports_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "CHOICE", range(20000, 20002))
    with pytest.raises(OSError, match="fewer than 3 free ports"):
        free_ports(3)
