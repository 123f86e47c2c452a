"""A replay on a real broker that is killed with -9 loses nothing and doubles nothing."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from schemas.feed import Feed
from streams.publisher import written
from streams.settings import Settings
from tests.contract.publishing import ROOT, fresh_feed, make_topics, settings

pytestmark = pytest.mark.kafka

REPLAY = "streams.simulator.replay"
SIMULATE = "streams.simulator.simulate"
ROWS = 20_000


@pytest.fixture
def river(tmp_path: Path) -> Path:
    """Five months of a river, every ten minutes."""
    lines = ["time,river_level (m)"]
    for number in range(ROWS):
        day, rest = divmod(number, 144)
        month, day = divmod(day, 28)
        clock = f"{rest // 6:02}:{rest % 6 * 10:02}:00+00:00"
        lines.append(f"2022-{month + 1:02}-{day + 1:02} {clock},{1 + number % 7 / 10:.2f}")
    path = tmp_path / "river.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def start(given: Settings, module: str, feeds: list[Feed], *words: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, "IOC_BROKERS": given.brokers, "IOC_REFERENCE": str(given.reference)}
    versions = json.dumps({feed.name: feed.version for feed in feeds})
    command = [sys.executable, "-m", "tests.contract.replaying", module, versions, *words]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True)


def finish(process: "subprocess.Popen[str]") -> str:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0, out
    return out


def bodies(kafka: str, feed: Feed) -> list[dict[str, Any]]:
    return [json.loads(record.value or b"") for record in written(kafka, feed.topic)]


def kill_after(kafka: str, feed: Feed, process: "subprocess.Popen[str]", records: int) -> int:
    """Kill with -9 as soon as the topic holds so many records; how many it holds then."""
    until = time.monotonic() + 60
    while (held := sum(1 for _ in written(kafka, feed.topic))) < records and time.monotonic() < until:
        assert process.poll() is None, process.communicate()
    process.kill()
    process.communicate()
    return held


def test_a_killed_replay_goes_on_without_loss_or_repeat(kafka: str, river: Path) -> None:
    given, feed = settings(kafka, partitions=3), fresh_feed("hydromet")
    make_topics(given, feed)
    for records in (1, 4000):
        # a speed that leaves time to be killed: three months in about ten seconds
        process = start(given, REPLAY, [feed], str(river), "--past-only", "--speed", "1000000")
        assert records <= kill_after(kafka, feed, process, records) < ROWS * 0.8
    out = finish(start(given, REPLAY, [feed], str(river), "--past-only"))
    assert "resumed" in out
    events = bodies(kafka, feed)
    assert set(Counter(event["id"] for event in events).values()) == {1}
    first, last = min(event["time"] for event in events), max(event["time"] for event in events)
    levels = [event["data"]["level_m"] for event in sorted(events, key=lambda event: event["time"])]
    assert levels == [1 + number % 7 / 10 for number in range(len(events))]
    assert len(events) >= ROWS * 0.8
    assert first < last <= time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 7 * 3600 + 1))
    assert "0 events of the past to play" in finish(start(given, REPLAY, [feed], str(river), "--past-only"))


def test_a_stopped_replay_ends_in_good_order(kafka: str, river: Path) -> None:
    given, feed = settings(kafka), fresh_feed("hydromet")
    make_topics(given, feed)
    process = start(given, REPLAY, [feed], str(river))
    assert process.stdout is not None
    for line in process.stdout:
        if "caught up" in line:
            break
    process.terminate()
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0, out
    assert "played" in out
    assert len(bodies(kafka, feed)) >= ROWS * 0.8


def test_a_dry_run_needs_no_broker(river: Path) -> None:
    given = settings("127.0.0.1:1")
    out = finish(start(given, REPLAY, [fresh_feed("hydromet")], str(river), "--dry-run"))
    assert f"{ROWS} events of feed hydromet from //foreign/kikavu" in out
    assert "weeks" in out


def test_a_scenario_killed_and_started_again_tells_its_story_once(kafka: str) -> None:
    given, feeds = settings(kafka), [fresh_feed(name) for name in ("dossier", "feedback", "hydromet", "exchange")]
    make_topics(given, *feeds)
    exchange = feeds[-1]
    kill_after(kafka, exchange, start(given, SIMULATE, feeds, "--past-only"), 1)
    finish(start(given, SIMULATE, feeds, "--past-only"))
    for feed in feeds:
        ids = Counter(event["id"] for event in bodies(kafka, feed))
        repeated = [name for name, number in ids.items() if number > 1]
        assert len(ids) > 20
        assert len(repeated) <= (30 if feed.name == "hydromet" else 0)
