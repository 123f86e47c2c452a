"""The reader of the state topic on real Kafka: everything up to the end noted, or an error; never less in silence."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import TopicAlreadyExistsError

from schemas.errors import CompatibilityError, SnapshotError
from streams.transport.state_reader import READS, StateRecord, read_state, topic_ids
from tests.transport.kafka_tools import until
from tools.broker import Broker
from tools.faults.bed import second_door
from tools.faults.proxy import Proxy
from tools.ports import free_port

pytestmark = pytest.mark.kafka
MakeTopic = Callable[..., str]


@pytest.fixture
def state_topic(make_topic: MakeTopic) -> str:
    return make_topic(partitions=3, **{"cleanup.policy": "compact"})


@pytest.fixture
def producer(kafka: str) -> Iterator[KafkaProducer]:
    made = KafkaProducer(bootstrap_servers=kafka)
    yield made
    made.close()


@pytest.fixture
def hurt(tmp_path: Path) -> Iterator[tuple[Proxy, Broker]]:
    """A broker with the topic `state`, and a way to it on which answers may be hurt."""
    proxy, port = Proxy(), free_port()
    proxy.start()
    with Broker(tmp_path / "kafka", port, settings=second_door(port, proxy)) as broker:
        made = KafkaAdminClient(bootstrap_servers=broker.address)
        made.create_topics([NewTopic("state", 1, 1, topic_configs={"cleanup.policy": "compact"})])
        made.close()
        yield proxy, broker
    proxy.close()


def longest(best: bytes | None, record: StateRecord) -> bytes | None:
    """Keeps the longest value; a tombstone forgets."""
    if record.value is None:
        return None
    return record.value if best is None or len(record.value) >= len(best) else best


def read(kafka: str, topic: str, *partitions: int, seconds: float = 20) -> dict[int, dict[bytes, bytes]]:
    return asyncio.run(read_state(kafka, topic, partitions, choose=longest, seconds=seconds))


def test_each_key_gives_the_record_that_the_caller_chooses(kafka: str, state_topic: str,
                                                           producer: KafkaProducer) -> None:
    for value in (b"a", b"aaa", b"aa"):
        producer.send(state_topic, value, key=b"x", partition=0)
    producer.send(state_topic, b"b", key=b"y", partition=0)
    producer.send(state_topic, b"c", key=b"x", partition=2)
    producer.flush()
    assert read(kafka, state_topic, 0, 1) == {0: {b"x": b"aaa", b"y": b"b"}, 1: {}}


def test_a_tombstone_forgets_what_came_before_it(kafka: str, state_topic: str, producer: KafkaProducer) -> None:
    producer.send(state_topic, b"old", key=b"x", partition=0)
    producer.send(state_topic, None, key=b"x", partition=0)
    producer.flush()
    assert read(kafka, state_topic, 0) == {0: {}}


def test_a_log_whose_beginning_was_deleted_is_read_from_where_it_begins(kafka: str, make_topic: MakeTopic,
                                                                        admin: KafkaAdminClient,
                                                                        producer: KafkaProducer) -> None:
    topic = make_topic(**{"cleanup.policy": "compact,delete"})
    for value in (b"long ago", b"now"):
        producer.send(topic, value, key=b"x", partition=0).get(10)
    admin.delete_records({TopicPartition(topic, 0): 1})
    assert read(kafka, topic, 0) == {0: {b"x": b"now"}}


def test_no_reading_of_many_comes_back_empty(kafka: str, state_topic: str, producer: KafkaProducer) -> None:
    producer.send(state_topic, b"v", key=b"x", partition=1).get(10)

    async def many() -> list[dict[int, dict[bytes, bytes]]]:
        return [await read_state(kafka, state_topic, [1], choose=longest) for _ in range(25)]

    assert asyncio.run(many()) == [{1: {b"x": b"v"}}] * 25


def test_whoever_waits_is_told_that_the_reading_gets_on(kafka: str, state_topic: str, producer: KafkaProducer) -> None:
    producer.send(state_topic, b"v", key=b"x", partition=0).get(10)
    told = list[bool]()
    asyncio.run(read_state(kafka, state_topic, [0], choose=longest, got_on=lambda: told.append(True)))
    assert told


def test_no_partitions_are_no_states(kafka: str, state_topic: str) -> None:
    assert read(kafka, state_topic) == {}


def test_a_record_without_a_key_is_refused(kafka: str, topic: str, producer: KafkaProducer) -> None:
    producer.send(topic, b"v", partition=0).get(10)
    with pytest.raises(SnapshotError, match="has no key"):
        read(kafka, topic, 0)


def test_what_the_caller_raises_ends_the_reading(kafka: str, state_topic: str, producer: KafkaProducer) -> None:
    producer.send(state_topic, b"v", key=b"x", partition=0).get(10)

    def refuse(best: bytes | None, record: StateRecord) -> bytes | None:
        raise SnapshotError("unknown format")

    with pytest.raises(SnapshotError, match="unknown format"):
        asyncio.run(read_state(kafka, state_topic, [0], choose=refuse))


def test_a_missing_partition_is_an_error_within_the_bound(kafka: str, state_topic: str) -> None:
    with pytest.raises(SnapshotError, match=state_topic):
        read(kafka, state_topic, 9, seconds=2)


def test_a_broker_that_does_not_answer_is_an_error_within_the_bound() -> None:
    with pytest.raises(SnapshotError, match=r"ioc\.state"):
        asyncio.run(read_state("127.0.0.1:1", "ioc.state.v1", [0], choose=longest, seconds=2))


def test_a_topic_made_anew_under_its_name_has_another_id(kafka: str, make_topic: MakeTopic,
                                                         admin: KafkaAdminClient) -> None:
    topic = make_topic()
    before = topic_ids(kafka, [topic])
    assert topic_ids(kafka, [topic]) == before
    admin.delete_topics([topic])

    def made_anew() -> bool:
        try:
            return bool(make_topic(topic))
        except TopicAlreadyExistsError:  # the broker deletes in its own time
            return False

    def known() -> str:
        try:
            return topic_ids(kafka, [topic])[topic]
        except CompatibilityError:  # made, but not yet told to those who ask
            return ""

    until(made_anew, 20, "deleted")
    assert until(known, 20, "known") != before[topic]


def test_a_missing_topic_has_no_id(kafka: str) -> None:
    with pytest.raises(CompatibilityError, match="no topic nowhere"):
        topic_ids(kafka, ["nowhere"])


def test_a_reading_with_a_wrong_checksum_is_made_again(hurt: tuple[Proxy, Broker],
                                                       caplog: pytest.LogCaptureFixture) -> None:
    proxy, broker = hurt
    with KafkaProducer(bootstrap_servers=broker.address) as producer:
        for number in range(3):
            producer.send("state", b"%d" % number * 2000, key=b"%d" % number, partition=0).get(10)
    proxy.harm.flips = READS - 1
    whole = {0: {b"%d" % number: b"%d" % number * 2000 for number in range(3)}}
    assert read(proxy.address, "state", 0) == whole
    assert proxy.done["flipped"] == caplog.text.count("is read anew") == READS - 1


def test_a_wrong_checksum_that_stays_is_an_error_and_no_state(hurt: tuple[Proxy, Broker]) -> None:
    proxy, broker = hurt
    with KafkaProducer(bootstrap_servers=broker.address) as producer:
        producer.send("state", b"1" * 2000, key=b"1", partition=0).get(10)
    proxy.harm.flips = 1000
    with pytest.raises(SnapshotError, match=r"the state topic state cannot be read.*Corrupt"):
        read(proxy.address, "state", 0)
