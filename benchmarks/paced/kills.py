"""kill -9 under load: seconds until an engine that is started again at once shows everything acknowledged before."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kafka import KafkaConsumer, TopicPartition

from benchmarks.paced.engines import Engine
from benchmarks.paced.ladder import until
from benchmarks.paced.plan import Load
from benchmarks.paced.sender import Sender
from benchmarks.running import BenchError
from benchmarks.ysb.log import PARTITIONS

PATIENCE_SECONDS = 90
WARM_SECONDS = 12
APART_SECONDS = 12
"""A kill comes that long after the engine shows the present again, else it would hit one that does not work yet."""


@dataclass(frozen=True, slots=True)
class Killed:
    """One engine: seconds from each kill to the first correct update; views lost, doubled, and shown too early."""

    seconds: tuple[float, ...]
    lost: int
    doubled: int
    excess: int
    starts: int

    @property
    def is_exact(self) -> bool:
        """Whether every window's count is that of the recount, and none ever showed more than was sent."""
        return not (self.lost or self.doubled or self.excess)


def kill(engine: Engine, broker: str, load: Load, kills: int, say: Callable[[str], None]) -> Killed:
    """So many kills, or fewer if the load ends before; then every window's count compared."""
    starts, seconds = 1, []
    engine.start()
    try:
        with Sender(broker, engine.topic, load) as sender:
            if not until(lambda: engine.seen.latest > 0, PATIENCE_SECONDS):
                raise BenchError(f"{engine.name} shows nothing")
            time.sleep(WARM_SECONDS)
            for number in range(kills):
                if not sender.is_running():
                    break  # nothing would be lost or doubled: no kill that proves anything
                took, again = _one(engine, broker, load)
                seconds.append(took)
                starts += again
                say(f"kill -9 {number + 1}/{kills}, {engine.name}: {took:.1f} s")
                if number + 1 < kills:
                    time.sleep(APART_SECONDS)
            if not seconds:
                raise BenchError(f"the load had ended before {engine.name} worked")
            sender.finish()
            until(lambda: engine.seen.latest >= load.total, PATIENCE_SECONDS)
        lost, doubled = differences(engine.counts(), load.truth)
        return Killed(tuple(seconds), lost, doubled, engine.seen.excess(load.due(sender.begun)), starts)
    finally:
        engine.close()


def _one(engine: Engine, broker: str, load: Load) -> tuple[float, int]:
    """Seconds to the first correct update, and how many starts it took."""
    wanted = load.acknowledged(_ends(broker, engine.topic))
    at, starts = time.monotonic(), 0
    engine.kill()
    while engine.seen.reached(wanted, at) is None:
        if not engine.is_running():
            engine.start()
            starts += 1
        if time.monotonic() - at > PATIENCE_SECONDS:
            raise BenchError(f"{engine.name} did not come back within {PATIENCE_SECONDS} s, {starts} starts")
        time.sleep(0.01)
    return (engine.seen.reached(wanted, at) or at) - at, starts


def _ends(broker: str, topic: str) -> list[int]:
    """Where each partition ends: one broker, so that what is in its log is acknowledged."""
    consumer = KafkaConsumer(bootstrap_servers=broker)
    try:
        places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        ends = consumer.end_offsets(places)
        return [ends[place] for place in places]
    finally:
        consumer.close()


def differences(found: Mapping[str, int], truth: Mapping[str, int]) -> tuple[int, int]:
    """Views that are missing, and views that are too many, over all windows."""
    windows = found.keys() | truth.keys()
    apart = [found.get(window, 0) - truth.get(window, 0) for window in windows]
    return -sum(each for each in apart if each < 0), sum(each for each in apart if each > 0)
