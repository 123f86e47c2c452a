"""The whole verb on a real broker: events and dead letters in topics, a page over HTTP, a verdict."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaProducer

from schemas.feed import Feed
from streams.recount import command
from streams.recount.logs import Logs
from streams.settings import Settings
from tests.conftest import MakeTopic
from tests.recount.pages import Serve, serve
from tests.recount.toys import CALLS, event, new_replay, page_of

pytestmark = pytest.mark.kafka
__all__ = ["serve"]

Verdict = Callable[[str], int]


@pytest.fixture
def said(kafka: str, make_topic: MakeTopic) -> str:
    """Events in two partitions, one of them refused and its dead letter; answers the true page."""
    for topic in (CALLS.topic, CALLS.dead_letter_topic):
        make_topic(topic, partitions=2, **{"message.timestamp.type": "LogAppendTime"})
    producer = KafkaProducer(bootstrap_servers=kafka)
    for number in range(40):
        value = event(CALLS, 1_772_600_400_000 + number * 1000, {"line": "1"})
        producer.send(CALLS.topic, key=b"1" if number else b"2", value=value, partition=number % 2)
        if number == 0:
            headers = [("ioc-origin", b"ioc.calls.v1/0/0"), ("ioc-fate", b"rejected"), ("ioc-reason", b"wrong_key")]
            producer.send(CALLS.dead_letter_topic, value=value, headers=headers)
    producer.flush()
    producer.close()
    return "".join(page_of(new_replay(CALLS).read(log), 20, partition=number) for number, log in _logs(kafka).items())


def _logs(kafka: str) -> dict[int, list]:  # type: ignore[type-arg]
    logs = Logs(kafka)
    found = logs.read({(CALLS.topic, 0): None, (CALLS.topic, 1): None})
    logs.close()
    return {place[1]: log.records for place, log in found.items()}


def test_the_verb_judges_a_running_stack(
    said: str,
    kafka: str,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "load_feeds", lambda _: (CALLS,))
    monkeypatch.setattr(command.House, "replay", _toy_replay)

    def verdict(page: str) -> int:
        args = argparse.Namespace(targets=serve(page), brokers=kafka, json=True)
        return command.run(Settings.model_construct(), args)

    assert verdict(said) == command.EQUAL
    assert json.loads(capsys.readouterr().out)["feeds"][0]["fates"] == {"accepted": 39, "rejected": 1}
    assert verdict(said.replace("ioc_calls_calls", "ioc_calls_cals")) == command.DIFFERENT


def _toy_replay(_: command.House, feed: Feed) -> object:
    return new_replay(feed)
