"""What every test may ask for: one real broker for the whole run, and topics on it."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from kafka.admin import KafkaAdminClient, NewTopic

from tools.broker import Broker

MakeTopic = Callable[..., str]

settings.register_profile("house", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("house")


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real Kafka broker on free ports, shared by all tests: never stop, pause or kill this one."""
    with Broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.fixture(scope="session")
def kafka(broker: Broker) -> str:
    """The bootstrap address of the shared broker."""
    return broker.address


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of the test's own, to be stopped, paused and killed."""
    with Broker(tmp_path / "kafka") as running:
        yield running


@pytest.fixture(scope="session")
def admin(kafka: str) -> Iterator[KafkaAdminClient]:
    """An admin client of the shared broker."""
    client = KafkaAdminClient(bootstrap_servers=kafka)
    yield client
    client.close()


@pytest.fixture
def make_topic(admin: KafkaAdminClient) -> MakeTopic:
    """A function that makes a topic and answers its name: `make_topic(partitions=4, **{"cleanup.policy": "x"})`."""

    def make(name: str | None = None, partitions: int = 1, **settings: str) -> str:
        name = name or f"test.{uuid.uuid4().hex[:12]}"
        admin.create_topics([NewTopic(name, partitions, 1, topic_configs=settings)])
        return name

    return make


@pytest.fixture
def topic(make_topic: MakeTopic) -> str:
    """A fresh topic of one partition that stamps records on append."""
    return make_topic(**{"message.timestamp.type": "LogAppendTime"})
