"""The engines that run paced, each a process that is started, killed, and watched from outside where it shows counts.

Ours shows on /metrics, which it writes from confirmed snapshots only; the peers show in a topic, read committed.
"""

import struct
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping

import psutil
from kafka import KafkaConsumer, TopicPartition

from benchmarks.paced.timeline import Timeline
from benchmarks.peers import java
from benchmarks.running import ROOT
from benchmarks.ysb.contest import Bed, counted, task, worker_on
from benchmarks.ysb.log import PARTITIONS, feed

ASK_SECONDS = 0.1
SHOWN_EACH_SECONDS = 1.0
NAME = "paced"
STATE_TOPIC = "bench.paced"


class Engine(ABC):
    """One of them; `timeline` goes on through kills."""

    def __init__(self, bed: Bed, name: str, topic: str) -> None:
        self.bed, self.name, self.topic = bed, name, topic
        self.timeline = Timeline()
        self.closing = threading.Event()
        self.watch = threading.Thread(target=self.look, name="look", daemon=True)

    @abstractmethod
    def launch(self) -> "subprocess.Popen[bytes]":
        """Starts the process; it goes on with the state of the one before."""

    @abstractmethod
    def look(self) -> None:
        """Notes in the timeline what is visible, until it is closing."""

    @abstractmethod
    def counts(self) -> Mapping[str, int]:
        """What is durable and visible by campaign and window."""

    def start(self) -> None:
        """Starts the process, also after a kill."""
        self.process = self.launch()
        if not self.watch.is_alive():
            self.watch.start()

    def is_running(self) -> bool:
        """Whether the process is there."""
        return self.process.poll() is None

    def kill(self) -> None:
        """By signal 9."""
        self.process.kill()
        self.process.wait()

    def cpu(self) -> float:
        """CPU seconds of the process with all its threads so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def close(self) -> None:
        """Ends watch and process."""
        self.closing.set()
        self.watch.join()
        self.kill()


class Ours(Engine):
    """The shipped worker; its page is asked all the time."""

    def __init__(self, bed: Bed) -> None:
        super().__init__(bed, "ours", feed().topic)
        # as that of Kafka Streams: it takes the place of the killed one when it is back, not when the session is over
        self.worker = worker_on(bed, STATE_TOPIC, {"IOC_INSTANCE": NAME})

    def launch(self) -> "subprocess.Popen[bytes]":
        """On the port of the one before."""
        return self.worker.start()

    def look(self) -> None:
        """All views are within the ten minutes before the newest."""
        while not self.closing.wait(ASK_SECONDS):
            page = self.worker.page()
            if page.text:
                self.timeline.add(time.monotonic(), int(page.total("ioc_ysb_views", window="10m")))

    def counts(self) -> Mapping[str, int]:
        """From the confirmed snapshots in Kafka."""
        return counted(self.bed, STATE_TOPIC)


class Peer(Engine):
    """An engine on the JVM; the topic in which it shows is read all the time, as a reader of committed records."""

    def __init__(self, bed: Bed, name: str) -> None:
        super().__init__(bed, name, topic_of(name))
        self.command = java.command(name)
        self.latest: dict[bytes, int] = {}

    def launch(self) -> "subprocess.Popen[bytes]":
        """Under the same name."""
        environment = task(self.bed, self.topic, {"BENCH_NAME": NAME})
        with (self.bed.folder / f"{self.name}.log").open("ab") as log:
            return subprocess.Popen(self.command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log)

    def look(self) -> None:
        """The engine makes the topic when it starts for the first time."""
        consumer = KafkaConsumer(bootstrap_servers=self.bed.broker, isolation_level="read_committed",
                                 enable_auto_commit=False, auto_offset_reset="earliest")
        shown, total = f"bench-{self.name}-{NAME}-shown", 0
        while not self.closing.wait(ASK_SECONDS) and not consumer.partitions_for_topic(shown):
            pass
        consumer.assign([TopicPartition(shown, number) for number in range(PARTITIONS)])
        while not self.closing.is_set():
            for records in consumer.poll(timeout_ms=100).values():
                for record in records:
                    (value,) = struct.unpack(">q", record.value)
                    total += value - self.latest.get(record.key, 0)
                    self.latest[record.key] = value
            self.timeline.add(time.monotonic(), total)
        consumer.close()

    def counts(self) -> Mapping[str, int]:
        """The newest of each key; of an engine that shows a count for each partition their sum."""
        found = Counter[str]()
        for key, value in list(self.latest.items()):
            found[":".join(key.decode().split(":")[:2])] += value
        return found


def topic_of(name: str) -> str:
    """The topic that a peer reads; nobody writes into one that another reads."""
    return f"{feed().topic}.{name}"
