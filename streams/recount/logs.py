"""Reading whole partitions with kafka-python: events up to given offsets, dead letters to their end."""

import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from schemas.errors import IocError
from streams.recount.validity import Record

PATIENCE_SECONDS = 60
Place = tuple[str, int]


@dataclass
class Log:
    """One partition: its first offset, the one after its last, and the records asked for."""

    first: int
    end: int
    records: list[Record] = field(default_factory=list)


class Logs:
    """The broker's logs, read without a group; what an aborted transaction wrote is not in them."""

    def __init__(self, brokers: str) -> None:
        if not any(_answers(broker) for broker in brokers.split(",")):
            raise IocError(f"no broker answers on {brokers}: start the stack, or name it with --brokers")
        try:
            self._consumer = KafkaConsumer(
                bootstrap_servers=brokers.split(","), isolation_level="read_committed", enable_auto_commit=False,
                auto_offset_reset="none", max_poll_records=20_000, allow_auto_create_topics=False)
        except KafkaError as error:
            raise IocError(f"the broker on {brokers} cannot be used: {type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def partitions(self, topics: Iterable[str]) -> list[Place]:
        """The partitions of those topics that exist."""
        known = {topic: self._consumer.partitions_for_topic(topic) or () for topic in topics}
        return [(topic, number) for topic, numbers in known.items() for number in sorted(numbers)]

    def read(self, limits: Mapping[Place, int | None]) -> dict[Place, Log]:
        """Each partition from its beginning to before the limit; None: to its end.

        Raises:
            IocError: the broker stopped answering.
        """
        if not limits:
            return {}
        places = {TopicPartition(*place): limit for place, limit in limits.items()}
        try:
            return self._read(places)
        except KafkaError as error:
            raise IocError(f"the logs cannot be read: {type(error).__name__}: {error}") from error

    def _read(self, places: Mapping[TopicPartition, int | None]) -> dict[Place, Log]:
        consumer = self._consumer
        consumer.assign(list(places))
        first, end = consumer.beginning_offsets(list(places)), consumer.end_offsets(list(places))
        logs = {place: Log(first[place], end[place]) for place in places}
        stops = {place: end[place] if limit is None else min(limit, end[place]) for place, limit in places.items()}
        for place in places:
            consumer.seek(place, first[place])
        open_places, heard = set(places), time.monotonic()
        while open_places := {place for place in open_places if consumer.position(place) < stops[place]}:
            consumer.pause(*(set(places) - open_places))
            found = consumer.poll(timeout_ms=1000)
            heard = time.monotonic() if found else heard
            if time.monotonic() - heard > PATIENCE_SECONDS:
                raise IocError(f"nothing came from the broker for {PATIENCE_SECONDS} s; still to read: "
                               f"{sorted((place.topic, place.partition) for place in open_places)}")
            for place, records in found.items():
                logs[place].records += [
                    Record(record.offset, record.timestamp, record.key, record.value, tuple(record.headers or ()))
                    for record in records if record.offset < stops[place]]
        consumer.resume(*places)
        return {(place.topic, place.partition): log for place, log in logs.items()}


def _answers(broker: str) -> bool:
    """Whether anybody listens there; kafka-python would try for half a minute and leave its sockets open."""
    host, _, port = broker.strip().rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except (OSError, ValueError):
        return False
    return True
