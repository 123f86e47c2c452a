"""What a scenario is: for each minute, what begins in it, with everything that follows from that later.

A scenario is a function of seed, minute and reference data alone, so that a restart tells the same story.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any, Final

from schemas import names
from schemas.feed import Feed
from schemas.reference import Reference
from streams.simulator.player import Planned
from streams.simulator.recordings.recording import text_of

MINUTE: Final = 60_000
PREFIX: Final = "sim-"


@dataclass(frozen=True, slots=True)
class Act:
    """One event of a story; times in `data` are milliseconds.

    Attributes:
        at: when it is sent; also its time, unless `time` says otherwise.
        unit: commune or district and its version, or nothing.
        key: another Kafka key than the entity's id.
        faulty: it breaks a rule on purpose and is sent all the same.
        again: it is sent a second time, so many milliseconds later.
    """

    at: int
    feed: str
    action: str
    source: str
    agency: str
    data: Mapping[str, Any]
    unit: tuple[str, str] | None = None
    time: int | None = None
    key: str | None = None
    faulty: bool = False
    again: int | None = None


Born = Callable[[int, Random, Reference], Iterator[Act]]
"""born(minute, random, reference): what begins in a minute since the epoch."""


def tell(born: Born, *, seed: str, since: int, reference: Reference, feeds: Mapping[str, Feed]) -> Iterator[Planned]:
    """The records of a scenario from a minute on, in order, without end; feeds that do not exist are left out."""
    waiting: list[tuple[int, int, Planned]] = []
    order = count()
    for minute in count(since):
        for number, act in enumerate(born(minute, Random(f"{seed}:{minute}"), reference)):
            if act.feed in feeds:
                for item in _records(act, f"{PREFIX}{minute}-{number}", feeds[act.feed]):
                    heappush(waiting, (item.at, next(order), item))
        while waiting and waiting[0][0] < (minute + 1) * MINUTE:
            yield heappop(waiting)[2]


def _records(act: Act, name: str, feed: Feed) -> Iterator[Planned]:
    key = act.key if act.key is not None else str(act.data.get(feed.key, "")) if act.faulty else None
    item = Planned(act.at, feed.name, name, partial(_event, act, name, feed), None if key is None else key.encode(),
                   act.faulty)
    yield item
    if act.again is not None:
        yield item._replace(at=act.at + act.again)


def _event(act: Act, name: str, feed: Feed) -> dict[str, Any]:
    data = {field: text_of(value) if field in feed.times else value for field, value in act.data.items()}
    unit = {} if act.unit is None else {"adminunit": act.unit[0], "adminversion": act.unit[1]}
    return {
        "specversion": "1.0",
        "id": name,
        "source": act.source,
        "type": names.event_type(feed.name, act.action, feed.version),
        "time": text_of(act.at if act.time is None else act.time),
        "agency": act.agency,
        **unit,
        "provenance": "simulated",
        "data": data,
    }


def minute_of(name: str) -> int | None:
    """The minute in which an event of a scenario was born, by its id."""
    minute = name.removeprefix(PREFIX).partition("-")[0]
    return int(minute) if name.startswith(PREFIX) and minute.isdecimal() else None
