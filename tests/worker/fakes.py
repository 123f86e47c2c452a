"""A transport, a producer and a clock that do what a test says."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from streams.engine.plan import Plan
from streams.settings import Settings
from streams.telemetry import Telemetry, Vitals
from streams.transport.state_reader import StateRecord
from streams.transport.watchdog import Counters
from streams.worker.attempts import Attempt, is_note, unpack
from streams.worker.board import Board
from streams.worker.clock import Clock
from streams.worker.durability import Keeper
from streams.worker.owned import Candidates, choose
from tests.worker import probe

TOPIC = "ioc.feedback.v1"
PLACE = (TOPIC, 0)


class Consumer:
    """The transport, as the keeper sees it."""

    def __init__(self) -> None:
        self.generation = 1
        self.counters = Counters()
        self.ends: dict[tuple[str, int], int] = {}
        self.start = 0
        self.sought: list[tuple[tuple[str, int], int]] = []
        self.behind = False
        self.confirmed = -1

    def confirmed_commit(self, partition: tuple[str, int]) -> int:
        return self.confirmed

    def caught_up(self, partition: tuple[str, int], next_offset: int) -> bool:
        return not self.behind

    async def reseek(self, partition: tuple[str, int], offset: int) -> int:
        self.sought.append((partition, offset))
        return max(offset, self.start)

    async def latest(self, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return {partition: self.ends.get(partition, 1000) for partition in partitions}

    async def committed(self, partitions: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int | None]:
        return dict.fromkeys(partitions)


@dataclass(frozen=True)
class Stamp:
    """What the broker says of a record that it took."""

    timestamp: int | None
    timestamp_type: int | None = 1


class Producer:
    """Keeps what was sent; confirms at once, or when told, or refuses. `clock`: the broker's, in seconds."""

    def __init__(self, log: list[str], clock: Callable[[], float]) -> None:
        self.log = log
        self.clock = clock
        self.sent: list[tuple[str, bytes | None, bytes | None, int, Any]] = []
        self.waiting: list[asyncio.Future[Stamp]] = []
        self.waits = False
        self.refuse: Callable[[bytes | None], Exception | None] = lambda value: None

    async def send(self, topic: str, key: bytes | None, value: bytes | None, partition: int,
                   headers: Any = None) -> asyncio.Future[Stamp]:
        self.sent.append((topic, key, value, partition, headers))
        future: asyncio.Future[Stamp] = asyncio.get_running_loop().create_future()
        error = self.refuse(value)
        if error is not None:
            future.set_exception(error)
        elif self.waits:
            self.waiting.append(future)
        else:
            self.confirm(future)
        return future

    def confirm(self, future: asyncio.Future[Stamp]) -> None:
        self.log.append("confirm")
        future.set_result(Stamp(round(self.clock() * 1000)))


class Event:
    """A batch on its way, as Faust gives it."""

    def __init__(self, log: list[str], value: Any = None) -> None:
        self.log = log
        self.value = value
        self.acked = False

    def ack(self) -> bool:
        self.log.append("ack")
        self.acked = True
        return True


class LoggingBoard(Board):
    """Tells when something is shown."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log

    def show(self, partitions: Mapping[Any, Any]) -> None:
        self.log.append("show")
        super().show(partitions)


class Bench:
    """A keeper with everything around it faked."""

    def __init__(self, plan: Plan, **settings: Any) -> None:
        self.log: list[str] = []
        self.now = 1000.0
        self.fast = 0.0  # how far the worker's own clock is ahead of the broker's
        self.identities = {TOPIC: "id-1"}
        self.records: list[StateRecord] = []
        self.consumer, self.producer = Consumer(), Producer(self.log, self.time)
        self.board = LoggingBoard(self.log)
        self.vitals = Vitals(started=self.now, beat=self.now)
        self.telemetry = Telemetry({"feedback": [probe.SOURCE]}, {"feedback": []}, self.vitals, build={"version": "0"})
        self.keeper = Keeper({TOPIC: plan}, Settings(**settings), self.board, self.telemetry,
                             consumer=lambda: self.consumer, send=self.producer.send,
                             clock=Clock(lambda: self.now, lambda: self.time() + self.fast), read=self.read,
                             identify=lambda topics: self.identities)

    def time(self) -> float:
        """What the broker's clock shows."""
        return self.now + 1_767_600_000

    async def read(self, partitions: Iterable[int], got_on: Callable[[], None]) -> dict[int, dict[bytes, Candidates]]:
        found: dict[int, dict[bytes, Candidates]] = {partition: {} for partition in partitions}
        for record in self.records:
            kept = choose(found[record.partition].get(record.key), record)
            if kept is None:
                found[record.partition].pop(record.key, None)
            else:
                found[record.partition][record.key] = kept
        return found

    async def start(self, *, log_start: int = 0) -> None:
        """Recovers and begins, as the transport does."""
        positions = await self.keeper.recover([PLACE])
        self.keeper.begin({PLACE: max(positions.get(PLACE, log_start), log_start)})
        self.log.clear()

    def snapshots(self) -> list[bytes]:
        return [value for topic, key, value, _, _ in self.producer.sent
                if topic == "ioc.state.v1" and value is not None and key is not None and not is_note(key)]

    def notes(self) -> list[Attempt]:
        """What was noted of attempts."""
        found = [value for _, key, value, _, _ in self.producer.sent if value and key and is_note(key)]
        return [attempt for attempt in map(unpack, found) if attempt is not None]

    def keep(self, value: bytes | None, key: bytes = f"{TOPIC}/0".encode()) -> None:
        """A record on the state topic."""
        self.records.append(StateRecord(0, len(self.records), key, value))

    def shown(self, name: str) -> list[float]:
        return [reading.value for shown in self.board.partitions.values() for reading in shown.readings
                if reading.name == name]
