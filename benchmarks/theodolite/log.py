"""The stored log of UC2: generated once, whole and as beginnings for the slow; what each comes to."""

import asyncio
import shutil
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from benchmarks import log
from benchmarks.running import ROOT
from benchmarks.theodolite.readings import TOPIC, readings, recount
from benchmarks.ysb.log import PARTITIONS, Stored, topic_of
from schemas.catalogue import find_feed
from schemas.feed import Feed

FEEDS = ROOT / "benchmarks/theodolite/feeds"
SENSORS = 100


def feed() -> Feed:
    """The declared feed."""
    return find_feed("uc2", str(FEEDS))


def store(broker: str, whole: int, beginnings: Iterable[int]) -> Stored:
    """Writes the log and its beginnings."""
    records = list(islice(readings(SENSORS), whole))
    lengths = {whole, *beginnings}
    for number in lengths:
        topics = {TOPIC: topic_of(number, whole, feed())}
        asyncio.run(log.store(broker, records[:number], topics, PARTITIONS))
    truth = {number: recount(records[:number], PARTITIONS).windows for number in lengths}
    return Stored(whole, sum(len(record.value) for record in records) / whole, truth)


def write_reference(home: Path, folder: Path) -> None:
    """The sensors as a dated list of a folder of reference data, beside those of the province."""
    shutil.copytree(home, folder, ignore=shutil.ignore_patterns("foreign"))
    lines = [f"s_{number},2020-01-01,,generator,assumed" for number in range(SENSORS)]
    (folder / "sensors.csv").write_text("\n".join(["sensor,valid_from,valid_to,basis,status", *lines, ""]))
