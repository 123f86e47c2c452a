"""Publishes events to a feed: validates, waits for the broker, answers topic, partition and offset.

Made for the programmers of agencies, used by our own simulator and operations; knows nothing of how events are folded.

    with Publisher("127.0.0.1:9092", "hydromet") as publisher:
        receipt = publisher.publish(event)
"""

import contextlib
import json
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError

from schemas.bare import decoder
from schemas.catalogue import find_feed
from schemas.decode import MAX_BYTES
from schemas.errors import IocError, Reason, Rejection
from schemas.feed import Feed
from schemas.reference import Reference, load_reference

PATIENCE_MS: Final = 30_000
"""How long a caller waits for the broker's confirmation."""

EXPIRY_MS: Final = 86_400_000
"""How long a record is tried to be written, longer than any outage: an idempotent producer from which one has expired
never has another confirmed. Whoever sends again meanwhile, with the same id, is counted once."""

BOOTSTRAP_MS: Final = 5_000
"""How long a first connection may take."""

RECONNECT_MS: Final = 1_000
"""How long a client waits at most until it looks for a lost broker again; kafka-python by itself: half a minute."""

LARGEST: Final = 16_777_216
"""Bytes of one fetch, above every size that a feed or its dead letters allow."""

EVENT_BYTES: Final = 1_048_576
OVERHEAD: Final = 65_536
"""Bytes that key, headers and the frame of a batch may take beside the event."""


def largest_record(max_bytes: int) -> int:
    """What the topic of a feed takes whose events may have so many bytes; `ioc topics` makes it so."""
    return max(EVENT_BYTES, max_bytes + OVERHEAD)



class PublishError(IocError):
    """The broker does not answer, or does not take a record; says what to do."""


class Refused(IocError):
    """The event is not what the feed's schema asks for; it was not sent."""

    def __init__(self, rejection: Rejection) -> None:
        text = rejection.reason.text
        where = rejection.pointer or "/"
        super().__init__(f"{rejection.reason.value} {where}: {text.vi} / {text.en}. {rejection.detail}")
        self.rejection = rejection
        self.reason = rejection.reason
        self.pointer = rejection.pointer
        self.detail = rejection.detail


class Receipt(NamedTuple):
    """Where the broker has put a record."""

    topic: str
    partition: int
    offset: int


class Record(NamedTuple):
    """One record as it stands in a topic; `at` is the broker's stamp in milliseconds."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    at: int


class Sent:
    """A record on its way: `receipt()` waits for the broker."""

    def __init__(self, future: Any, topic: str) -> None:
        self._future = future
        self._topic = topic

    def receipt(self, seconds: float | None = None) -> Receipt:
        """Where the broker has put it; waits `seconds`, or the patience of this module.

        Raises:
            PublishError: the broker did not confirm it.
        """
        try:
            found = self._future.get(timeout=PATIENCE_MS / 1000 + 5 if seconds is None else seconds)
        except KafkaError as error:
            raise PublishError(f"the broker has not confirmed a record of {self._topic}: {error}; send it again: a "
                               f"repeat with the same id and body within an hour counts once") from error
        return Receipt(found.topic, found.partition, found.offset)


class _Closing:
    """Closed at the end of a `with`."""

    def close(self) -> None:
        """Let go of the broker."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        with contextlib.suppress(*([PublishError] if error else [])):  # the first error says more
            self.close()


class Line(_Closing):
    """Raw bytes to topics, confirmed by all replicas and idempotent; the partition is murmur2 of the key.

    A record larger than what the topic of a feed takes (`max_bytes`: of its events) is refused here: refused by the
    broker, it would end the idempotent producer, and nothing that is sent after it would ever be written.
    `options` go to KafkaProducer: security_protocol, ssl_cafile, sasl_mechanism ...
    """

    def __init__(self, brokers: str, *, max_bytes: int = MAX_BYTES, **options: Any) -> None:
        self._failures: list[BaseException] = []
        settings: dict[str, Any] = {
            "acks": "all", "enable_idempotence": True, "linger_ms": 5, "batch_size": 131_072,
            "max_request_size": largest_record(max_bytes), "delivery_timeout_ms": EXPIRY_MS,
            "request_timeout_ms": 10_000, "max_block_ms": PATIENCE_MS, "bootstrap_timeout_ms": BOOTSTRAP_MS, **options,
        }  # fmt: skip
        self._producer = connect(KafkaProducer, brokers, **settings)

    def send(self, topic: str, *, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = (),
             partition: int | None = None) -> Sent:
        """Hand a record over without waiting; `flush` or the answer's `receipt` tells whether it was written.

        Raises:
            PublishError: the topic does not exist, or the broker does not answer.
        """
        try:
            future = self._producer.send(topic, key=key, value=value, headers=list(headers), partition=partition)
        except KafkaTimeoutError as error:
            raise PublishError(f"topic {topic} is not there or the broker does not answer: {error}; make topics with "
                               f"`ioc topics`") from error
        except (MessageSizeTooLargeError, ValueError) as error:
            raise PublishError(f"topic {topic} does not take the record: {error}") from error
        future.add_errback(self._failures.append)
        return Sent(future, topic)

    def flush(self) -> None:
        """Wait until everything handed over is written.

        Raises:
            PublishError: something was not; says how much.
        """
        try:
            self._producer.flush(PATIENCE_MS / 1000 + 5)
        except KafkaTimeoutError as error:
            raise PublishError(f"the broker does not confirm what was sent: {error}") from error
        if self._failures:
            failures, self._failures = self._failures, []
            raise PublishError(f"{len(failures)} records were not written: {failures[0]}")

    @property
    def failed(self) -> bool:
        """Whether something handed over was not written; `flush` tells what."""
        return bool(self._failures)

    def close(self) -> None:
        """Let go of the broker; what is still on its way is given a few seconds.

        Raises:
            PublishError: something still was; it may have been written or not.
        """
        try:
            self._producer.close(timeout=5)
        except KafkaTimeoutError as error:
            raise PublishError(f"what was sent last is not confirmed: {error}; send it again: a repeat with the same "
                               f"id and body within an hour counts once") from error


class Publisher(_Closing):
    """Publishes to one feed; `brokers` is host:port, comma separated.

    `reference` is the reference data, or the folder it is in. `line` shares a connection between several publishers.
    """

    def __init__(self, brokers: str, feed: Feed | str, *, reference: Reference | Path | str = Path("reference"),
                 max_bytes: int = MAX_BYTES, line: Line | None = None, **options: Any) -> None:
        self.feed = find_feed(feed) if isinstance(feed, str) else feed
        found = reference if isinstance(reference, Reference) else read_reference(Path(reference), [self.feed])
        self._check = checker(self.feed, found, max_bytes=max_bytes)
        self._own = line is None
        self._line = line or Line(brokers, max_bytes=max_bytes, **options)

    def publish(self, event: Mapping[str, Any]) -> Receipt:
        """Validate, send, wait for the broker.

        Raises:
            Refused: the event breaks the schema or names something unknown; nothing was sent.
            PublishError: the broker did not confirm it.
        """
        return self.send(event).receipt()

    def send(self, event: Mapping[str, Any]) -> Sent:
        """Validate and hand over without waiting: for many; `flush` waits for all of them.

        Raises:
            Refused: the event breaks the schema or names something unknown; nothing was sent.
        """
        key, value = self._check(event)
        return self._line.send(self.feed.topic, key=key, value=value)

    def flush(self) -> None:
        """Wait until everything sent is written.

        Raises:
            PublishError: something was not.
        """
        self._line.flush()

    def close(self) -> None:
        """Let go of the broker."""
        if self._own:
            self._line.close()


def checker(feed: Feed, reference: Reference, *, max_bytes: int = MAX_BYTES
            ) -> Callable[[Mapping[str, Any]], tuple[bytes | None, bytes]]:
    """How events of a feed become key and value; the function raises Refused."""
    reader = decoder(feed, reference, max_bytes=max_bytes)

    def check(event: Mapping[str, Any]) -> tuple[bytes | None, bytes]:
        value = encode(event)
        decoded = reader.decode(value)
        if isinstance(decoded, Rejection):
            raise Refused(decoded)
        return str(decoded.row[feed.key]).encode() if feed.key else None, value

    return check


def encode(event: Mapping[str, Any]) -> bytes:
    """The bytes of an event, in the order in which it was written down.

    Raises:
        Refused: it contains something that is no JSON.
    """
    try:
        return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:  # UnicodeEncodeError is a ValueError
        raise Refused(Rejection(Reason.NOT_JSON, "", str(error))) from error


def read_reference(folder: Path, feeds: Iterable[Feed] = ()) -> Reference:
    """The reference data of the province and, where present, that of replayed foreign data; with the feeds' lists."""
    foreign = folder / "foreign"
    lists = {name: kind for feed in feeds for name, kind in feed.lists.items()}
    return load_reference(folder, *([foreign] if foreign.is_dir() else []), lists=lists)


def connect(kind: Callable[..., Any], brokers: str, **options: Any) -> Any:
    """A client of kafka-python.

    Raises:
        PublishError: no broker answers.
    """
    silent = PublishError(f"no Kafka broker answers at {brokers}: start it, or set IOC_BROKERS")
    servers = [server.strip() for server in brokers.split(",")]
    if not any(listens(server) for server in servers):  # kafka-python would try for long, and leave sockets behind
        raise silent
    try:
        return kind(bootstrap_servers=servers, **{"reconnect_backoff_max_ms": RECONNECT_MS, **options})
    except KafkaError as error:
        raise silent from error


def listens(server: str) -> bool:
    """Whether somebody listens at host:port."""
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), BOOTSTRAP_MS / 1000).close()
    except (OSError, ValueError):
        return False
    return True


def written(brokers: str, topic: str, *, since_ms: int | None = None) -> Iterator[Record]:
    """What a topic holds at this moment, each partition in its order; for whoever must not publish twice.

    `since_ms`: only what the broker stamped then or later. A topic that does not exist holds nothing.

    Raises:
        PublishError: no broker answers, or it stops to answer.
    """
    consumer = connect(KafkaConsumer, brokers, enable_auto_commit=False, bootstrap_timeout_ms=BOOTSTRAP_MS,
                       fetch_max_bytes=LARGEST, max_partition_fetch_bytes=LARGEST, max_poll_records=5000)
    try:
        yield from _written(consumer, topic, since_ms)
    except KafkaError as error:
        raise PublishError(f"topic {topic} cannot be read: {error}") from error
    finally:
        consumer.close()


def _written(consumer: Any, topic: str, since_ms: int | None) -> Iterator[Record]:
    if topic not in consumer.topics():
        return
    partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
    ends = consumer.end_offsets(partitions)
    starts = consumer.beginning_offsets(partitions)
    if since_ms is not None:
        found = consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
        starts = {part: found[part].offset if found.get(part) else ends[part] for part in partitions}
    open_parts = {part for part in partitions if starts[part] < ends[part]}
    if not open_parts:
        return
    consumer.assign(sorted(open_parts))
    for part in open_parts:
        consumer.seek(part, starts[part])
    silent = 0
    while open_parts and silent < PATIENCE_MS // 500:
        fetched = consumer.poll(timeout_ms=500)
        silent = 0 if fetched else silent + 1
        for part, records in fetched.items():
            for record in records:
                if record.offset < ends[part]:
                    yield Record(part.partition, record.offset, record.key, record.value, record.headers,
                                 record.timestamp)
        open_parts = {part for part in open_parts if consumer.position(part) < ends[part]}
    if open_parts:
        raise PublishError(f"topic {topic} cannot be read: the broker has sent nothing for {PATIENCE_MS // 1000} s")
