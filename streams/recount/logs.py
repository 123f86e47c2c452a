"""Reading with kafka-python: events up to given offsets, dead letters to their end, the newest stamps of states."""

import socket
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from schemas.errors import IocError
from streams.recount.validity import Record

PATIENCE_SECONDS = 60
STRETCH = 500
"""Records that are read at once from the end of a log backwards."""

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

    def newest(self, topic: str, keys: Mapping[int, Collection[bytes]]) -> dict[bytes, int]:
        """The broker's stamp of the newest record under each of these keys, by partition; without those not there.

        Raises:
            IocError: the broker stopped answering.
        """
        try:
            return self._newest(topic, keys)
        except KafkaError as error:
            raise IocError(f"{topic} cannot be read: {type(error).__name__}: {error}") from error

    def _newest(self, topic: str, keys: Mapping[int, Collection[bytes]]) -> dict[bytes, int]:
        there = self._consumer.partitions_for_topic(topic) or ()
        places = [TopicPartition(topic, number) for number in keys if number in there]
        first, stops = self._consumer.beginning_offsets(places), self._consumer.end_offsets(places)
        found: dict[bytes, int] = {}
        while places := [place for place in places
                         if stops[place] > first[place] and not found.keys() >= set(keys[place.partition])]:
            stretches = {place: (max(first[place], stops[place] - STRETCH), stops[place]) for place in places}
            for place, records in self._fetch(stretches).items():
                found = {record.key: record.append for record in records
                         if record.key is not None and record.key in keys[place.partition]} | found
                stops[place] = stretches[place][0]
        return found

    def _read(self, places: Mapping[TopicPartition, int | None]) -> dict[Place, Log]:
        first, end = self._consumer.beginning_offsets(list(places)), self._consumer.end_offsets(list(places))
        records = self._fetch({place: (first[place], end[place] if limit is None else min(limit, end[place]))
                               for place, limit in places.items()})
        return {(place.topic, place.partition): Log(first[place], end[place], records[place]) for place in places}

    def _fetch(self, stretches: Mapping[TopicPartition, tuple[int, int]]) -> dict[TopicPartition, list[Record]]:
        """The records from an offset to before another, of each partition."""
        consumer, found = self._consumer, {place: list[Record]() for place in stretches}
        consumer.assign(list(stretches))
        for place, (start, _) in stretches.items():
            consumer.seek(place, start)
        open_places, heard = set(stretches), time.monotonic()
        while open_places := {place for place in open_places if consumer.position(place) < stretches[place][1]}:
            consumer.pause(*(set(stretches) - open_places))
            polled = consumer.poll(timeout_ms=1000)
            heard = time.monotonic() if polled else heard
            if time.monotonic() - heard > PATIENCE_SECONDS:
                raise IocError(f"nothing came from the broker for {PATIENCE_SECONDS} s; still to read: "
                               f"{sorted((place.topic, place.partition) for place in open_places)}")
            for place, records in polled.items():
                found[place] += [
                    Record(record.offset, record.timestamp, record.key, record.value, tuple(record.headers or ()))
                    for record in records if record.offset < stretches[place][1]]
        consumer.resume(*stretches)
        return found


def _answers(broker: str) -> bool:
    """Whether anybody listens there; kafka-python would try for half a minute and leave its sockets open."""
    host, _, port = broker.strip().rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except (OSError, ValueError):
        return False
    return True
