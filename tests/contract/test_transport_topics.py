"""What the start asserts about the topics of a real broker."""

from collections.abc import Callable

import pytest

from schemas.errors import CompatibilityError
from streams.transport.compatibility import check_topics

pytestmark = pytest.mark.kafka
MakeTopic = Callable[..., str]
STAMPED = {"message.timestamp.type": "LogAppendTime"}


@pytest.fixture
def events(make_topic: MakeTopic) -> str:
    return make_topic(partitions=2, **STAMPED)


@pytest.fixture
def state(make_topic: MakeTopic) -> str:
    return make_topic(partitions=2, **{"cleanup.policy": "compact", "max.message.bytes": "4000000", **STAMPED})


def test_topics_as_needed_pass(kafka: str, events: str, state: str) -> None:
    check_topics(kafka, [events], state, 2, largest_state=4_000_000)


def test_a_missing_topic_is_named(kafka: str, events: str, state: str) -> None:
    with pytest.raises(CompatibilityError, match=r"topic ioc\.absent does not exist"):
        check_topics(kafka, [events, "ioc.absent"], state, 2)


def test_another_number_of_partitions_is_refused(kafka: str, events: str, state: str) -> None:
    with pytest.raises(CompatibilityError, match=r"has 2 partitions, .* need 3"):
        check_topics(kafka, [events], state, 3)


def test_too_few_copies_are_refused(kafka: str, events: str, state: str) -> None:
    with pytest.raises(CompatibilityError, match="has 1 copies, 3 are needed"):
        check_topics(kafka, [events], state, 2, replication=3)


def test_the_clock_of_the_sender_is_refused(kafka: str, make_topic: MakeTopic, state: str) -> None:
    events = make_topic(partitions=2, **{"message.timestamp.type": "CreateTime"})
    with pytest.raises(CompatibilityError, match=r"message\.timestamp\.type=CreateTime, must be LogAppendTime"):
        check_topics(kafka, [events], state, 2)


def test_a_state_topic_that_does_not_tell_the_broker_s_time_is_refused(kafka: str, events: str,
                                                                      make_topic: MakeTopic) -> None:
    state = make_topic(partitions=2, **{"cleanup.policy": "compact"})
    with pytest.raises(CompatibilityError, match=rf"{state} has message\.timestamp\.type=CreateTime"):
        check_topics(kafka, [events], state, 2)


@pytest.mark.parametrize("policy", ["delete", "compact,delete"])
def test_a_state_topic_that_forgets_is_refused(kafka: str, events: str, make_topic: MakeTopic, policy: str) -> None:
    state = make_topic(partitions=2, **{"cleanup.policy": policy, **STAMPED})
    with pytest.raises(CompatibilityError, match=r"cleanup\.policy=.*, must be compact"):
        check_topics(kafka, [events], state, 2)


def test_a_state_topic_too_narrow_for_a_snapshot_is_refused(kafka: str, events: str, state: str) -> None:
    with pytest.raises(CompatibilityError, match="takes records of 4000000 bytes, a snapshot may have 16000000"):
        check_topics(kafka, [events], state, 2, largest_state=16_000_000)
