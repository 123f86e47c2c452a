"""What the load says: three tellings of the simulated Monday, one per provenance, with everything that goes wrong.

Beside the good events there are repeats, events out of order, events of long ago, ids used twice with another body, and
the bad records of `spoil`. The same seed and first minute tell the same story.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from heapq import heappop, heappush, merge
from random import Random
from typing import Any, Final, NamedTuple

from schemas.event import millis
from schemas.feed import Feed
from schemas.reference import Reference
from streams.publisher import encode
from streams.simulator.player import Planned
from streams.simulator.recordings.recording import text_of
from streams.simulator.scenarios.ordinary_monday import born
from streams.simulator.scenarios.scenario import tell
from tools.faults import spoil

LANES: Final = ("real", "replay", "simulated")
REPEATED, DISORDERED, OLD, CONFLICTING, SPOILT = 0.03, 0.03, 0.02, 0.005, 0.117
"""Shares of the good events; those spoilt are a tenth of all records."""

AWAY: Final = 400
"""At most so many records later comes what is repeated, delayed or contradicted."""

LONG_AGO: Final = timedelta(days=70) // timedelta(milliseconds=1)


class Shot(NamedTuple):
    """One record to be sent."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None


def story(seed: int, since: int, feeds: Mapping[str, Feed], reference: Reference) -> Iterator[Shot]:
    """Records without end, beginning in a minute since the epoch."""
    return Teller(Random(seed)).mixed(_good(seed, since, feeds, reference))


def _good(seed: int, since: int, feeds: Mapping[str, Feed], reference: Reference
          ) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """Topic, key and event of everything that the scenario tells, in the order of its times."""
    lines = [_lane(lane, tell(born, seed=f"{seed}:{lane}", since=since, reference=reference, feeds=feeds))
             for lane in LANES]
    for _, lane, item in merge(*lines, key=lambda line: line[0]):
        feed, event = feeds[item.feed], dict(item.event())
        if lane == "real":
            del event["provenance"]
        else:
            event["provenance"] = lane
        yield feed.topic, item.key or str(event["data"][feed.key]).encode(), event


def _lane(lane: str, items: Iterator[Planned]) -> Iterator[tuple[int, str, Planned]]:
    return ((item.at, lane, item) for item in items)


@dataclass
class Teller:
    """Mixes what goes wrong into what is good."""

    random: Random
    number: int = 0
    later: list[tuple[int, int, Shot]] = field(default_factory=list)

    def mixed(self, good: Iterator[tuple[str, bytes, dict[str, Any]]]) -> Iterator[Shot]:
        """All records, in the order in which they are sent."""
        for topic, key, event in good:
            shot = Shot(topic, key, encode(event))
            if self._happens(DISORDERED):
                self._delay(shot)
            else:
                yield shot
            if self._happens(REPEATED):
                self._delay(shot)
            if self._happens(CONFLICTING):
                self._delay(Shot(topic, key, encode({**event, "time": _earlier(event, 1000)})))
            if self._happens(OLD):
                old = {**event, "id": f"{event['id']}-old", "time": _earlier(event, LONG_AGO)}
                self._delay(Shot(topic, key, encode(old)))
            if self._happens(SPOILT):
                yield self._spoilt(topic, key, {**event, "id": f"{event['id']}-bad"})
            yield from self._due()

    def _spoilt(self, topic: str, key: bytes, event: dict[str, Any]) -> Shot:
        kind = self.random.choices(spoil.KINDS, spoil.WEIGHTS)[0]
        return Shot(topic, b"khong-phai-khoa" if kind is spoil.wrong_key else key, kind(event))

    def _happens(self, share: float) -> bool:
        return self.random.random() < share

    def _delay(self, shot: Shot) -> None:
        heappush(self.later, (self.number + self.random.randint(1, AWAY), self.random.randrange(2**60), shot))

    def _due(self) -> Iterator[Shot]:
        self.number += 1
        while self.later and self.later[0][0] <= self.number:
            yield heappop(self.later)[2]


def _earlier(event: Mapping[str, Any], by: int) -> str:
    return text_of(millis(event["time"]) - by)
