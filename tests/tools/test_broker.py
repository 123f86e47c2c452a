"""The broker of tests and of the local stack."""

import socket
import threading
from pathlib import Path

import pytest

from tools.broker import Broker, BrokerError, cluster_id
from tools.ports import free_port


def refuse(server: socket.socket) -> None:
    """Answers one caller as a web server answers nonsense."""
    with server.accept()[0] as caller:
        caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.kafka
def test_it_answers_on_its_address(broker: Broker) -> None:
    assert broker.answers()
    assert broker.address == f"127.0.0.1:{broker.port}"


@pytest.mark.kafka
def test_a_paused_broker_does_not_answer_until_resumed(own_broker: Broker) -> None:
    own_broker.pause()
    assert not own_broker.answers()
    own_broker.resume()
    assert own_broker.answers()


@pytest.mark.kafka
def test_it_is_the_same_cluster_after_a_kill(own_broker: Broker) -> None:
    before = cluster_id(own_broker.port)
    own_broker.kill()
    assert cluster_id(own_broker.port) is None
    own_broker.start()
    assert cluster_id(own_broker.port) == before


def test_a_taken_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(BrokerError, match=f"port {port} is taken"):
        Broker(tmp_path / "kafka", port).start()
    assert not (tmp_path / "kafka").exists()


def test_a_missing_java_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(BrokerError, match="apt-get install openjdk-17-jre-headless"):
        Broker(tmp_path, libs=None).command()


def test_something_else_on_the_port_is_no_broker() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=refuse, args=(server,), daemon=True).start()
        assert cluster_id(server.getsockname()[1], seconds=1) is None
