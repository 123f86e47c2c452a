"""How many dead letters still wait, read from the tails of the dead-letter topics of our partitions, in a thread.

A dead letter is known by its origin and arrival, so one written twice counts once, and another one of a topic made anew
counts, too; a marker that a replay left behind takes it off the list. Knows no Faust, and nothing of it is needed to go
on.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from schemas import names

Partition = tuple[str, int]

POLL_MS = 500
RETRY_SECONDS = 5.0
LABELS = ["feed", "topic", "partition"]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tail:
    """What was read of one dead-letter partition: where to read on; offset and arrival (ms) of what waits and is gone.

    A marker that tells no arrival, as older programs wrote it, is for every letter of its origin.
    """

    target: int
    next_offset: int = 0
    waiting: set[tuple[int, int]] = field(default_factory=set)
    gone: set[tuple[int, int | None]] = field(default_factory=set)

    def take(self, offset: int, headers: Mapping[str, bytes]) -> None:
        """Reads the headers of one record; one without an origin is none of ours."""
        self.next_offset = offset + 1
        replayed, origin, said = (headers.get(name) for name in ("ioc-replayed", "ioc-origin", "ioc-arrival"))
        if replayed is not None:
            number, when = origin_offset(replayed), None if said is None else int(said)
            self.gone.add((number, when))
            if when is None:
                self.waiting = {each for each in self.waiting if each[0] != number}
            else:
                self.waiting.discard((number, when))
        elif origin is not None and not self._is_gone(number := origin_offset(origin), arrival := int(said or b"0")):
            self.waiting.add((number, arrival))

    def _is_gone(self, number: int, arrival: int) -> bool:
        return (number, arrival) in self.gone or (number, None) in self.gone

    @property
    def caught_up(self) -> bool:
        """Whether everything was read that was there when it began."""
        return self.next_offset >= self.target


def origin_offset(origin: bytes) -> int:
    """The offset in "topic/partition/offset"."""
    return int(origin.rpartition(b"/")[2])


class Pending(threading.Thread):
    """Follows the dead-letter partitions of the event partitions that `owned` answers."""

    def __init__(self, brokers: str, feeds: Mapping[str, tuple[str, str]],
                 owned: Callable[[], Iterable[Partition]]) -> None:
        super().__init__(name="pending", daemon=True)
        self.brokers = brokers
        self.feeds = feeds  # event topic -> (feed, dead-letter topic)
        self.owned = owned
        self.stopping = threading.Event()
        self.tails: dict[Partition, Tail] = {}  # by event partition

    def run(self) -> None:
        """Reads until stopped; begins anew after an error."""
        while not self.stopping.is_set():
            try:
                self._follow()
            except (KafkaError, OSError, ValueError) as error:
                log.warning("dead letters cannot be counted, tried again: %r", error)
                self.tails = {}
                self.stopping.wait(RETRY_SECONDS)

    def _follow(self) -> None:
        consumer = KafkaConsumer(bootstrap_servers=self.brokers, group_id=None, enable_auto_commit=False,
                                 auto_offset_reset="earliest")
        try:
            assigned: dict[TopicPartition, Partition] = {}
            while not self.stopping.is_set():
                wanted = {TopicPartition(self.feeds[topic][1], number): (topic, number)
                          for topic, number in self.owned()}
                if wanted.keys() != assigned.keys():
                    assigned = self._assign(consumer, wanted)
                if not assigned:
                    self.stopping.wait(POLL_MS / 1000)
                    continue
                for place, records in consumer.poll(timeout_ms=POLL_MS).items():
                    for record in records:
                        self.tails[assigned[place]].take(record.offset, dict(record.headers))
        finally:
            consumer.close()

    def _assign(self, consumer: Any, wanted: dict[TopicPartition, Partition]) -> dict[TopicPartition, Partition]:
        consumer.assign(list(wanted))
        ends = consumer.end_offsets(list(wanted)) if wanted else {}
        starts = consumer.beginning_offsets(list(wanted)) if wanted else {}
        tails = {}
        for place, partition in wanted.items():
            tails[partition] = self.tails.get(partition) or Tail(ends[place], starts[place])
            consumer.seek(place, max(tails[partition].next_offset, starts[place]))
        self.tails = tails
        return wanted

    def families(self) -> Iterator[Metric]:
        """Number and age of what waits; nothing for a partition that is not read to its end yet."""
        number = GaugeMetricFamily(names.metric("dead_letters_pending"), "Dead letters that wait for a decision.",
                                   labels=LABELS)
        oldest = GaugeMetricFamily(names.metric("dead_letter_oldest_timestamp_seconds"),
                                   "Arrival of the oldest dead letter that waits.", labels=LABELS)
        for (topic, partition), tail in self.tails.items():
            if tail.caught_up:
                labels = [self.feeds[topic][0], topic, str(partition)]
                waiting = tail.waiting.copy()  # in one step: the other thread goes on writing
                number.add_metric(labels, len(waiting))
                if waiting:
                    oldest.add_metric(labels, min(arrival for _, arrival in waiting) / 1000)
        yield number
        yield oldest
