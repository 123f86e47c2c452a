"""The player's way to Kafka, and what the person in front of it sees."""

import signal
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from schemas.feed import Feed
from schemas.reference import Reference
from streams.publisher import Line, checker, encode
from streams.simulator.player import Planned, Tally
from streams.simulator.recordings.recording import HOME

MANY = 5000
"""Records after which the player waits for the broker, so that a failure shows soon."""


class KafkaOutlet:
    """Sends what the player plays to the topic of its feed, validated unless it is meant to be faulty."""

    def __init__(self, line: Line, feeds: Iterable[Feed], reference: Reference, *, max_bytes: int) -> None:
        self._line = line
        self._topics = {feed.name: feed.topic for feed in feeds}
        self._check = {feed.name: checker(feed, reference, max_bytes=max_bytes) for feed in feeds}
        self._waiting = 0

    def send(self, item: Planned) -> None:
        """Hand a record over; raises Refused if it breaks the schema, PublishError if earlier ones were not written."""
        event = item.event()
        key, value = (item.key, encode(event)) if item.faulty else self._check[item.feed](event)
        self._line.send(self._topics[item.feed], key=item.key if item.key is not None else key, value=value)
        self._waiting += 1
        if self._waiting >= MANY or self._line.failed:
            self.flush()

    def flush(self) -> None:
        """Wait until all records are written; raises PublishError if one was not."""
        if self._waiting:
            self._line.flush()
        self._waiting = 0


class Stop:
    """Becomes true at SIGTERM or Ctrl-C, so that the player ends in good order."""

    def __init__(self) -> None:
        self._asked = False
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._ask)

    def _ask(self, *_: object) -> None:
        self._asked = True

    def __call__(self) -> bool:
        """Whether to stop."""
        return self._asked


class Progress:
    """A bar on a terminal, a line now and then in a file.

    `total`: records known to lie in the past when playing began.
    """

    def __init__(self, total: int, now: Any, out: TextIO = sys.stdout) -> None:
        self._total, self._now, self._out = total, now, out
        self._tty = out.isatty()
        self._next = 0
        self._caught_up = False

    def __call__(self, tally: Tally, wait: int) -> None:
        """Show how far the player is, at most a few times a second."""
        now = self._now()
        if wait and not self._caught_up and sum(tally.sent.values()) >= self._total:
            self._caught_up = True
            self._line(f"caught up, {_counts(tally.sent) or 'nothing to play'}; now in real time")
            self._next = now + 60_000
        elif now >= self._next:
            self._next = now + (200 if self._tty and not self._caught_up else 1000 if not self._caught_up else 300_000)
            self._show(tally)

    def done(self, tally: Tally) -> None:
        """Say what was sent, and what the schema refused."""
        self._line(f"played {_counts(tally.sent) or 'nothing'}")
        for reason, number in tally.refused.most_common():
            self._line(f"  refused {number} x {reason}")

    def _show(self, tally: Tally) -> None:
        sent = sum(tally.sent.values())
        if self._caught_up or not self._total:
            self._line(f"in real time: {_counts(tally.sent)}, newest {clock(tally.newest)}")
            return
        share = min(1.0, sent / self._total)
        if self._tty:
            bar = "#" * round(share * 30)
            self._out.write(f"\r[{bar:30}] {share:4.0%} {sent:,}/{self._total:,} {clock(tally.newest)}\033[K")
            self._out.flush()
        else:
            self._line(f"{share:.0%} of the past: {sent}/{self._total}, at {clock(tally.newest)}")

    def _line(self, text: str) -> None:
        self._out.write(("\r\033[K" if self._tty else "") + text + "\n")
        self._out.flush()


def _counts(sent: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {feed}" for feed, number in sorted(sent.items()))


def clock(at: int) -> str:
    """A moment as people here read it."""
    return f"{datetime.fromtimestamp(at / 1000, UTC).astimezone(HOME):%Y-%m-%d %H:%M}"
