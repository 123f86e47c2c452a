"""A whole worker on a real broker: topics of its own, events, processes, and what their pages say."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from prometheus_client.parser import text_string_to_metric_families

from tests.worker import probe
from tools.ports import free_port

PARTITIONS = 2
SMALL = {"max.message.bytes": "2000000"}


def until(condition: Callable[[], Any], seconds: float, what: Callable[[], str]) -> Any:
    """Waits for a condition to be true and answers what it said; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, f"not within {seconds} s; saw {what()}"
        time.sleep(0.1)
    return answer


class Scene:
    """One feed of the test's own, on the shared broker."""

    def __init__(self, brokers: str, folder: Path) -> None:
        self.brokers, self.folder = brokers, folder
        self.version = random.randint(100, 999_999)
        self.topic = f"ioc.feedback.v{self.version}"
        self.state = f"{self.topic}.state"
        self.connect()
        self.make_topics()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.ports: list[int] = []
        self.number = 0
        self.fates: Counter[str] = Counter()
        self.weight = 0

    def make_topics(self) -> None:
        """The event topic, its dead letters and the state topic."""
        stamped = {"message.timestamp.type": "LogAppendTime"}
        self.admin.create_topics([
            NewTopic(self.topic, PARTITIONS, 1, topic_configs=stamped), NewTopic(f"{self.topic}.dead", PARTITIONS, 1),
            NewTopic(self.state, PARTITIONS, 1, topic_configs={"cleanup.policy": "compact", **stamped, **SMALL})])

    def connect(self) -> None:
        """Opens the clients of the test itself."""
        self.admin = KafkaAdminClient(bootstrap_servers=self.brokers)
        self.producer = KafkaProducer(bootstrap_servers=self.brokers, linger_ms=5)

    def disconnect(self) -> None:
        """Closes them: kafka-python leaves a socket behind for every attempt to reach a dead broker."""
        self.producer.close()
        self.admin.close()

    def close(self) -> None:
        """Ends whatever runs."""
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.disconnect()

    def publish(self, count: int, things: int = 7) -> None:
        """Good events, a repeat of every tenth, a broken record after every twentieth."""
        for _ in range(count):
            self.number += 1
            thing, weight = f"thing{self.number % things}", self.number % 90
            value = probe.event(self.number, thing=thing, weight=weight, version=self.version, at=datetime.now(UTC))
            self._send(thing, value, "accepted")
            self.weight += weight
            if self.number % 10 == 0:
                self._send(thing, value, "duplicate")
            if self.number % 20 == 0:
                self._send(thing, b"{broken", "rejected")
        self.producer.flush()

    def publish_killer(self, text: str) -> bytes:
        """An event that is good but for this text in it; answers its bytes."""
        value = probe.event(0, thing="thing1", version=self.version, at=datetime.now(UTC), id=text)
        self._send("thing1", value, "rejected")
        self.producer.flush()
        return value

    def _send(self, thing: str, value: bytes, fate: str) -> None:
        partition = int(thing[-1]) % PARTITIONS
        self.producer.send(self.topic, value, key=thing.encode(), partition=partition)
        self.fates[fate] += 1

    def environment(self, **settings: str) -> dict[str, str]:
        """The settings of a worker of this scene."""
        self.ports.append(free_port())
        return {**os.environ, "IOC_BROKERS": self.brokers, "IOC_GROUP": self.topic, "IOC_STATE_TOPIC": self.state,
                "IOC_PARTITIONS": str(PARTITIONS), "IOC_SESSION_SECONDS": "6", "IOC_SNAPSHOT_SECONDS": "0.5",
                "IOC_SNAPSHOT_LIMIT_BYTES": "1000000", "IOC_DATA": str(self.folder), "IOC_IDLE_SECONDS": "3600",
                "IOC_METRICS_PORT": str(self.ports[-1]), "PROBE_VERSION": str(self.version), **settings}

    def worker(self, **settings: str) -> subprocess.Popen[bytes]:
        """Starts one; its log is a file in the folder."""
        with (self.folder / f"worker{len(self.workers)}.log").open("wb") as log:
            process = subprocess.Popen([sys.executable, "-m", "tests.worker.probe"], cwd=probe.ROOT,
                                       env=self.environment(**settings), stdout=log, stderr=log)
        self.workers.append(process)
        return process

    def log(self, number: int = -1) -> str:
        """What the n-th worker said."""
        return (self.folder / f"worker{number % len(self.workers)}.log").read_text()

    def said(self, number: int = -1) -> list[str]:
        """Its lines, but for the one that aiokafka writes while a fresh broker makes its offsets topic."""
        return [line for line in self.log(number).splitlines() if "GroupCoordinatorNotAvailable" not in line]

    def ask(self, path: str, number: int = -1) -> tuple[int, str]:
        """An answer of the n-th worker; (0, "") while it has none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[number]}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def shown(self, name: str, by: str = "") -> dict[str, float]:
        """The samples of one name over all workers, per partition the largest, summed by a label."""
        largest: dict[tuple[Any, ...], float] = {}
        for number in range(len(self.ports)):
            for family in text_string_to_metric_families(self.ask("/metrics", number)[1]):
                for sample in family.samples:
                    if sample.name == name:
                        key = tuple(sorted(sample.labels.items()))
                        largest[key] = max(sample.value, largest.get(key, sample.value))
        total: Counter[str] = Counter()
        for key, value in largest.items():
            total[dict(key).get(by, "")] += value  # type: ignore[assignment]
        return dict(total)

    def ready(self, number: int = -1) -> None:
        """Waits until the n-th worker is ready."""
        until(lambda: self.ask("/readyz", number)[0] == 200, 40, lambda: self.ask("/readyz")[1] + self.log()[-3000:])

    def exact(self, seconds: float = 40) -> None:
        """Waits until the pages show what was published, and asserts that it stays so."""
        def difference() -> dict[str, Any]:
            fates = {fate: value for fate, value in self.shown("ioc_feed_records", "fate").items() if value}
            return {"fates": fates == dict(self.fates) or (fates, self.fates),
                    "weight": self.shown("ioc_feedback_weight") == {"": self.weight}
                    or (self.shown("ioc_feedback_weight"), self.weight)}

        def equal() -> bool:
            return all(found is True for found in difference().values())

        until(equal, seconds, lambda: f"{difference()} {self.log()[-2000:]}")
        time.sleep(1.2)  # two snapshots: a number beyond the right one would show now, and stay
        until(equal, 20, lambda: f"{difference()} {self.log()[-2000:]}")

    def records(self, topic: str) -> list[Any]:
        """Every record of a topic."""
        reader = KafkaConsumer(bootstrap_servers=self.brokers, enable_auto_commit=False, auto_offset_reset="earliest")
        try:
            partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            reader.assign(partitions)
            ends, found = reader.end_offsets(partitions), []
            reader.seek_to_beginning(*partitions)
            while any(reader.position(place) < ends[place] for place in partitions):
                for records in reader.poll(200).values():
                    found += records
            return found
        finally:
            reader.close()

    def committed(self) -> int:
        """The sum of what the broker knows as committed."""
        found = self.admin.list_group_offsets([self.topic])[self.topic]
        return sum(entry.offset for place, entry in found.items() if place.topic == self.topic)


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> int:
    """Sends the signal and waits; answers the exit code."""
    process.send_signal(how)
    return process.wait(25)


def reasons(body: str) -> list[str]:
    """Why a worker is not ready."""
    found: list[str] = json.loads(body)["reasons"]
    return found
