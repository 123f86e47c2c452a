"""Kafka Streams and Flink count what an obvious program counts, on a real broker, and outlive what is invalid."""

import json
import os
import random
import re
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from benchmarks.peers import java
from tests.benchmarks.conftest import run
from tests.conftest import MakeTopic

PARTITIONS = 4
WARM = 10_000
EVENTS = 40_000
PROMISED = {"events", "views", "rejected", "cpu", "wall", "peak_mb", "counts_file", "guarantee"}
TEXTS = {
    "user_id": ".{36}",
    "page_id": ".{36}",
    "ad_id": "[0-9a-f-]{36}",
    "ad_type": "banner|modal|sponsored-search|mail|mobile",
    "event_type": "view|click|purchase",
    "event_time": "[0-9]{1,13}",
    "ip_address": ".{7,15}",
}
MISTYPED: list[object] = [7, None, {}, "", "no such thing", "é" * 36]
chance = random.Random(11)


def ids(number: int) -> list[str]:
    return [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(number)]


CAMPAIGNS, ADS, USERS = ids(10), ids(40), ids(20)
CAMPAIGN_OF = {ad: CAMPAIGNS[number // 4] for number, ad in enumerate(ADS)}


def event(number: int) -> dict[str, Any]:
    """One event of the benchmark, 50 a second, up to 50 ms out of order and now and then a minute late."""
    late = chance.randrange(60_000) if number % 500 == 250 else 0
    at = 1_700_000_000_000 + number * 20 + chance.randrange(-50, 50) - late
    return {"user_id": chance.choice(USERS), "page_id": chance.choice(USERS), "ad_id": chance.choice(ADS),
            "ad_type": chance.choice(["banner", "modal", "sponsored-search", "mail", "mobile"]),
            "event_type": chance.choice(["view", "click", "purchase"]), "event_time": str(at),
            "ip_address": "1.2.3.4"}


SPOILT: list[bytes | None] = [
    None, b"", b"\xff\xfe", b"null", b"[]", b'"text"', b"{}", b"{",
    json.dumps(event(1))[:-1].encode(),
    json.dumps(event(1)).encode() + b" {}",
    json.dumps(event(1)).encode().replace(b"1.2.3.4", b"1.2.3.\xc3("),
    *(json.dumps({name: text for name, text in event(1).items() if name != missing}).encode() for missing in TEXTS),
    *(json.dumps({**event(1), "event_type": "view", wrong: value}).encode()
      for wrong in TEXTS for value in MISTYPED),
    json.dumps({**event(1), "event_type": "view", "more": "1"}).encode(),
    json.dumps({**event(1), "event_type": "view", "ad_id": str(uuid.UUID(int=1))}).encode(),
    json.dumps({**event(1), "event_type": "view", "ad_id": ADS[0].replace("-", "+")}).encode(),
    json.dumps({**event(1), "event_type": "view", "ip_address": "1.2.3."}).encode(),
    json.dumps({**event(1), "event_type": "view", "ip_address": "1234.1234.1234.1"}).encode(),
    json.dumps({**event(1), "event_type": "view", "event_time": "17000000000000"}).encode(),
    json.dumps({**event(1), "event_type": "view", "event_time": "-1700000000000"}).encode(),
    json.dumps({**event(1), "event_type": "view", "event_time": "1700000000000.5"}).encode(),
]  # fmt: skip


def log() -> list[bytes | None]:
    """The stored log: every 50th record is one of the spoilt, as long as there are some."""
    spoilt = iter(SPOILT)
    records = [next(spoilt, None) if number % 50 == 25 and number // 50 < len(SPOILT) else
               json.dumps(event(number)).encode() for number in range(WARM + EVENTS)]
    assert next(spoilt, b"all are used") == b"all are used"
    return records


def recount(records: list[bytes | None]) -> tuple[Counter[str], int]:
    """What is to be shown, and how many are rejected: by the words of the definition, one record after the other."""
    counts: Counter[str] = Counter()
    rejected = 0
    for record in records:
        try:
            found = json.loads((record or b"").decode())
        except ValueError:
            found = None
        if not isinstance(found, dict) or found.keys() != TEXTS.keys() or not all(map(is_valid, found.items())):
            rejected += 1
        elif found["event_type"] == "view":
            counts[f"{CAMPAIGN_OF[found['ad_id']]}:{int(found['event_time']) // 10_000}"] += 1
    return counts, rejected


def is_valid(field: tuple[str, object]) -> bool:
    name, value = field
    if not isinstance(value, str) or (name == "ad_id" and value not in CAMPAIGN_OF):
        return False
    return re.fullmatch(TEXTS[name], value) is not None


@pytest.fixture
def environment(kafka: str, make_topic: MakeTopic, tmp_path: Path) -> dict[str, str]:
    ads = tmp_path / "ads.csv"
    ads.write_text("ad,campaign\n" + "".join(f"{ad},{campaign}\n" for ad, campaign in CAMPAIGN_OF.items()))
    return {**os.environ, "BENCH_BROKER": kafka, "BENCH_TOPIC": make_topic(partitions=PARTITIONS),
            "BENCH_EVENTS": str(EVENTS), "BENCH_WARM": str(WARM), "BENCH_PARTITIONS": str(PARTITIONS),
            "BENCH_FOLDER": str(tmp_path), "BENCH_ADS": str(ads)}


def store(environment: dict[str, str], records: list[bytes | None]) -> None:
    """Writes the records, dealt to the partitions in turns."""
    producer = KafkaProducer(bootstrap_servers=environment["BENCH_BROKER"], acks="all", linger_ms=20)
    for number, record in enumerate(records):
        key = b"nothing" if record is None else None  # kafka-python sends no record of neither
        producer.send(environment["BENCH_TOPIC"], key=key, value=record, partition=number % PARTITIONS)
    producer.flush(30)
    producer.close()


@pytest.mark.parametrize("variant", java.VARIANTS)
def test_a_variant_shows_what_a_recount_finds(built: Path, environment: dict[str, str], variant: str) -> None:
    records = log()
    store(environment, records)
    done = run(java.command(variant, built), environment)
    assert done.returncode == 0, done.stderr[-2000:]
    (line,) = done.stdout.splitlines()
    said = json.loads(line)
    counts, rejected = recount(records)
    assert json.loads(Path(said["counts_file"]).read_text()) == counts
    assert said.keys() == PROMISED
    assert (said["events"], said["views"], said["rejected"]) == (EVENTS, counts.total(), rejected)
    assert said["guarantee"] == "exactly-once"
    assert said["cpu"] > 0
    assert said["wall"] > 0
    assert said["peak_mb"] > 50


def test_of_a_longer_topic_the_beginning_is_counted(built: Path, environment: dict[str, str]) -> None:
    records = log()
    store(environment, [*records, *map(str.encode, map(json.dumps, map(event, range(90_000, 91_000))))])
    for variant in ("streams-store", "streams-dsl", "flink-window"):
        done = run(java.command(variant, built), environment)
        assert done.returncode == 0, done.stderr[-2000:]
        said = json.loads(done.stdout)
        assert json.loads(Path(said["counts_file"]).read_text()) == recount(records)[0], variant


def test_a_topic_that_holds_too_little_is_refused(built: Path, environment: dict[str, str]) -> None:
    store(environment, log()[:-1])
    done = run(java.command("streams-store", built), environment)
    assert done.returncode == 1
    assert "which is neither 50000 events nor begins with them" in done.stderr
    assert done.stdout == ""


def test_without_a_compiler_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(java.NotInstalledError, match=r"^not installed: mvn and javac missing; .*apt-get install maven"):
        java.build(tmp_path / "built")


def test_a_build_that_fails_says_why_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("mvn", "javac"):
        (tmp_path / name).write_text('#!/bin/sh\necho "[ERROR] Unknown host"\nexit 1\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(java.NotInstalledError, match=r"^not installed: .*Unknown host.*check the network"):
        java.build(tmp_path / "built")
    assert not list(tmp_path.glob("built*"))
