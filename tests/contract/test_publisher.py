"""Publishing on a real broker: what is good is confirmed with its place, what is not is never sent."""

import contextlib
import io
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient, NewTopic
from kafka.errors import TopicAlreadyExistsError
from kafka.partitioner.default import murmur2  # the function every client of Kafka agrees on

from schemas.catalogue import find_feed
from schemas.errors import Reason
from schemas.feed import Feed
from streams import publisher as publisher_module
from streams.operations.publish import publish_lines
from streams.publisher import Line, Publisher, PublishError, Refused, encode, written
from tests.contract.publishing import ROOT, fresh_feed, make_topics, rain, settings
from tools.broker import Broker

pytestmark = pytest.mark.kafka


@pytest.fixture
def feed() -> Feed:
    return fresh_feed("hydromet")


@pytest.fixture
def publisher(kafka: str, feed: Feed) -> Iterator[Publisher]:
    make_topics(settings(kafka), feed)
    with Publisher(kafka, feed, reference=ROOT / "reference") as opened:
        yield opened


def test_a_receipt_names_the_place_where_the_event_stands(publisher: Publisher, feed: Feed, kafka: str) -> None:
    receipts = [publisher.publish(rain(feed, f"r{number}")) for number in range(3)]
    assert [receipt.offset for receipt in receipts] == [0, 1, 2]
    assert {(receipt.topic, receipt.partition) for receipt in receipts} == {(feed.topic, receipts[0].partition)}
    stored = list(written(kafka, feed.topic))
    assert [record.value for record in stored] == [encode(rain(feed, f"r{number}")) for number in range(3)]


@pytest.mark.parametrize("size", [1_048_000, 1_048_500, 1_048_576, 10_000_000])
def test_a_record_too_large_costs_no_other_record(publisher: Publisher, feed: Feed, kafka: str, size: int) -> None:
    with Line(kafka) as line:
        with contextlib.suppress(PublishError):
            line.send(feed.topic, key=b"a", value=b"x" * size).receipt()
        assert line.send(feed.topic, key=b"a", value=b"small").receipt().topic == feed.topic


def test_the_key_is_the_entity_and_its_partition_that_of_every_other_client(publisher: Publisher, feed: Feed, kafka: str
                                                                             ) -> None:
    receipt = publisher.publish(rain(feed))
    (record,) = written(kafka, feed.topic)
    assert record.key == b"LC-R-0042"
    assert receipt.partition == (murmur2(record.key) & 0x7FFFFFFF) % 2


@pytest.mark.parametrize(("data", "reason", "pointer"), [
    ({"station_id": "LC-X-9999"}, Reason.UNKNOWN_ENTITY, "/data/station_id"),
    ({"rain_mm": -1.0}, Reason.SCHEMA_VIOLATION, "/data/rain_mm"),
    ({"rain_mm": math.nan}, Reason.NOT_FINITE, "/data/rain_mm"),
    ({"colour": "red"}, Reason.SCHEMA_VIOLATION, "/data/colour"),
])  # fmt: skip
def test_a_bad_event_is_refused_in_both_languages_and_not_sent(
    publisher: Publisher, feed: Feed, kafka: str, data: dict[str, Any], reason: Reason, pointer: str
) -> None:
    with pytest.raises(Refused) as refusal:
        publisher.publish(rain(feed, **data))
    assert (refusal.value.reason, refusal.value.pointer) == (reason, pointer)
    assert reason.text.vi in str(refusal.value)
    assert reason.text.en in str(refusal.value)
    assert list(written(kafka, feed.topic)) == []


def test_something_that_is_no_json_is_refused(publisher: Publisher, feed: Feed) -> None:
    with pytest.raises(Refused, match="not_json"):
        publisher.publish(rain(feed, rain_mm=object()))


def test_many_are_sent_without_waiting_and_flush_waits_for_all(publisher: Publisher, feed: Feed, kafka: str) -> None:
    sent = [publisher.send(rain(feed, f"r{number}")) for number in range(1000)]
    publisher.flush()
    assert [item.receipt(0).offset for item in sent] == list(range(1000))
    assert len(list(written(kafka, feed.topic))) == 1000


def test_lines_are_published_and_each_refusal_names_its_line(publisher: Publisher, feed: Feed, kafka: str) -> None:
    lines = [encode(rain(feed, "a")), b"", b"nonsense", encode(rain(feed, "b", station_id="NOPE")), b"[1]"]
    report = io.StringIO()
    assert publish_lines(publisher, [line.decode() for line in lines], report) == (1, 3)
    told = report.getvalue()
    assert "line 3: not_json, trường / field /\n" in told
    assert "line 4: unknown_entity, trường / field /data/station_id\n" in told
    assert "line 5: not_cloudevent" in told
    assert Reason.UNKNOWN_ENTITY.text.vi in told
    assert Reason.UNKNOWN_ENTITY.text.en in told
    assert len(list(written(kafka, feed.topic))) == 1


def test_a_broker_that_does_not_answer_is_said_in_one_sentence(feed: Feed) -> None:
    with pytest.raises(PublishError, match=r"no Kafka broker answers at 127\.0\.0\.1:1: "):
        Publisher("127.0.0.1:1", feed, reference=ROOT / "reference")


def test_a_topic_that_is_not_there_is_said_in_one_sentence(kafka: str, feed: Feed) -> None:
    with (Publisher(kafka, feed, reference=ROOT / "reference", max_block_ms=500) as publisher,
          pytest.raises(PublishError, match="`ioc topics`")):
        publisher.publish(rain(feed))


def test_an_unknown_topic_holds_nothing(kafka: str) -> None:
    assert list(written(kafka, "no.such.topic")) == []


def test_only_what_was_stamped_since_is_read(publisher: Publisher, feed: Feed, kafka: str) -> None:
    publisher.publish(rain(feed, "old"))
    (old,) = written(kafka, feed.topic)
    while publisher.publish(rain(feed, "new")) and max(record.at for record in written(kafka, feed.topic)) == old.at:
        pass
    values = [record.value for record in written(kafka, feed.topic, since_ms=old.at + 1)]
    assert encode(rain(feed, "new")) in values
    assert encode(rain(feed, "old")) not in values
    assert list(written(kafka, feed.topic, since_ms=old.at + 86_400_000)) == []


def first_snippet(page: Path, marker: str) -> str:
    """The first block of code after a heading."""
    text = page.read_text(encoding="utf-8").split(marker, 1)[1]
    return text.split("```python\n", 1)[1].split("```", 1)[0]


def test_the_ten_lines_of_the_page_for_agencies_really_publish(kafka: str) -> None:
    code = first_snippet(ROOT / "docs/agencies.md", "<!-- ten lines -->").replace("127.0.0.1:9092", kafka)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    topic = find_feed("hydromet").topic
    make_plain_topic(kafka, topic)
    before = sum(1 for _ in written(kafka, topic))
    exec(compile(code, "agencies.md", "exec"), {})
    records = list(written(kafka, topic))
    assert len(records) == before + 1


def test_the_publisher_of_the_page_for_agencies_really_publishes(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code = first_snippet(ROOT / "docs/agencies.md", "<!-- publisher -->").replace("127.0.0.1:9092", kafka)
    topic = find_feed("hydromet").topic
    make_plain_topic(kafka, topic)
    before = sum(1 for _ in written(kafka, topic))
    monkeypatch.chdir(ROOT)
    exec(compile(code, "agencies.md", "exec"), {})
    assert sum(1 for _ in written(kafka, topic)) == before + 1


def make_plain_topic(kafka: str, topic: str) -> None:
    """The topic, unless another test has made it."""
    admin = KafkaAdminClient(bootstrap_servers=kafka)
    try:
        admin.create_topics([NewTopic(topic, 2, 1)])
    except TopicAlreadyExistsError:
        pass
    finally:
        admin.wait_for_topics([topic])
        admin.close()


def test_an_outage_longer_than_the_patience_ends_no_line(own_broker: Broker, tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher_module, "PATIENCE_MS", 3000)
    given = settings(own_broker.address)
    feed = fresh_feed("hydromet")
    make_topics(given, feed)
    with Publisher(own_broker.address, feed, reference=ROOT / "reference", request_timeout_ms=1000) as publisher:
        publisher.publish(rain(feed, "before"))
        own_broker.pause()
        try:
            kept = publisher.send(rain(feed, "meanwhile"))
            with pytest.raises(PublishError, match="send it again"):
                kept.receipt(8)
        finally:
            own_broker.resume()
        assert kept.receipt().offset == 1
        assert publisher.publish(rain(feed, "after")).offset == 2
    ids = [json.loads(record.value or b"")["id"] for record in written(own_broker.address, feed.topic)]
    assert len(ids) == len(set(ids)) == 3


TWO_RECORDS = """
import sys
from streams.publisher import Line
with Line(sys.argv[1], reconnect_backoff_ms=900) as line:  # doubles
    for number in range(2):
        sys.stdin.readline()
        print(line.send(sys.argv[2], key=b"LC-R-0042", value=b"{}").receipt(60).offset, flush=True)
"""


def test_a_broker_that_was_away_for_long_is_found_at_once(own_broker: Broker) -> None:
    given = settings(own_broker.address)
    feed = fresh_feed("hydromet")
    make_topics(given, feed)
    with subprocess.Popen([sys.executable, "-c", TWO_RECORDS, own_broker.address, feed.topic], cwd=ROOT, text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        print(file=child.stdin, flush=True)
        assert child.stdout.readline() == "0\n"
        own_broker.kill()
        print(file=child.stdin, flush=True)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(15)  # by itself kafka-python would look again about 13 s later
        own_broker.start()
        assert child.wait(4) == 0
        assert child.stdout.read() == "1\n"


def test_a_line_closed_while_the_broker_stands_still_says_what_it_owes(own_broker: Broker) -> None:
    given = settings(own_broker.address)
    feed = fresh_feed("hydromet")
    make_topics(given, feed)
    line = Line(own_broker.address)
    line.send(feed.topic, key=b"LC-R-0042", value=b"{}").receipt()
    own_broker.pause()
    try:
        line.send(feed.topic, key=b"LC-R-0042", value=b"{}")
        with pytest.raises(PublishError, match="not confirmed"):
            line.close()
    finally:
        own_broker.resume()
