"""Reading whole partitions of a real broker."""

import time
from collections.abc import Iterator

import pytest
from kafka import KafkaProducer

from schemas.errors import IocError
from streams.recount.logs import Logs
from tests.conftest import MakeTopic

pytestmark = pytest.mark.kafka


@pytest.fixture
def logs(kafka: str) -> Iterator[Logs]:
    reader = Logs(kafka)
    yield reader
    reader.close()


@pytest.fixture
def producer(kafka: str) -> Iterator[KafkaProducer]:
    sender = KafkaProducer(bootstrap_servers=kafka)
    yield sender
    sender.close()


def test_each_partition_is_read_to_its_limit(make_topic: MakeTopic, producer: KafkaProducer, logs: Logs) -> None:
    topic = make_topic(partitions=3, **{"message.timestamp.type": "LogAppendTime"})
    for number in range(3000):
        producer.send(
            topic, value=b"%d" % number, key=b"k", partition=number % 2, headers=[("ioc-x", b"1")], timestamp_ms=1
        )
    producer.send(topic, value=None, key=b"k", partition=1)
    producer.flush()

    found = logs.read({(topic, 0): 1000, (topic, 1): None, (topic, 2): 0})

    assert [record.value for record in found[topic, 0].records] == [b"%d" % number for number in range(0, 2000, 2)]
    assert (found[topic, 0].first, found[topic, 0].end) == (0, 1500)
    assert len(found[topic, 1].records) == 1501
    assert found[topic, 1].records[-1].value is None
    assert found[topic, 2].records == []
    assert found[topic, 0].records[0].append > 1_000_000  # the broker's stamp, not the sender's
    assert found[topic, 0].records[0].headers == (("ioc-x", b"1"),)


def test_the_newest_stamp_of_each_key_is_found_however_far_back(
    make_topic: MakeTopic, producer: KafkaProducer, logs: Logs
) -> None:
    topic = make_topic(partitions=2, **{"message.timestamp.type": "LogAppendTime"})
    sent = []
    for key in (b"rare", b"often", b"rare", b"often"):
        sent.append(producer.send(topic, key=key, value=b"x", partition=0))
        sent[-1].get(10)
        time.sleep(0.01)
    sent += [producer.send(topic, key=key, value=b"x", partition=0) for key in [b"block"] * 1200 + [b"often", b"more"]]
    producer.flush()
    stamps = [one.get(10).timestamp for one in sent]

    found = logs.newest(topic, {0: {b"rare", b"often", b"never"}, 1: {b"rare"}, 7: {b"often"}})

    assert found == {b"rare": stamps[2], b"often": stamps[-2]}
    assert logs.newest("ioc.none", {0: {b"rare"}}) == {}


def test_aborted_records_and_markers_are_no_records(make_topic: MakeTopic, kafka: str, logs: Logs) -> None:
    topic = make_topic()
    sender = KafkaProducer(bootstrap_servers=kafka, transactional_id=f"t-{topic}")
    sender.init_transactions()
    for number in range(4):
        sender.begin_transaction()
        sender.send(topic, value=b"%d" % number, partition=0)
        sender.flush()
        sender.commit_transaction() if number % 2 else sender.abort_transaction()
    sender.close()

    log = logs.read({(topic, 0): None})[topic, 0]

    assert [record.value for record in log.records] == [b"1", b"3"]
    assert log.end == 8


def test_only_partitions_that_exist_are_listed(make_topic: MakeTopic, logs: Logs) -> None:
    topic = make_topic(partitions=2)

    assert logs.partitions([topic, "ioc.none.v1.dead"]) == [(topic, 0), (topic, 1)]


def test_a_broker_that_is_not_there_is_named() -> None:
    with pytest.raises(IocError, match=r"127\.0\.0\.1:9"):
        Logs("127.0.0.1:9")
