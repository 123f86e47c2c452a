"""Confirm, then show, then acknowledge; and recover. Knows no KPI, and never what a record means.

A snapshot contains its own next offset: state and position move together, and a crash anywhere loses and doubles
nothing. What the page shows is computed in the same step as the snapshot, and appears once the broker has it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kafka.errors import KafkaError

from schemas.errors import CompatibilityError, SnapshotError
from streams.engine.plan import Plan
from streams.engine.watermark import advance
from streams.settings import Settings
from streams.telemetry import PartitionVitals, Telemetry
from streams.transport.state_reader import read_state, topic_ids
from streams.transport.watchdog import Counters
from streams.worker.board import Board, Shown, shown
from streams.worker.clock import Clock, Receipt
from streams.worker.loading import Loading, no_search_for_garbage, rebuilt
from streams.worker.owned import Candidates, Held, Mark, Owned, Partition, choose, key_of
from streams.worker.takeover import Takeover

Send = Callable[[str, bytes, bytes | None, int], Awaitable[Awaitable[Receipt]]]
"""send(topic, key, value, partition) hands over; what it answers is awaited for the broker's confirmation."""

Read = Callable[[Iterable[int], Callable[[], None]], Awaitable[Mapping[int, Mapping[bytes, Candidates]]]]
Identify = Callable[[Iterable[str]], Mapping[str, str]]

LOOK_PATIENCE_SECONDS = 10.0

log = logging.getLogger(__name__)


class Consumer(Protocol):
    """What is asked of the transport."""

    @property
    def generation(self) -> int:
        """Changes with every rebalance."""

    @property
    def counters(self) -> Counters:
        """What the transport has met."""

    def confirmed_commit(self, partition: Partition) -> int:
        """The highest offset whose commit the group has taken from us since the partition is ours; -1 for none."""

    def caught_up(self, partition: Partition, next_offset: int) -> bool:
        """Whether nothing newer is known."""

    async def reseek(self, partition: Partition, offset: int) -> int:
        """Reads on from `offset`; answers where reading does go on."""

    async def latest(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Where each log ends."""

    async def committed(self, partitions: Iterable[Partition]) -> dict[Partition, int | None]:
        """The committed offset of each."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One state at one moment, on its way to the broker: blocks and deletions first, then the head, `value`."""

    owned: Owned
    mark: Mark
    value: bytes
    blocks: dict[bytes, bytes | None]
    size: int
    shown: Shown
    held: list[Held]


class Keeper:
    """Keeps the states of the partitions that are ours; the transport asks it where reading goes on."""

    def __init__(self, plans: Mapping[str, Plan], settings: Settings, board: Board, telemetry: Telemetry, *,
                 consumer: Callable[[], Consumer], send: Send, clock: Clock | None = None,
                 read: Read | None = None, identify: Identify | None = None) -> None:
        self.plans, self.settings, self.board, self.telemetry = plans, settings, board, telemetry
        self.vitals = telemetry.vitals
        self.consumer, self.send = consumer, send
        self.clock = clock or Clock()
        self._read = read or self._read_state
        self._identify = identify or (lambda topics: topic_ids(settings.brokers, topics))
        self._owned: dict[Partition, Owned] = {}
        self._recovered: dict[Partition, Owned] = {}
        self._loading: Loading | None = None
        self._flushing = asyncio.Lock()
        self._stepped = 0.0
        self._takeover = Takeover(send, settings.state_topic)

    def owned(self, partition: Partition) -> Owned | None:
        """A partition that is ours, and recovered."""
        return self._owned.get(partition)

    # -- recovery ------------------------------------------------------------------------------------------------------

    async def recover(self, assigned: Sequence[Partition],
                      got_on: Callable[[], None] = lambda: None) -> Mapping[Partition, int]:
        """Loads the newest snapshot of each partition; one without is left out, and read from its beginning."""
        self._stop_loading()
        loading = self._loading = Loading(self.vitals, self.clock.monotonic, got_on)
        try:
            return await self._load(loading, assigned)
        except BaseException:  # cancelled by a stop or a rebalance, too: its thread must not go on
            loading.stop()
            raise

    async def _load(self, loading: Loading, assigned: Sequence[Partition]) -> Mapping[Partition, int]:
        identities = await asyncio.to_thread(self._identify, {topic for topic, _ in assigned})
        found = await self._read(sorted({number for _, number in assigned}), lambda: loading.step("the topic is read"))
        recovered, positions = {}, {}
        for place, partition in enumerate(assigned, 1):
            topic, number = partition
            loading.begin(f"{topic}/{number}, {place} of {len(assigned)} partitions")
            with no_search_for_garbage():
                owned = recovered[partition] = await asyncio.to_thread(
                    rebuilt, self.plans[topic], partition, found[number], identities[topic],
                    self.settings.duplicate_horizon_seconds * 1000, loading.told)
            if key_of(partition) in found[number]:
                positions[partition] = owned.state.next_offset
        await self._takeover.announce(recovered.values(), found)
        self._recovered = recovered
        return positions

    async def release(self) -> None:
        """Notes what is given up in good order."""
        await self._takeover.release(self._owned.values(), self.consumer().caught_up)

    def _stop_loading(self) -> None:
        if self._loading is not None:
            self._loading.stop()

    def begin(self, positions: Mapping[Partition, int]) -> None:
        """Goes on with what was recovered, and shows it at once: it is durable."""
        recovered, self._recovered = self._recovered, {}
        now, wall = self.clock.monotonic(), self.clock.shared
        self._owned, vitals = {}, {}
        for partition, offset in positions.items():
            owned = self._owned[partition] = recovered[partition]
            owned.state.next_offset = offset
            vitals[partition] = PartitionVitals(owned.plan.feed.name, offset, now, wall)
        self.board.keep(())
        self.board.show({key: shown(owned.plan, owned.state) for key, owned in self._owned.items()})
        self.vitals.partitions = vitals
        self.vitals.assigned = bool(vitals)
        if self.vitals.recovering_since is not None:
            self.vitals.recovery_seconds = self.clock.monotonic() - self.vitals.recovering_since
        self.vitals.recovering_since = self.vitals.unconfirmed_since = None
        if self.clock.broker is None:
            self._ask_the_clock()

    def _ask_the_clock(self) -> None:
        """Has one state written again, for its stamp: where all are idle nothing else would bring the broker's time."""
        for owned in self._owned.values():
            if owned.state.lanes:
                owned.confirmed = None
                return

    def forget(self, revoked: Collection[Partition]) -> None:
        """Drops and hides partitions that are ours no more."""
        self._stop_loading()
        gone = set(revoked)
        self._owned = {key: owned for key, owned in self._owned.items() if key not in gone}
        self.board.keep(self._owned)
        self.vitals.partitions = {key: value for key, value in self.vitals.partitions.items() if key not in gone}
        self.vitals.assigned = bool(self._owned)
        self.vitals.recovering_since = None

    async def _read_state(self, partitions: Iterable[int],
                          got_on: Callable[[], None]) -> Mapping[int, Mapping[bytes, Candidates]]:
        return await read_state(self.settings.brokers, self.settings.state_topic, partitions, choose=choose,
                                got_on=got_on)

    # -- once a second -------------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Moves idle presents on, makes durable what changed, and compares the clocks."""
        now = self.clock.monotonic()
        if now - self._stepped >= self.settings.idle_step_seconds:
            self._stepped = now
            self._step()
        await self.flush()
        self.vitals.clock_offset = self.clock.offset

    async def flush(self) -> None:
        """Confirm -> show -> acknowledge, for every partition that changed.

        Raises:
            SnapshotError: a snapshot is larger than a record may be.
        """
        async with self._flushing:
            generation = self.consumer().generation
            taken = await self._take_all()
            if not taken:
                self.vitals.unconfirmed_since = None
                return
            if self.vitals.unconfirmed_since is None:
                self.vitals.unconfirmed_since = self.clock.monotonic()
            confirmed: list[Taken] = []
            try:
                confirmed = await self._confirmed(taken)
                if generation == self.consumer().generation:
                    self._show(confirmed)
            finally:
                for each in taken:
                    if each not in confirmed:  # stays held, and is tried again with a newer state
                        each.owned.held[:0] = each.held
            if len(confirmed) == len(taken):
                self.vitals.unconfirmed_since = None

    async def _take_all(self) -> list[Taken]:
        taken = []
        for owned in list(self._owned.values()):
            if owned.dirty:
                async with owned.lock:  # its dead letters so far are confirmed
                    if not owned.failed and self._owned.get(owned.partition) is owned:
                        taken.append(self._take(owned))
        return taken

    def _take(self, owned: Owned) -> Taken:
        """Snapshot, readings and held events of one moment: nothing is awaited here."""
        value = owned.pack()
        largest = max(map(len, (value, *owned.unsent.values())))
        if largest > self.settings.snapshot_limit_bytes:
            topic, number = owned.partition
            raise SnapshotError(f"the snapshot of {topic}/{number} has {largest} bytes, more than "
                                f"IOC_SNAPSHOT_LIMIT_BYTES={self.settings.snapshot_limit_bytes}; raise it with "
                                f"max.message.bytes of {self.settings.state_topic}, or use more partitions")
        gone = dict.fromkeys(owned.deletable(self.consumer().confirmed_commit(owned.partition)))
        taken = Taken(owned, owned.mark, value, {**gone, **owned.unsent}, owned.state.blocks.size,
                      shown(owned.plan, owned.state), owned.held)
        owned.held = []
        return taken

    async def _confirmed(self, taken: Sequence[Taken]) -> list[Taken]:
        """Sends all, and answers those that the broker has confirmed."""
        answers = await asyncio.gather(*(self._send(each) for each in taken), return_exceptions=True)
        errors = [answer for answer in answers if isinstance(answer, BaseException)]
        if errors:
            self.telemetry.snapshot_errors.inc(len(errors))
            log.warning("%s of %s snapshots not confirmed, tried again: %r", len(errors), len(taken), errors[0])
        return [each for each, answer in zip(taken, answers, strict=True) if not isinstance(answer, BaseException)]

    async def _send(self, each: Taken) -> None:
        """Blocks, and the head once they are confirmed; a deletion that fails comes again with the next recovery."""
        await asyncio.gather(*(self._write(each, key, value) for key, value in each.blocks.items()))
        await self._write(each, each.owned.key, each.value)

    async def _write(self, each: Taken, key: bytes, value: bytes | None) -> None:
        sent = self.clock.monotonic()
        self.clock.learn(await (await self.send(self.settings.state_topic, key, value, each.owned.partition[1])), sent)
        each.owned.unsent.pop(key, None)

    def _show(self, confirmed: Sequence[Taken]) -> None:
        mine = [each for each in confirmed if self._owned.get(each.owned.partition) is each.owned]
        self.board.show({each.owned.partition: each.shown for each in mine})
        for each in mine:
            each.owned.confirmed = each.mark
            vitals = self.vitals.partitions[each.owned.partition]
            vitals.confirmed, vitals.snapshot_bytes = self.clock.shared, len(each.value) + each.size
            for event in each.held:
                event.ack()

    def _step(self) -> None:
        """The presents of idle lanes go on by the broker's clock, where nothing waits to be read."""
        broker = self.clock.broker
        if broker is None:
            return
        now_ms, idle_ms = int(broker * 1000), int(self.settings.idle_seconds * 1000)
        for partition, owned in self._owned.items():
            if self.consumer().caught_up(partition, owned.state.next_offset):
                advance(owned.state, now_ms, idle_ms)

    # -- the fence and the log -----------------------------------------------------------------------------------------

    def moved(self, owned: Owned) -> None:
        """Notes that a state has moved on."""
        vitals = self.vitals.partitions.get(owned.partition)
        if vitals is not None:
            vitals.next_offset = owned.state.next_offset
            vitals.moved, vitals.progress = self.clock.monotonic(), self.clock.shared

    async def seek_back(self, owned: Owned) -> None:
        """A batch began beyond the state: reads again from where the state ends, or from where the log now begins."""
        asked = owned.state.next_offset
        answer = await self.consumer().reseek(owned.partition, asked)
        if answer != asked and owned.state.next_offset == asked:
            owned.state.next_offset = answer

    async def verify(self, topics: Collection[str]) -> bool:
        """Whether topics are still those whose offsets the states count; goes on with the new one where not.

        False: the broker could not be asked.
        """
        try:
            identities = await asyncio.to_thread(self._identify, topics)
        except (KafkaError, CompatibilityError, OSError) as error:
            log.warning("topic ids unknown for now: %r", error)
            return False
        for partition, owned in list(self._owned.items()):
            identity = identities.get(partition[0], owned.state.topic_id)
            if identity != owned.state.topic_id:
                log.error("topic %s was made anew; its records are counted from the first", partition[0])
                async with owned.lock:
                    owned.rebase(identity)
                await self.seek_back(owned)
        return True

    async def look_at_log(self) -> None:
        """Asks the broker where logs end and what is committed, and whether the topics are still the same.

        Raises:
            SnapshotError: a log ends before what its state contains.
        """
        before = {key: owned.state.next_offset for key, owned in self._owned.items()}
        if not before:
            return
        self.vitals.broker_silent_since = self.vitals.broker_silent_since or self.clock.monotonic()
        try:
            async with asyncio.timeout(LOOK_PATIENCE_SECONDS):
                ends = await self.consumer().latest(before)
                committed = await self.consumer().committed(before)
        except Exception as error:  # noqa: BLE001  # the driver's errors and aiokafka's have no common base; asked again later
            log.warning("the broker does not tell where the logs end: %r", error)
            return
        for partition, vitals in self.vitals.partitions.items():
            if partition in before:
                vitals.log_end, vitals.committed = ends.get(partition), committed.get(partition)
        generation = self.consumer().generation
        if not await self.verify({topic for topic, _ in before}):
            return
        self.vitals.broker_silent_since = None
        if generation != self.consumer().generation:
            return
        for partition, offset in before.items():
            owned = self._owned.get(partition)
            if owned is not None and ends.get(partition, offset) < offset <= owned.state.next_offset:
                topic, number = partition
                raise SnapshotError(f"the state of {topic}/{number} contains offsets up to {offset}, but the log ends "
                                    f"at {ends[partition]}: the topic was truncated; restore it, or delete the state")
