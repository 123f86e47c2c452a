"""The engines that run paced, each a process that is started, killed, and watched from outside where it shows counts.

The peers show counts in a topic; ours has them in its snapshots in Kafka, and once confirmed on /metrics.
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
from benchmarks.ysb.snapshots import lanes_in, plan_of, windows_of
from streams.transport.state_reader import StateRecord
from streams.worker.owned import Candidates, choose

SHOWN_EACH_SECONDS = 1.0
NAME = "paced"
STATE_TOPIC = "bench.paced"


class Engine(ABC):
    """One of them.

    Both timelines go on through kills: `durable`, how many views a reader of committed records finds in Kafka; `seen`,
    how many are where people look. They are the same for an engine that shows counts in a topic.
    """

    def __init__(self, bed: Bed, name: str, topic: str) -> None:
        self.bed, self.name, self.topic = bed, name, topic
        self.durable = self.seen = Timeline()
        self.closing = threading.Event()
        self.watches = [threading.Thread(target=self.read, name="read", daemon=True)]

    @abstractmethod
    def launch(self) -> "subprocess.Popen[bytes]":
        """Starts the process; it goes on with the state of the one before."""

    @abstractmethod
    def read(self) -> None:
        """Notes what is durable, until it is closing."""

    @abstractmethod
    def looked(self) -> Timeline:
        """What somebody saw who looked once a second."""

    @abstractmethod
    def counts(self) -> Mapping[str, int]:
        """What is durable and visible by campaign and window."""

    def start(self) -> None:
        """Starts the process, also after a kill."""
        self.process = self.launch()
        for watch in self.watches:
            if not watch.is_alive():
                watch.start()

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
        for watch in self.watches:
            watch.join()
        self.kill()


class Ours(Engine):
    """The shipped worker; its page is asked each second, as Prometheus does, or as often as is said."""

    def __init__(self, bed: Bed, ask_seconds: float = SHOWN_EACH_SECONDS) -> None:
        super().__init__(bed, "ours", feed().topic)
        # as that of Kafka Streams: it takes the place of the killed one when it is back, not when the session is over
        self.worker = worker_on(bed, STATE_TOPIC, {"IOC_INSTANCE": NAME})
        self.seen, self.ask_seconds = Timeline(), ask_seconds
        self.watches.append(threading.Thread(target=self.look, name="look", daemon=True))

    def launch(self) -> "subprocess.Popen[bytes]":
        """On the port of the one before."""
        return self.worker.start()

    def read(self) -> None:
        """The snapshots of all partitions, as they come."""
        plan, sums = plan_of(feed(), self.bed.reference), Counter[int]()
        kept: dict[int, dict[bytes, Candidates]] = {number: {} for number in range(PARTITIONS)}
        consumer = reader_of(self.bed.broker, STATE_TOPIC)
        while not self.closing.is_set():
            for place, records in consumer.poll(timeout_ms=100).items():
                number = place.partition
                for record in records:
                    take(kept[number], StateRecord(number, record.offset, record.key, record.value))
                sums[number] = windows_of(plan, lanes_in(plan, number, kept[number])).total()
            self.durable.add(time.monotonic(), sums.total())
        consumer.close()

    def look(self) -> None:
        """Of the page; all views are within the ten minutes before the newest."""
        while not self.closing.wait(self.ask_seconds):
            page = self.worker.page()
            if page.text:
                self.seen.add(time.monotonic(), int(page.total("ioc_ysb_views", window="10m")))

    def looked(self) -> Timeline:
        """That of the page, if it was asked each second."""
        return self.seen

    def counts(self) -> Mapping[str, int]:
        """From the confirmed snapshots in Kafka."""
        return counted(self.bed, STATE_TOPIC)


class Peer(Engine):
    """An engine on the JVM; the topic in which it shows is read all the time, as a reader of committed records."""

    def __init__(self, bed: Bed, name: str) -> None:
        super().__init__(bed, name, topic_of(name))
        self.command = java.command(name)
        self.run = f"bench-{name}-{NAME}"
        self.latest: dict[bytes, int] = {}

    def launch(self) -> "subprocess.Popen[bytes]":
        """Under the same name."""
        environment = task(self.bed, self.topic, {"BENCH_NAME": self.run})
        with (self.bed.folder / f"{self.name}.log").open("ab") as log:
            return subprocess.Popen(self.command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log)

    def read(self) -> None:
        """The engine makes the topic when it starts for the first time: until then the reader asks for it."""
        consumer, total = reader_of(self.bed.broker, f"{self.run}-shown"), 0
        while not self.closing.is_set():
            for records in consumer.poll(timeout_ms=100).values():
                for record in records:
                    (value,) = struct.unpack(">q", record.value)
                    total += value - self.latest.get(record.key, 0)
                    self.latest[record.key] = value
            self.durable.add(time.monotonic(), total)
        consumer.close()

    def looked(self) -> Timeline:
        """The topic, read at whole seconds."""
        return self.durable.scraped(SHOWN_EACH_SECONDS)

    def counts(self) -> Mapping[str, int]:
        """The newest of each key; of an engine that shows a count for each partition their sum."""
        found = Counter[str]()
        for key, value in list(self.latest.items()):
            found[":".join(key.decode().split(":")[:2])] += value
        return found


def take(kept: dict[bytes, Candidates], record: StateRecord) -> None:
    """Keeps what is needed of the next record of a state partition."""
    found = choose(kept.pop(record.key, None), record)
    if found is not None:
        kept[record.key] = found


def reader_of(broker: str, topic: str) -> KafkaConsumer:
    """Reads what is committed in a topic, from its beginning."""
    consumer = KafkaConsumer(bootstrap_servers=broker, isolation_level="read_committed", enable_auto_commit=False,
                             auto_offset_reset="earliest", allow_auto_create_topics=False)
    consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])
    return consumer


def topic_of(name: str) -> str:
    """The topic that a peer reads; nobody writes into one that another reads."""
    return f"{feed().topic}.{name}"
