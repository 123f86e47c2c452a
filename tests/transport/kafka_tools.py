"""What the tests of the transport do with a real broker: topics, load, workers, an independent recount."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

ROOT = Path(__file__).parents[2]
PARTITIONS = 2


def until(condition: Callable[[], Any], seconds: float, what: str | Callable[[], str]) -> Any:
    """Waits for a condition to be true and answers what it said; fails after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            seen = what if isinstance(what, str) else what()
            raise AssertionError(f"not within {seconds} s: {seen}; saw {answer!r}")
        time.sleep(0.1)


class Scene:
    """Two event topics and a state topic of their own, the load on them, and the workers that count it."""

    def __init__(self, brokers: str, folder: Path, name: str) -> None:
        self.brokers, self.folder, self.group = brokers, folder, name
        self.topics, self.state = [f"{name}.a", f"{name}.b"], f"{name}.state"
        self.admin = KafkaAdminClient(bootstrap_servers=brokers)
        stamped = {"message.timestamp.type": "LogAppendTime"}
        self.admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=stamped) for topic in self.topics]
                                 + [NewTopic(self.state, PARTITIONS, 1,
                                             topic_configs={"cleanup.policy": "compact", **stamped})])
        self.produced = {(topic, p): (0, 0) for topic in self.topics for p in range(PARTITIONS)}
        self.number = 0
        self.producer = KafkaProducer(bootstrap_servers=brokers, linger_ms=20, batch_size=64 << 10)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.loading = threading.Event()

    def close(self) -> None:
        """Ends whatever runs."""
        self.loading.clear()
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.producer.close()
        self.admin.close()

    def produce(self, count: int) -> None:
        """Sends records, the next whole numbers, to all partitions in turn."""
        places = list(self.produced)
        for _ in range(count):
            place = places[self.number % len(places)]
            value = b"%d" % self.number
            self.producer.send(place[0], value, key=b"k" + value, partition=place[1])
            records, total = self.produced[place]
            self.produced[place] = records + 1, total + self.number
            self.number += 1
        self.producer.flush()

    def load(self, each: int = 200, pause: float = 0.02) -> threading.Thread:
        """Produces in a thread until `loading` is cleared."""
        def run() -> None:
            while self.loading.is_set():
                self.produce(each)
                time.sleep(pause)  # the pace of the load

        self.loading.set()
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def worker(self, **settings: str) -> subprocess.Popen[bytes]:
        """Starts one; its log is a file in the folder."""
        environment = {**os.environ, "IOC_BROKERS": self.brokers, "IOC_GROUP": self.group,
                       "IOC_STATE_TOPIC": self.state, "IOC_PARTITIONS": str(PARTITIONS), "IOC_SESSION_SECONDS": "6",
                       "IOC_SNAPSHOT_SECONDS": "0.5",
                       "IOC_DATA": str(self.folder), "TOPICS": ",".join(self.topics), **settings}
        with (self.folder / f"worker{len(self.workers)}.log").open("wb") as log:
            process = subprocess.Popen([sys.executable, "-m", "tests.transport.counting_worker"], cwd=ROOT,
                                       env=environment, stdout=log, stderr=log)
        self.workers.append(process)
        return process

    def log(self, number: int = -1) -> str:
        """What the n-th worker said."""
        number %= len(self.workers)
        return (self.folder / f"worker{number}.log").read_text()

    def recovered(self, number: int = -1) -> None:
        """Waits until the n-th worker owns partitions."""
        until(lambda: "recovered" in self.log(number), 40, lambda: self.log(number)[-2000:])

    def counted(self) -> dict[tuple[str, int], tuple[int, int]]:
        """Count and sum of every partition in the snapshot with the highest next offset."""
        return {place: (state["count"], state["sum"]) for place, state in self.snapshots().items()}

    def next_offsets(self) -> dict[tuple[str, int], int]:
        """How far the snapshots go."""
        return {place: state["next_offset"] for place, state in self.snapshots().items()}

    def snapshots(self) -> dict[tuple[str, int], dict[str, int]]:
        """The newest snapshot of every partition, read by a client that knows nothing of the transport."""
        best: dict[tuple[str, int], dict[str, int]] = {}
        for record in self._records():
            topic, number = record.key.decode().rsplit("/", 1)
            state = json.loads(record.value)
            if state["next_offset"] >= best.get((topic, int(number)), state)["next_offset"]:
                best[topic, int(number)] = state
        return best

    def _records(self) -> Iterator[Any]:
        reader = KafkaConsumer(bootstrap_servers=self.brokers, enable_auto_commit=False, auto_offset_reset="earliest")
        try:
            partitions = [TopicPartition(self.state, p) for p in range(PARTITIONS)]
            reader.assign(partitions)
            ends = reader.end_offsets(partitions)
            reader.seek_to_beginning(*partitions)
            while any(reader.position(tp) < ends[tp] for tp in partitions):
                for records in reader.poll(200).values():
                    yield from records
        finally:
            reader.close()

    def committed(self) -> dict[tuple[str, int], int]:
        """What the broker knows as committed."""
        found = self.admin.list_group_offsets([self.group])[self.group]
        return {(tp.topic, tp.partition): entry.offset for tp, entry in found.items() if entry.offset >= 0}

    def exact(self, seconds: float = 60) -> None:
        """Waits until what is counted equals what was produced, and asserts that it stays so."""
        until(lambda: self.counted() == self.produced, seconds, lambda: f"{self.counted()} == {self.produced}")
        time.sleep(1.2)  # two snapshots: a count above the produced one would show now
        assert self.counted() == self.produced

    def counters(self) -> dict[str, int]:
        """Sums over all workers of what their transports met."""
        total: dict[str, int] = {}
        for file in self.folder.glob("counters-*.json"):
            for name, value in json.loads(file.read_text() or "{}").items():
                total[name] = total.get(name, 0) + value
        return total


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> int:
    """Sends the signal and waits; answers the exit code."""
    process.send_signal(how)
    return process.wait(25)
