"""The engines that run paced: each as a process that is started, killed and watched from outside at its place of showing.

Ours shows on /metrics, which it writes from confirmed snapshots only; the peers show in a topic, read committed.
"""

import os
import signal
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import psutil
from kafka import KafkaConsumer, TopicPartition

from benchmarks.paced.timeline import Timeline
from benchmarks.peers import java
from benchmarks.running import ROOT
from benchmarks.ysb.contest import OURS_GUARANTEE, Bed, counted, task, worker_on
from benchmarks.ysb.log import PARTITIONS, feed

ASK_SECONDS = 0.1
SHOWN_EACH_SECONDS = 1.0
NAME = "paced"
STATE_TOPIC = "bench.paced"


class Engine(Protocol):
    """One of them; `timeline` goes on through kills."""

    name: str
    title: str
    guarantee: str
    topic: str
    timeline: Timeline

    def start(self) -> None:
        """Starts the process, also after a kill."""

    def is_running(self) -> bool:
        """Whether the process is there."""

    def kill(self) -> None:
        """kill -9."""

    def cpu(self) -> float:
        """CPU seconds of the process so far."""

    def counts(self) -> Mapping[str, int]:
        """What is durable and visible by campaign and window."""

    def close(self) -> None:
        """Ends all of it."""


class Ours:
    """The shipped worker; its page is asked all the time."""

    name, title, guarantee = "ours", "`ioc worker`", OURS_GUARANTEE

    def __init__(self, bed: Bed) -> None:
        self.bed, self.topic, self.timeline = bed, feed().topic, Timeline()
        # as that of Kafka Streams: it takes the place of the killed one when it is back, not when the session is over
        self.worker = worker_on(bed, STATE_TOPIC, {"IOC_INSTANCE": NAME})
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._look, name="page", daemon=True)

    def _look(self) -> None:
        while not self._closing.wait(ASK_SECONDS):
            page = self.worker.page()
            if page.text:
                self.timeline.add(time.monotonic(), int(page.total("ioc_ysb_views", window="10m")))

    def start(self) -> None:
        """Starts the worker."""
        self.worker.__enter__()
        if not self._watch.is_alive():
            self._watch.start()

    def is_running(self) -> bool:
        """Whether it is there."""
        return self.worker.process.poll() is None

    def kill(self) -> None:
        """kill -9."""
        self.worker.process.kill()
        self.worker.process.wait()

    def cpu(self) -> float:
        """Of the worker."""
        return self.worker.cpu()

    def counts(self) -> Mapping[str, int]:
        """From the confirmed snapshots in Kafka."""
        return counted(self.bed, STATE_TOPIC)

    def close(self) -> None:
        """Ends watch and worker."""
        self._closing.set()
        self._watch.join()
        self.worker.stop()


class Peer:
    """An engine on the JVM; the topic in which it shows is read all the time, as a reader of committed records."""

    guarantee = "exactly-once"

    def __init__(self, bed: Bed, name: str, title: str) -> None:
        self.name, self.title, self.bed = name, title, bed
        self.topic, self.timeline = topic_of(name), Timeline()
        self.command = java.command(name)
        self.latest: dict[bytes, int] = {}
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._look, name="shown", daemon=True)

    def _look(self) -> None:
        consumer = KafkaConsumer(bootstrap_servers=self.bed.broker, isolation_level="read_committed",
                                 enable_auto_commit=False, auto_offset_reset="earliest")
        shown, total = f"bench-{self.name}-{NAME}-shown", 0
        while not self._closing.wait(ASK_SECONDS) and not consumer.partitions_for_topic(shown):
            pass
        consumer.assign([TopicPartition(shown, number) for number in range(PARTITIONS)])
        while not self._closing.is_set():
            for records in consumer.poll(timeout_ms=100).values():
                for record in records:
                    (value,) = struct.unpack(">q", record.value)
                    total += value - self.latest.get(record.key, 0)
                    self.latest[record.key] = value
            self.timeline.add(time.monotonic(), total)
        consumer.close()

    def start(self) -> None:
        """Starts the engine; it goes on under the same name."""
        environment = task(self.bed, self.topic, {"BENCH_NAME": NAME})
        with (self.bed.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(self.command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        if not self._watch.is_alive():
            self._watch.start()

    def is_running(self) -> bool:
        """Whether it is there."""
        return self.process.poll() is None

    def kill(self) -> None:
        """kill -9."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def cpu(self) -> float:
        """Of the JVM with all its threads."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def counts(self) -> Mapping[str, int]:
        """The newest of each key; of an engine that shows a count for each partition their sum."""
        found = Counter[str]()
        for key, value in list(self.latest.items()):
            found[":".join(key.decode().split(":")[:2])] += value
        return found

    def close(self) -> None:
        """Ends both."""
        self._closing.set()
        self._watch.join()
        self.kill()


def topic_of(name: str) -> str:
    """The topic that a peer reads; nobody writes into one that another reads."""
    return f"{feed().topic}.{name}"
