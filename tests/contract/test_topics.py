"""Provisioning on a real broker: makes what is missing, says what is there, finds what differs, changes nothing."""

from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic

from schemas.errors import IocError
from schemas.feed import Feed
from streams.operations import topics
from streams.operations.topics import Topic, compare, plan, provision
from streams.settings import Settings
from tests.contract.publishing import fresh_feed, settings

pytestmark = pytest.mark.kafka

FORGETFUL = {"message.timestamp.type": "CreateTime", "retention.ms": "1000"}


@pytest.fixture
def feed() -> Feed:
    return fresh_feed("hydromet")


@pytest.fixture
def given(kafka: str) -> Settings:
    return settings(kafka)


@pytest.fixture
def client(kafka: str) -> Iterator[Any]:
    opened = KafkaAdminClient(bootstrap_servers=kafka)
    yield opened
    opened.close()


def config(client: Any, topic: str) -> dict[str, str]:
    resource = ConfigResource(ConfigResourceType.TOPIC, topic)
    found = client.describe_configs([resource], config_filter="all")["topic"][topic]
    return {name: entry["value"] for name, entry in found.items()}


def test_topics_are_made_as_declared(client: Any, given: Settings, feed: Feed) -> None:
    said: list[str] = []
    assert provision(client, plan(given, [feed]), said.append) == 0
    assert [line.split(":")[0] for line in said] == [feed.topic, feed.dead_letter_topic, given.state_topic]
    assert all(": made, 2 partitions" in line for line in said)
    events, dead, state = (config(client, name) for name in (feed.topic, feed.dead_letter_topic, given.state_topic))
    for kept in (events, dead):
        assert kept["message.timestamp.type"] == "LogAppendTime"
        assert (kept["retention.ms"], kept["retention.bytes"]) == ("-1", "-1")
    assert int(dead["max.message.bytes"]) > int(events["max.message.bytes"]) == 1_048_576 > given.max_event_bytes
    assert state["cleanup.policy"] == "compact"
    assert (state["segment.bytes"], state["segment.ms"]) == ("33554432", "600000")
    assert float(state["min.cleanable.dirty.ratio"]) == 0.1
    assert int(state["max.message.bytes"]) > given.snapshot_limit_bytes
    assert {len(topic["partitions"]) for topic in client.describe_topics([feed.topic, given.state_topic])} == {2}


def test_a_second_time_changes_nothing_and_says_so(client: Any, given: Settings, feed: Feed) -> None:
    provision(client, plan(given, [feed]), lambda _: None)
    said: list[str] = []
    assert provision(client, plan(given, [feed]), said.append) == 0
    assert all(": there, 2 partitions" in line for line in said)
    assert len(said) == 3


def test_another_number_of_partitions_is_said_and_not_changed(client: Any, given: Settings, feed: Feed) -> None:
    provision(client, plan(given, [feed]), lambda _: None)
    wider = given.model_copy(update={"partitions": 4})
    said: list[str] = []
    assert provision(client, plan(wider, [feed]), said.append) == 1
    assert any(line.startswith(f"{feed.topic} has 2 partitions instead of 4: set IOC_PARTITIONS=2") for line in said)
    assert {len(topic["partitions"]) for topic in client.describe_topics([feed.topic])} == {2}


def test_a_topic_that_forgets_is_said(client: Any, given: Settings, feed: Feed) -> None:
    client.create_topics([NewTopic(feed.topic, 2, 1, topic_configs=FORGETFUL)])
    client.wait_for_topics([feed.topic])
    said: list[str] = []
    assert provision(client, plan(given, [feed]), said.append) == 1
    assert any("has message.timestamp.type=CreateTime instead of LogAppendTime" in line for line in said)
    assert any("has retention.ms=1000 instead of -1: kafka-configs.sh --alter" in line for line in said)
    assert any(line.startswith(f"{feed.dead_letter_topic}: made") for line in said)


def test_a_larger_message_size_is_no_difference() -> None:
    wanted = Topic("t", 1, 1, {"max.message.bytes": "100"})
    assert list(compare(wanted, 1, {"max.message.bytes": "200"})) == []
    assert len(list(compare(wanted, 1, {"max.message.bytes": "99"}))) == 1


def test_three_copies_ask_for_two_in_sync(given: Settings, feed: Feed) -> None:
    safe = given.model_copy(update={"replication": 3})
    assert {topic.config.get("min.insync.replicas") for topic in plan(safe, [feed])} == {"2"}
    assert {topic.config.get("min.insync.replicas") for topic in plan(given, [feed])} == {None}


def test_large_events_get_room(given: Settings, feed: Feed) -> None:
    large = given.model_copy(update={"max_event_bytes": 5_000_000})
    events, dead, _ = plan(large, [feed])
    assert int(events.config["max.message.bytes"]) > 5_000_000
    assert int(dead.config["max.message.bytes"]) > int(events.config["max.message.bytes"])


def test_more_copies_than_brokers_is_one_sentence(given: Settings, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "load_feeds", lambda _: (feed,))
    with pytest.raises(IocError, match="refuses"):
        topics.run(given.model_copy(update={"replication": 3}), Namespace())


def test_an_unreachable_broker_is_one_sentence(given: Settings) -> None:
    with pytest.raises(IocError, match=r"no Kafka broker answers at 127\.0\.0\.1:1: start it"):
        topics.run(given.model_copy(update={"brokers": "127.0.0.1:1"}), Namespace())
