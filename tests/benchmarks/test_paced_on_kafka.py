"""Killed in the midst of a steady load and started again, each engine of the paced contest counts rightly."""

from pathlib import Path

import pytest

from benchmarks.paced.contest import PEERS
from benchmarks.paced.engines import STATE_TOPIC, Engine, Ours, Peer, topic_of
from benchmarks.paced.ladder import until
from benchmarks.paced.plan import Step, write
from benchmarks.paced.sender import Sender
from benchmarks.ysb import log
from benchmarks.ysb.contest import Bed, prepare
from tools.broker import Broker

PATIENCE_SECONDS = 120


def built_engine(name: str, bed: Bed, request: pytest.FixtureRequest) -> Engine:
    if name == "ours":
        return Ours(bed)
    request.getfixturevalue("built")  # skips where there is no JDK
    return Peer(bed, name)


@pytest.mark.kafka
@pytest.mark.parametrize("name", ["ours", *(pytest.param(peer, marks=pytest.mark.peers) for peer in PEERS)])
def test_an_engine_goes_on_after_a_kill(tmp_path: Path, request: pytest.FixtureRequest, name: str) -> None:
    with Broker(tmp_path / "kafka") as broker:
        bed = Bed(broker.address, tmp_path)
        prepare(bed)
        engine = built_engine(name, bed, request)
        log.make_topics(broker.address, [STATE_TOPIC], [topic_of(name)] if name in PEERS else [])
        first, second = write(tmp_path, [Step(400, 3), Step(400, 4)])
        engine.start()
        try:
            with Sender(broker.address, engine.topic, first) as sender:
                sender.finish()
            assert until(lambda: engine.seen.latest == first.total, PATIENCE_SECONDS)
            with Sender(broker.address, engine.topic, second) as sender:
                assert until(lambda: engine.seen.latest > first.total, PATIENCE_SECONDS)
                assert sender.is_running(), "the kill hits nothing in flight"
                engine.kill()
                engine.start()
                sender.finish()
            assert until(lambda: engine.seen.latest >= second.total, PATIENCE_SECONDS)
            assert engine.counts() == second.truth
        finally:
            engine.close()
