"""The load: sends a story at an even rate through our own publisher, and keeps a ledger of what became of each record.

Outcomes as in Jepsen: acknowledged, or unknown; what the topic holds must contain the first, and nothing beyond both.
"""

import threading
import time
import zlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from streams.publisher import Line, PublishError, Sent, written
from tools.faults.story import Shot

BREATH: Final = 0.02
"""Seconds between two handfuls of records."""

PUSHED: Final = 1500.0
"""Records a second of those that a scenario sends beside the story, unless it says otherwise."""

Mark = tuple[str, int, int]


def mark(topic: str, key: bytes | None, value: bytes | None) -> Mark:
    """What tells one record from another: its topic and checksums."""
    return topic, zlib.crc32(key or b""), -1 if value is None else zlib.crc32(value)


class Entry(NamedTuple):
    """One record handed over; without `sent` the publisher refused to take it."""

    mark: Mark
    sent: Sent | None


class Load(threading.Thread):
    """Sends until told to stop."""

    def __init__(self, brokers: str, shots: Iterator[Shot], rate: float) -> None:
        super().__init__(name="load", daemon=True)
        self.brokers, self.shots, self.rate = brokers, shots, rate
        self.entries: list[Entry] = []
        self.times: list[float] = []
        """When each was handed over, by the clock that never stops."""
        self.stopping = threading.Event()
        self.pausing = threading.Event()
        self.closed: frozenset[str] = frozenset()
        """Topics to which nothing of the story is sent for now."""
        self.extra: deque[tuple[Shot, list[Entry]]] = deque()
        self.pushed = PUSHED
        self.known: list[Mark] = []
        """What others have sent, and the broker has acknowledged."""
        self.trouble: BaseException | None = None

    @property
    def sent(self) -> int:
        """How many records were handed over."""
        return len(self.entries)

    def push(self, shots: Iterable[Shot], rate: float = PUSHED) -> list[Entry]:
        """Sends these beside the story, so many a second; the list answered fills as they are handed over."""
        entries: list[Entry] = []
        self.pushed = rate
        self.extra.extend((shot, entries) for shot in shots)
        return entries

    def run(self) -> None:
        """Hands over a handful, waits a breath."""
        try:
            with Line(self.brokers) as line:
                self._send_all(line)
        except Exception as error:  # noqa: BLE001  # told to whoever asks how the load fares
            self.trouble = error

    def finish(self, seconds: float = 60) -> None:
        """Sends no more, and waits until the broker has answered for everything."""
        self.stopping.set()
        self.join(seconds)
        if self.is_alive():
            self.trouble = self.trouble or TimeoutError(f"the load has not ended within {seconds:.0f} s")

    def _send_all(self, line: Line) -> None:
        told, before = 0.0, time.monotonic()
        while not self.stopping.wait(BREATH):
            now = time.monotonic()
            passed, before = now - before, now
            if self.pausing.is_set():
                continue
            for _ in range(round(min(passed, 1.0) * self.pushed)):
                if self.extra:
                    self._hand_over(line, *self.extra.popleft())
            told = min(told + passed * self.rate, self.rate)  # a stall is not made up for at once
            while told >= 1:
                told -= 1
                if (shot := next(self.shots)).topic not in self.closed:
                    self._hand_over(line, shot, [])
        try:
            line.flush()
        except PublishError:
            return  # each entry knows by itself that it was not acknowledged

    def _hand_over(self, line: Line, shot: Shot, entries: list[Entry]) -> None:
        entries.append(self._send(line, shot))
        self.entries.append(entries[-1])
        self.times.append(time.monotonic())

    def _send(self, line: Line, shot: Shot) -> Entry:
        try:
            sent = line.send(shot.topic, key=shot.key, value=shot.value, partition=shot.partition)
        except PublishError:
            return Entry(mark(*shot[:3]), None)
        return Entry(mark(*shot[:3]), sent)


class Ledger(NamedTuple):
    """What the load knows of its records once it has ended."""

    acknowledged: Counter[Mark]
    unknown: Counter[Mark]


def ledger(entries: Iterable[Entry]) -> Ledger:
    """The outcome of each record."""
    found = Ledger(Counter(), Counter())
    for entry in entries:
        (found.acknowledged if _is_acknowledged(entry) else found.unknown)[entry.mark] += 1
    return found


def _is_acknowledged(entry: Entry) -> bool:
    if entry.sent is None:
        return False
    try:
        entry.sent.receipt(0)  # nothing will be told any more
    except PublishError:
        return False
    return True


def held(brokers: str, topics: Iterable[str]) -> Counter[Mark]:
    """What the topics hold."""
    return Counter(mark(topic, record.key, record.value) for topic in topics for record in written(brokers, topic))


def differences(book: Ledger, topic: Counter[Mark]) -> list[str]:
    """Where the topics do not hold what the ledger says, in sentences."""
    found = []
    lost = book.acknowledged - topic
    if lost:
        found.append(f"{lost.total()} acknowledged records are not in the topic")
    strangers = topic - book.acknowledged - book.unknown
    if strangers:
        found.append(f"{strangers.total()} records in the topic were never sent, or stand there twice")
    return found
