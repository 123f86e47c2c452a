"""Theodolite's UC2 in Kafka Streams shows what an obvious program finds, on a real broker."""

import asyncio
import json
import os
from itertools import islice
from pathlib import Path

import pytest

from benchmarks import log
from benchmarks.events import Record
from benchmarks.peers import java
from benchmarks.theodolite.readings import TOPIC, readings, recount
from tests.benchmarks.conftest import run
from tests.conftest import MakeTopic

pytestmark = pytest.mark.kafka

PARTITIONS = 4
SENSORS = 20
WARM = 2_000
EVENTS = 4_000
FIGURES = ("count", "sum", "smallest", "largest", "mean", "variance")


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return list(islice(readings(SENSORS, late=0.02, invalid=0.02), WARM + EVENTS))


@pytest.fixture
def environment(kafka: str, make_topic: MakeTopic, records: list[Record], tmp_path: Path) -> dict[str, str]:
    topic = make_topic(partitions=PARTITIONS)
    asyncio.run(log.store(kafka, records, {TOPIC: topic}, PARTITIONS))
    return {**os.environ, "BENCH_BROKER": kafka, "BENCH_TOPIC": topic, "BENCH_EVENTS": str(EVENTS),
            "BENCH_WARM": str(WARM), "BENCH_PARTITIONS": str(PARTITIONS), "BENCH_FOLDER": str(tmp_path)}


def test_it_shows_what_a_recount_finds(built: Path, environment: dict[str, str], records: list[Record]) -> None:
    done = run(java.command("streams-uc2", built), environment)
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    expected = recount(records, PARTITIONS)
    found = json.loads(Path(said["counts_file"]).read_text())
    assert found.keys() == expected.windows.keys()
    for window, figures in expected.windows.items():
        assert dict(zip(FIGURES, found[window], strict=True)) == pytest.approx(
            dict(zip(FIGURES, figures, strict=True)), rel=1e-9, abs=1e-6), window
    assert expected.late > 0
    assert expected.rejected > 0
    counted = WARM + EVENTS - expected.late - expected.rejected
    assert (said["events"], said["views"], said["rejected"]) == (EVENTS, counted, expected.rejected)
    assert said["cpu"] > 0
    assert said["guarantee"] == "exactly-once"
