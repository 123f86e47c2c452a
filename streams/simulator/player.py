"""Plays events in the order of their time: the past as fast as asked, then with the clock, never ahead of it.

What was played before stands in the topics, and only there: a start reads which ids they hold and plays the others. The
clock is an argument of everything that decides; only `Player.play` waits for it.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge
from itertools import count
from typing import Any, Final, NamedTuple, Protocol

from schemas.event import millis
from schemas.feed import Feed
from streams.publisher import Record, Refused
from streams.simulator.recordings.recording import Recorded, Recording, in_round, to_event

WEEK: Final = 7 * 86_400_000
HOUR: Final = 3_600_000

PAST: Final = 6 * HOUR
"""How much past a recording gets that is shorter than a week."""

PLAYED: Final = 0.8
"""Share of the events of a longer recording that are past at the first start."""


class Planned(NamedTuple):
    """A record to be sent at a moment; `faulty` ones are sent although they break the rules."""

    at: int
    feed: str
    id: str
    event: Callable[[], Mapping[str, Any]]
    key: bytes | None = None
    faulty: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """Where a recording lies in time: its first round moved by `shift`, each further one later by `period`."""

    shift: int
    period: int

    def at(self, recorded: Recorded, round_: int) -> int:
        """The moment at which an event of a round happens."""
        return recorded.at + self.shift + round_ * self.period


def period_of(recording: Recording) -> int:
    """From the beginning of one round to that of the next: whole weeks for a recording longer than one."""
    span = recording.last - recording.first
    return span + max(recording.pause, 1) if span <= WEEK else -(-(span + 1) // WEEK) * WEEK


def schedule(recording: Recording, now: int) -> Schedule:
    """A first schedule such that now lies inside the recording.

    A long one is moved by whole weeks, so that about the share PLAYED of its events is past. A short one is played end
    to end: as many rounds as PAST takes, and then half of one.
    """
    period = period_of(recording)
    if recording.last - recording.first <= WEEK:
        return Schedule(now - recording.first - (PAST // period) * period - period // 2, period)
    newest = recording.events[int(len(recording.events) * PLAYED)].at
    shift = (now - newest) // WEEK * WEEK
    while recording.last + shift <= now:
        shift += WEEK
    return Schedule(shift, period)


def resumed(recording: Recording, held: Mapping[str, int]) -> Schedule | None:
    """The schedule that the topic shows by its ids and times; None if it holds nothing of the recording."""
    period = period_of(recording)
    recorded = {event.id: event.at for event in recording.events}
    for name, at in held.items():
        first, _, number = name.rpartition(".r")
        if name in recorded:
            return Schedule(at - recorded[name], period)
        if first in recorded and number.isdecimal():
            return Schedule(at - recorded[first] - int(number) * period, period)
    return None


def planned(recording: Recording, feed: Feed, plan: Schedule, held: Container[str] = ()) -> Iterator[Planned]:
    """The events not held yet, round after round without end."""
    for round_ in count():
        for recorded in recording.events:
            name = in_round(recorded.id, round_)
            if name not in held:
                maker = _maker(recording, recorded, feed, plan, round_)
                yield Planned(plan.at(recorded, round_), feed.name, name, maker)


def _maker(recording: Recording, recorded: Recorded, feed: Feed, plan: Schedule, round_: int
           ) -> Callable[[], dict[str, Any]]:
    shift = plan.shift + round_ * plan.period
    return lambda: to_event(recorded, feed, recording.source, shift=shift, round_=round_, renamed=recording.renamed)


def together(lines: Iterable[Iterator[Planned]]) -> Iterator[Planned]:
    """Several plans as one, in the order of time."""
    return merge(*lines, key=lambda item: item.at)


ATTRIBUTE: Final = re.compile(rb'"(id|source|time|provenance)":"([^"\\]*)"')


def held(records: Iterable[Record], source: str | None, provenance: str) -> dict[str, int]:
    """Ids and times of what a topic holds of a provenance and a source, or of all sources."""
    found: dict[str, int] = {}
    wanted = (b"" if source is None else f'"source":"{source}"'.encode(), f'"provenance":"{provenance}"'.encode())
    for record in records:
        if record.value is None or not all(mark in record.value for mark in wanted):
            continue
        attributes: dict[bytes, bytes] = {}
        for name, value in ATTRIBUTE.findall(record.value):
            attributes.setdefault(name, value)
        try:
            found.setdefault(attributes[b"id"].decode(), millis(attributes[b"time"].decode()))
        except (KeyError, ValueError):
            continue  # not of our making
    return found


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the past passes: `speed` seconds a second from `since`, without a speed as fast as it can be sent.

    Attributes:
        since: moment of the first event played.
        started: moment of the clock at which playing began.
    """

    since: int
    started: int
    speed: float | None = None

    def wait(self, at: int, now: int) -> int:
        """Milliseconds until an event of the moment `at` may be sent; never before the clock has come to it."""
        ahead = max(0, at - now)
        if self.speed is None:
            return ahead
        return max(ahead, round((at - self.since) / self.speed) - (now - self.started))


class Clock(Protocol):
    """Where the player learns what time it is, and waits."""

    def now(self) -> int:
        """Milliseconds since the epoch."""

    def sleep(self, millis: int) -> None:
        """Wait."""


class WallClock:
    """The clock of this machine."""

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return time.time_ns() // 1_000_000

    def sleep(self, millis: int) -> None:
        """Wait."""
        time.sleep(millis / 1000)


class Outlet(Protocol):
    """Where the player sends: to Kafka, or to a list in a test."""

    def send(self, item: Planned) -> None:
        """Hand a record over; raises Refused if it breaks the schema."""

    def flush(self) -> None:
        """Wait until all of them are written."""


@dataclass
class Tally:
    """What was played so far."""

    sent: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    newest: int = 0


@dataclass(frozen=True, slots=True)
class Player:
    """Plays until told to stop.

    Attributes:
        stopping: asked before each event and at least every second of a pause.
        progress: told of each event and each pause, with the milliseconds to wait.
    """

    outlet: Outlet
    clock: Clock
    stopping: Callable[[], bool] = lambda: False
    progress: Callable[[Tally, int], None] = lambda tally, wait: None
    speed: float | None = None
    past_only: bool = False

    def play(self, items: Iterable[Planned]) -> Tally:
        """Send each record when its time has come."""
        tally, pace = Tally(), None
        for item in items:
            pace = pace or Pace(item.at, self.clock.now(), self.speed)
            if not self._reach(item, pace, tally):
                break
            try:
                self.outlet.send(item)
                tally.sent[item.feed] += 1
            except Refused as refusal:
                tally.refused[f"{item.feed}: {refusal.reason.value} {refusal.pointer} {refusal.detail}"] += 1
            tally.newest = item.at
            self.progress(tally, 0)
        self.outlet.flush()
        return tally

    def _reach(self, item: Planned, pace: Pace, tally: Tally) -> bool:
        """Wait for the moment of a record; False if it shall not be sent any more."""
        if self.stopping():
            return False
        wait = pace.wait(item.at, self.clock.now())
        if wait > 0:
            if self.past_only and item.at > self.clock.now():
                return False
            self.outlet.flush()
        while wait > 0:
            self.progress(tally, wait)
            self.clock.sleep(min(wait, 1000))
            if self.stopping():
                return False
            wait = pace.wait(item.at, self.clock.now())
        return True
