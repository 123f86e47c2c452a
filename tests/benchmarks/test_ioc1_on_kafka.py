"""Everybody in IOC-1 comes to what the recount says on a real broker; a wrong one is told; ours outlives kill -9."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient

from benchmarks import log as bench_log
from benchmarks.ioc1 import events, kills, log
from benchmarks.ioc1.contest import counted, ours, peer
from benchmarks.ioc1.entrants import FAUST
from benchmarks.ioc1.recount import FATES, Recount
from benchmarks.peers import java
from benchmarks.ysb.contest import Bed
from benchmarks.ysb.log import PARTITIONS, Stored, make_topics, topic_of
from tools.broker import Broker
from tools.jars import ROOT

pytestmark = pytest.mark.kafka

NUMBER, BEGINNING = 24_000, 1_500
"""Of so many events our states have ids in blocks."""
SHARES = events.Shares(repeated=0.1, late=0.01, no_json=0.02, unknown=0.02)
STATES = ["ioc1.all", "ioc1.off"]
A_PART, AHEAD = 1000, 3
"""The log grows part by part, never more parts ahead of what is committed: however slow a worker starts, it is met."""


def bed_of(broker: str, folder: Path, stored: Stored) -> Bed:
    bed = Bed(broker, folder, stored)
    events.write_routes(bed.ads)
    events.write_reference(ROOT / "reference", bed.reference)
    return bed


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    folder = tmp_path_factory.mktemp("ioc1")
    with Broker(folder / "kafka") as broker:
        make_topics(broker.address, STATES, [topic_of(BEGINNING, NUMBER, log.feed())], log.feed())
        yield bed_of(broker.address, folder, asyncio.run(log.store(broker.address, NUMBER, [BEGINNING], SHARES)))


def test_the_log_has_all_that_is_to_be_recognised(bed: Bed) -> None:
    assert all(bed.stored.truth[BEGINNING][fate] > 5 for fate in FATES)


@pytest.mark.parametrize("reader", ["all", "off"])
def test_the_shipped_worker_is_exact(bed: Bed, reader: str) -> None:
    run = ours(bed, f"ioc1.{reader}", {"IOC_FAST_READER": reader})

    assert run.is_exact
    assert counted(bed, f"ioc1.{reader}") == bed.stored.truth[NUMBER]
    assert run.events == NUMBER
    assert run.cpu_us > 0


@pytest.mark.parametrize("warm", [0, 4000])
def test_flink_is_exact(bed: Bed, built: Path, warm: int) -> None:
    run = peer(bed, tuple(java.command("flink-ioc1", built)), number=NUMBER, warm=warm)

    assert run.is_exact
    assert (run.events, run.guarantee) == (NUMBER - warm, "exactly-once")


@pytest.mark.peers
def test_stock_faust_is_exact_as_long_as_nobody_kills_it(bed: Bed) -> None:
    run = peer(bed, FAUST, number=BEGINNING)

    assert run.is_exact
    assert (run.events, run.guarantee) == (BEGINNING, "at least once")


def test_one_event_too_many_is_told(bed: Bed) -> None:
    truth = bed.stored.truth[BEGINNING]
    planted = replace(bed.stored, truth={BEGINNING: {**truth, "duplicate": truth["duplicate"] - 1}})

    assert not peer(replace(bed, stored=planted), FAUST, number=BEGINNING).is_exact


def test_ours_is_exact_after_two_kills_while_the_log_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second kill falls after the first, even where its share of the log is passed already."""
    monkeypatch.setattr(kills, "SHARES", ((0.2, 0.3), (0.1, 0.1)))
    records, recount = list(events.records(NUMBER, SHARES)), Recount()
    placed = [(bench_log.partition_of(record.key, PARTITIONS), record) for record in records]
    for partition, record in placed:
        recount.take(partition, record)
    with Broker(tmp_path / "kafka") as broker:
        make_topics(broker.address, ["ioc1.killed"], [], log.feed())
        bed = bed_of(broker.address, tmp_path, Stored(NUMBER, 1.0, {NUMBER: dict(recount.counts)}))
        ended = threading.Event()

        def grow() -> None:
            admin = KafkaAdminClient(bootstrap_servers=broker.address)
            try:
                for first in range(0, NUMBER, A_PART):
                    part = placed[first:first + A_PART]
                    asyncio.run(bench_log.write(broker.address, (
                        bench_log.Placed(log.feed().topic, partition, *record) for partition, record in part)))
                    while kills.committed(admin, "ioc1.killed") < first - AHEAD * A_PART:
                        if ended.wait(0.1):
                            return
            finally:
                admin.close()

        writer = threading.Thread(target=grow)
        writer.start()
        try:
            found = kills.ours(bed, "ioc1.killed", seed=3)
        finally:
            ended.set()
            writer.join()

    first, second = found.kills
    assert first < second
    assert found.wrong == ""
