"""The stored log of IOC-1: generated once, whole and as beginnings for the slow; what each comes to."""

from collections.abc import Iterable, Iterator, Mapping

from benchmarks import log
from benchmarks.ioc1 import events
from benchmarks.ioc1.recount import Recount
from benchmarks.running import ROOT
from benchmarks.ysb.log import PARTITIONS, Stored, topic_of
from schemas.catalogue import find_feed
from schemas.feed import Feed

FEEDS = ROOT / "benchmarks/ioc1/feeds"


def feed() -> Feed:
    """The declared feed."""
    return find_feed("ioc1", str(FEEDS))


async def store(broker: str, whole: int, beginnings: Iterable[int], shares: events.Shares) -> Stored:
    """Writes the log and its beginnings in one pass, each record where its key puts it."""
    lengths = sorted({whole, *beginnings})
    recount = Recount()
    truth: dict[int, Mapping[str, int]] = {}
    size = 0

    def placed() -> Iterator[log.Placed]:
        nonlocal size
        for place, record in enumerate(events.records(whole, shares)):
            size += len(record.value)
            partition = log.partition_of(record.key, PARTITIONS)
            recount.take(partition, record)
            for number in lengths:
                if place < number:
                    yield log.Placed(topic_of(number, whole, feed()), partition, *record)
            if place + 1 in lengths:
                truth[place + 1] = dict(recount.counts)

    await log.write(broker, placed())
    return Stored(whole, size / whole, truth)
