"""The shipped worker, told of a folder of feeds by its settings, counts every window of the log on a real broker."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.ysb import log
from benchmarks.ysb.contest import Bed, counted, ours, prepare
from tools.broker import Broker

EVENTS, BEGINNING = 20_000, 3000


@pytest.mark.kafka
@pytest.mark.parametrize("reader", ["all", "off"])
def test_the_shipped_worker_is_exact_to_the_window(tmp_path: Path, reader: str) -> None:
    with Broker(tmp_path / "kafka") as broker:
        log.make_topics(broker.address, ["ysb.state"], [log.topic_of(BEGINNING, EVENTS)])
        stored = asyncio.run(log.store(broker.address, EVENTS, [BEGINNING]))
        bed = Bed(broker.address, tmp_path, stored)
        prepare(bed)

        run = ours(bed, "ysb.state", {"IOC_FAST_READER": reader})

        assert run.is_exact
        assert run.events == EVENTS
        assert run.cpu_us > 0
        assert dict(counted(bed, "ysb.state")) == stored.truth[EVENTS]
        assert sum(stored.truth[BEGINNING].values()) < sum(stored.truth[EVENTS].values())
