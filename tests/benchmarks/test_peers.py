"""Each Python contestant of the Yahoo benchmark that is installed here counts a real log exactly, and says so."""

import asyncio
import json
import os
import random
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from benchmarks.peers.python import PEERS, variant
from tools.jars import ROOT

PARTITIONS, EVENTS, PATIENCE_SECONDS = 4, 4000, 150
CAMPAIGN_OF = {f"ad-{number}": f"campaign-{number // 10}" for number in range(100)}
BROKEN = (
    b"",
    b"{",
    b"[]",
    json.dumps({"event_type": "view"}).encode(),
)


def event(chance: random.Random, number: int, **more: Any) -> dict[str, Any]:
    """An event in the order of the log; one in twenty comes up to a minute late."""
    late = chance.randrange(60_000) if number % 20 == 0 else 0
    return {
        "user_id": f"user-{chance.randrange(100)}",
        "page_id": f"page-{chance.randrange(100)}",
        "ad_id": chance.choice(list(CAMPAIGN_OF)),
        "ad_type": chance.choice(("banner", "modal", "sponsored-search", "mail", "mobile")),
        "event_type": chance.choice(("view", "click", "purchase")),
        "event_time": str(1_700_000_000_000 + number * 20 - late),
        "ip_address": "1.2.3.4",
        **more,
    }


def good(number: int = EVENTS) -> list[dict[str, Any]]:
    chance = random.Random(7)
    return [event(chance, place) for place in range(number)]


def recount(events: Sequence[dict[str, Any]]) -> dict[str, int]:
    """What must come out."""
    return dict(
        Counter(
            f"{CAMPAIGN_OF[each['ad_id']]}:{int(each['event_time']) // 10_000}"
            for each in events
            if each["event_type"] == "view"
        )
    )


async def _store(broker: str, topic: str, values: Sequence[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker, linger_ms=20)
    await producer.start()
    try:
        for number, value in enumerate(values):
            await producer.send(topic, value, partition=number % PARTITIONS)
        await producer.flush()
    finally:
        await producer.stop()


def drain(
    name: str, broker: str, make_topic: Callable[..., str], folder: Path, values: Sequence[bytes], warm: int = 0
) -> dict[str, Any]:
    """Lets a contestant read a log; what it said, and its counts."""
    found = variant(name, install=False)
    if found.command is None:
        pytest.skip(found.why)
    topic = make_topic(partitions=PARTITIONS, **{"message.timestamp.type": "LogAppendTime"})
    asyncio.run(_store(broker, topic, values))
    ads = folder / "ads.csv"
    ads.write_text("ad,campaign\n" + "".join(f"{ad},{campaign}\n" for ad, campaign in CAMPAIGN_OF.items()))
    environment = {
        **os.environ, "BENCH_BROKER": broker, "BENCH_TOPIC": topic, "BENCH_EVENTS": str(len(values) - warm),
        "BENCH_PARTITIONS": str(PARTITIONS), "BENCH_FOLDER": str(folder), "BENCH_ADS": str(ads),
        "BENCH_WARM": str(warm),
    }  # fmt: skip
    done = subprocess.run(
        found.command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(lines) == 1, f"{done.returncode}: {(done.stdout + done.stderr)[-3000:]}"
    said: dict[str, Any] = json.loads(lines[0])
    said["counts"] = json.loads(Path(said["counts_file"]).read_text())
    return said


@pytest.mark.kafka
@pytest.mark.peers
@pytest.mark.parametrize("name", PEERS)
def test_a_contestant_counts_every_view_of_every_window(
    name: str, kafka: str, make_topic: Callable[..., str], tmp_path: Path
) -> None:
    events = good()

    said = drain(name, kafka, make_topic, tmp_path, [json.dumps(each).encode() for each in events])

    assert said["counts"] == recount(events)
    assert said["views"] == sum(said["counts"].values())
    assert (said["events"], said["rejected"]) == (EVENTS, 0)
    assert said["cpu"] > 0
    assert said["wall"] > 0
    assert said["peak_mb"] > 10


@pytest.mark.kafka
@pytest.mark.peers
@pytest.mark.parametrize("name", ["aiokafka", "bytewax", "quix", "pathway"])
def test_a_contestant_refuses_what_is_no_event(
    name: str, kafka: str, make_topic: Callable[..., str], tmp_path: Path
) -> None:
    view = event(random.Random(8), 1, event_type="view")
    wrong = [{**view, "event_type": "look"}, {**view, "ad_type": "poster"}, {**view, "event_time": "soon"}]
    broken: tuple[bytes, ...] = ()
    if name != "pathway":  # it drops these unseen
        wrong += [{**view, "event_time": 1_700_000_000_000}, {**view, "user_id": 5}, {**view, "more": "x"}]
        wrong += [{field: value for field, value in view.items() if field != gone} for gone in view]
        broken = BROKEN
    events = good(400)
    values = [*broken, *(json.dumps(each).encode() for each in [*events[:200], *wrong, *events[200:]])]

    said = drain(name, kafka, make_topic, tmp_path, values)

    assert said["counts"] == recount(events)
    assert said["rejected"] == len(broken) + len(wrong)


@pytest.mark.kafka
@pytest.mark.peers
def test_warm_events_are_counted_and_not_measured(
    kafka: str, make_topic: Callable[..., str], tmp_path: Path
) -> None:
    events = good()

    said = drain("faust", kafka, make_topic, tmp_path, [json.dumps(each).encode() for each in events], warm=3000)

    assert said["counts"] == recount(events)
    assert said["events"] == EVENTS - 3000


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A tree in which one peer asks for what no registry has."""
    (tmp_path / "requirements/peers").mkdir(parents=True)
    (tmp_path / "requirements/peers/quix.txt").write_text(f"/nowhere/quix.whl --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr("tools.apart.ROOT", tmp_path)
    return tmp_path


def test_an_environment_that_is_missing_or_cannot_be_made_is_told_with_the_reason(elsewhere: Path) -> None:
    missing, refused = variant("quix", install=False), variant("quix")

    assert missing.command is None
    assert missing.why == "not installed: var/peers/quix is not there: `make bench` makes it"
    assert refused.command is None
    assert refused.why.startswith("not installed: ")
    assert "quix.whl" in refused.why
    assert refused.why.endswith("(all of it: var/peers/quix.log)")


def test_an_environment_is_made_anew_only_when_its_lock_has_changed(elsewhere: Path) -> None:
    lock, home = elsewhere / "requirements/peers/quix.txt", elsewhere / "var/peers/quix"
    home.mkdir(parents=True)
    (home / "lock.sha256").write_text(sha256(lock.read_bytes()).hexdigest())
    assert variant("quix", install=False).command == (str(home / "bin/python"), "-m", "benchmarks.peers.quix_window")

    lock.write_text("# newer\n")

    assert variant("quix", install=False).command is None


def test_the_locks_name_no_registry_and_hold_every_package_to_its_bytes() -> None:
    for lock in sorted({peer.lock for peer in PEERS.values()} - {""}):
        text = (ROOT / f"requirements/peers/{lock}.txt").read_text()
        assert "://" not in text, lock
        packages = [part for part in text.replace("\\\n", " ").splitlines() if part and not part.startswith(("#", " "))]
        assert packages
        assert [part for part in packages if "==" not in part or "--hash=sha256:" not in part] == [], lock
