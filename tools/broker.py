"""One real Apache Kafka broker (KRaft, one combined node) on the loopback, for `make up`, tests and benchmarks.

It keeps its data in its folder through stop, kill and start. The libraries come from tools/jars.py.

    python -m tools.broker [FOLDER [PORT]]     starts one, prints its address, stays until Ctrl-C
"""

import base64
import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tools.errors import ToolError
from tools.jars import ROOT, fetch
from tools.ports import LOOPBACK, free_port, is_free
from tools.progress import complaint

DEPLOY = ROOT / "deploy/kafka"
SMALL = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")  # starts twice as fast, and peak speed is not what limits us


class BrokerError(ToolError):
    """The broker does not run."""


class Broker:
    """A broker of its own: `with Broker(folder) as broker: connect(broker.address)`.

    `port`: a free one when None. `heap`: the largest heap of its JVM. `settings`: further broker properties, which
    win over deploy/kafka/server.properties. `jvm`: options of the JVM; pass () for full speed in benchmarks.
    `cluster`: the id of the cluster it is part of, 22 characters; one of its own when None.
    """

    def __init__(self, folder: Path | str | None = None, port: int | None = None, *, heap: str = "512m",
                 settings: Mapping[str, object] | None = None, jvm: tuple[str, ...] = SMALL,
                 libs: Path | None = None, cluster: str | None = None) -> None:
        self.folder = Path(folder or tempfile.mkdtemp(prefix="kafka-")).resolve()
        self.port = port or free_port()
        self.heap = heap
        self.settings = dict(settings or {})
        self.jvm = jvm
        self.libs = libs
        self.cluster = cluster
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Bootstrap address for clients."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        """The file with everything the broker says."""
        return self.folder / "broker.log"

    def prepare(self) -> None:
        """Writes the configuration and formats the data folder once.

        Raises:
            BrokerError: Java is missing, or the folder cannot be formatted.
            JarsError: the libraries cannot be had.
        """
        self.libs = fetch(self.libs)
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(DEPLOY / "log4j2.properties", self.folder / "log4j2.properties")
        (self.folder / "server.properties").write_text(self._properties())
        if not (self.folder / "data/meta.properties").exists():
            self._format()

    def command(self) -> list[str]:
        """The command line of the broker, to be run in its folder after `prepare`."""
        return [*self._java(self.heap), *self.jvm, "kafka.Kafka", "server.properties"]

    def start(self, seconds: float = 90) -> Self:
        """Starts the broker and waits until it answers.

        Raises:
            BrokerError: its port is taken, it ended, or it does not answer in time.
        """
        self.launch()
        self.wait(seconds)
        return self

    def launch(self) -> None:
        """Starts its process.

        Raises:
            BrokerError: its port is taken.
        """
        if self.is_running():
            raise BrokerError(f"the broker at {self.address} already runs")
        if not is_free(self.port):  # else clients would talk to somebody else's broker
            raise BrokerError(f"port {self.port} is taken by another program; choose another port for this broker")
        self.prepare()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([*_dying_with_us(), *self.command()], cwd=self.folder, stdout=log,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)

    def stop(self, seconds: float = 30) -> None:
        """Ends the broker in good order, as an operator would; after `seconds` by force."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """Ends the broker as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def pause(self) -> None:
        """Stops the broker in its tracks: its connections stay open, nobody answers."""
        self._signal(signal.SIGSTOP)
        if self.process is not None:  # on a busy machine it runs on for a moment, and may answer
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def resume(self) -> None:
        """Lets a paused broker go on."""
        self._signal(signal.SIGCONT)

    def is_running(self) -> bool:
        """Whether its process lives, paused or not."""
        return self.process is not None and self.process.poll() is None

    def answers(self) -> bool:
        """Whether it, and not another broker on this port, serves clients now."""
        return cluster_id(self.port) == self._cluster_id()

    def __enter__(self) -> Self:
        return self if self.is_running() else self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None:
            raise BrokerError(f"the broker at {self.address} does not run")
        self.process.send_signal(number)

    def wait(self, seconds: float) -> None:
        """Waits until it answers.

        Raises:
            BrokerError: it ended, or does not answer in time; it is ended then.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not self.is_running():
                self.process = None
                raise BrokerError(f"the broker ended at once: {complaint(self.log)} (all of it: {self.log})")
            if self.answers():
                return
            time.sleep(0.1)
        self.kill()
        raise BrokerError(f"the broker does not answer on {self.address} after {seconds:.0f} s; see {self.log}")

    def _properties(self) -> str:
        controller = free_port()  # nobody but the broker itself talks to it, so it may change from start to start
        ours = {
            "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{LOOPBACK}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "log.dirs": "data",
            **self.settings,
        }
        # a later line wins in a properties file
        return (DEPLOY / "server.properties").read_text() + "".join(f"{key}={value}\n" for key, value in ours.items())

    def _format(self) -> None:
        fresh = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        cluster = self.cluster or "A" + fresh[1:]  # Kafka refuses an id that begins with a dash
        tool = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", "server.properties"]
        done = subprocess.run([*self._java("128m"), *SMALL, *tool], cwd=self.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            shutil.rmtree(self.folder / "data", ignore_errors=True)
            with self.log.open("ab") as log:
                log.write(done.stdout)
            raise BrokerError(f"{self.folder} cannot be formatted: {complaint(self.log)} (all of it: {self.log})")

    def _java(self, heap: str) -> list[str]:
        return [java(), f"-Xmx{heap}", "-Dlog4j2.configurationFile=log4j2.properties", "-cp", f"{self.libs}/*"]

    def _cluster_id(self) -> str:
        lines = (self.folder / "data/meta.properties").read_text().splitlines()
        return next(line.removeprefix("cluster.id=") for line in lines if line.startswith("cluster.id="))


def java() -> str:
    """The Java to run: that of JAVA_HOME, else the one on the PATH.

    Raises:
        BrokerError: there is none.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if not found:
        raise BrokerError("Java is not installed; run as root: apt-get install openjdk-17-jre-headless")
    return found


def cluster_id(port: int, seconds: float = 2) -> str | None:
    """The cluster id which the broker on a port tells, None while none serves there.

    It asks for metadata without topics (api 3, version 4, https://kafka.apache.org/protocol), by hand, because this
    runs before any client library is installed.
    """
    body = struct.pack(">hhih", 3, 4, 1, -1) + struct.pack(">i?", 0, False)
    try:
        with socket.create_connection((LOOPBACK, port), seconds) as connection:
            connection.settimeout(seconds)
            connection.sendall(struct.pack(">i", len(body)) + body)
            answer = connection.makefile("rb")
            (size,) = struct.unpack(">i", answer.read(4))
            return _cluster_id_in(answer.read(size))
    except (OSError, struct.error, ValueError, IndexError):
        return None


def _cluster_id_in(answer: bytes) -> str | None:
    (brokers,) = struct.unpack_from(">i", answer, 8)  # after correlation id and throttle time
    if brokers < 1:
        return None  # it listens, but its broker has not registered with its controller yet
    at = 12
    for _ in range(brokers):
        at += 4
        _, at = _text(answer, at)
        at += 4
        _, at = _text(answer, at)
    return _text(answer, at)[0]


def _text(answer: bytes, at: int) -> tuple[str | None, int]:
    (length,) = struct.unpack_from(">h", answer, at)
    if length < 0:
        return None, at + 2
    return answer[at + 2:at + 2 + length].decode(), at + 2 + length


def _dying_with_us() -> list[str]:
    """What to put before a command so that its process does not outlive a test run that was killed.

    Linux ends the child when the *thread* that started it ends, so only a child of the main thread gets this.
    """
    found = shutil.which("setpriv")
    is_main = threading.current_thread() is threading.main_thread()
    return [found, "--pdeathsig", "KILL", "--"] if found and is_main else []


def main(arguments: list[str]) -> int:
    """Runs one broker until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    folder, port = [*arguments, None, None][:2]
    with Broker(folder, int(port) if port else None) as broker:
        print(broker.address, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
