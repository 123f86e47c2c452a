"""Faust's transport with one message per partition and fetch: batches, commits without holes, seek to the state.

What the state is, a keeper knows; here it is only asked where reading goes on. Every partition moves in these steps:
revoked -> keeper.flush, release, commit, keeper.forget; assigned -> keeper.recover, keeper.begin, seek. The fence (skip
what the state contains, never fold what begins beyond it) belongs to the agent body, which calls `reseek` at a hole.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from aiokafka.errors import IllegalStateError, KafkaError
from faust.transport.drivers import aiokafka as faust_driver
from faust.types import TP, ConsumerMessage

from schemas.errors import CompatibilityError, SnapshotError
from streams.engine.batch import Batch
from streams.transport import watchdog
from streams.transport.drain import Drain
from streams.transport.patience import while_it_gets_on
from streams.transport.state_reader import bounds
from streams.transport.thread import BatchThread
from streams.transport.watchdog import Counters

Partition = tuple[str, int]
"""Topic and partition; TP of Faust and TopicPartition of aiokafka are equal to it."""

ASK_SECONDS = 20.0
RETRY_SECONDS = 1.0
STANDSTILL_SHARE = 0.8  # of a request's timeout: a seek that has not got on for so long has failed
FLUSH_SHARE = 0.2  # of the rebalance timeout: what a flush may take while the whole group waits


class Keeper(Protocol):
    """Who keeps the state of partitions; implemented by the worker, called by one task at a time except `flush`."""

    async def recover(self, assigned: Sequence[Partition], got_on: Callable[[], None]) -> Mapping[Partition, int]:
        """Reads the durable state of `assigned`; answers the first offset that each state does not contain.

        A partition left out has no state: it is read from its beginning. What was read waits until `begin`; it is
        dropped when another `recover` comes first. Whatever is raised ends the process. `got_on` is called in the loop
        again and again while the recovery makes progress: one that stands still is ended.
        """

    def begin(self, positions: Mapping[Partition, int]) -> None:
        """What was recovered becomes the state that is folded into; every other state and held event is dropped.

        Each state's next offset becomes its position, also that of a partition without a snapshot. A position above
        the recovered offset means that the broker deleted the records between unread.
        """

    async def flush(self) -> None:
        """Makes the present state durable and acknowledges what it contains; may be cancelled when it takes long."""

    async def release(self) -> None:
        """Notes that what is ours is given up in good order: what comes is no crash."""

    def forget(self, revoked: Collection[Partition]) -> None:
        """Drops state, held events and shown readings of partitions that are ours no more."""


class ReadOffsets(dict[TP, int | None]):
    """Faust's memory of what it has read, kept empty.

    Faust drops a message below it without a word. A seek back while a message is under way leaves the higher value
    here, and what was sought again would be dropped. What was read already is the fence's to say.
    """

    def __missing__(self, partition: TP) -> None:
        return None

    def __setitem__(self, partition: TP, offset: int | None) -> None:
        pass


class Delivery(Protocol):
    """What the transport tells its consumer."""

    keeper: Keeper
    counters: Counters
    topics: frozenset[str]
    drain: Drain
    leaving: bool
    url: list[Any]


class BatchConsumer(faust_driver.Consumer):  # type: ignore[misc]  # Faust is read as untyped
    """The consumer of one worker; `consumer_of(app)` answers it once the app runs."""

    transport: "Delivery"
    _thread: BatchThread

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._read_offset = ReadOffsets()
        self._pending: defaultdict[Partition, deque[Any]] = defaultdict(deque)  # messages in delivery order
        self._covered: dict[Partition, int] = {}  # up to where all is acknowledged
        self._room = asyncio.Event()  # a full buffer has drained, or partitions were resumed
        self._seeking = asyncio.Lock()
        self._seeks = 0  # seeks to the state done
        self._asked = 0  # calls of perform_seek so far
        self._answered = 0  # calls of it that a seek has answered
        self._moves = 0  # revocations and assignments so far
        self._moving = False  # between a revocation and the assignment after it
        self._gap_end: dict[Partition, int] = {}  # where the newest reported gap ends

    # -- what others may ask ------------------------------------------------------------------------------------------

    @property
    def keeper(self) -> Keeper:
        """Who keeps the state."""
        return self.transport.keeper

    @property
    def counters(self) -> Counters:
        """What the transport has met."""
        return self.transport.counters

    @property
    def generation(self) -> int:
        """Generation of the group, changes with every rebalance."""
        return int(self.app.consumer_generation_id)

    @property
    def heartbeat(self) -> float:
        """Monotonic seconds at which the consumer's thread was last seen to turn."""
        return self._thread.heartbeat

    @property
    def moving(self) -> bool:
        """Whether a rebalance is under way."""
        return self._moving

    def confirmed_commit(self, partition: Partition) -> int:
        """The highest offset whose commit the group has taken from us since the newest seek; -1 for none."""
        return self._thread.taken.get(TP(*partition), -1)

    async def bounds(self, partitions: Iterable[Partition]) -> dict[Partition, tuple[int, int]]:
        """Where each log starts and ends, asked beside the consumer, whose fetches wait; raises as `earliest`."""
        brokers = ",".join(f"{url.host}:{url.port}" for url in self.transport.url)
        return await bounds(brokers, partitions)

    async def earliest(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Where each log starts, asked from the broker.

        Raises:
            KafkaError, TimeoutError: it does not answer.
        """
        found = await self._ask(self._thread.earliest_offsets(*_tps(partitions)))
        return {_plain(tp): offset for tp, offset in found.items()}

    async def latest(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Where each log ends (the next offset to be written), asked from the broker; raises as `earliest`."""
        found = await self._ask(self._thread.highwaters(*_tps(partitions)))
        return {_plain(tp): offset for tp, offset in found.items()}

    async def committed(self, partitions: Iterable[Partition]) -> dict[Partition, int | None]:
        """The committed offset of each, None before the first commit, asked from the broker; raises as `earliest`."""
        wanted = _tps(partitions)
        ask = self._thread._ensure_consumer().committed

        async def each() -> list[int | None]:
            return [await ask(tp) for tp in wanted]

        found = await self._ask(self._thread.call_thread(each))
        return {_plain(tp): offset for tp, offset in zip(wanted, found, strict=True)}

    def caught_up(self, partition: Partition, next_offset: int) -> bool:
        """Whether a state with this next offset contains everything the newest fetch knew of; False when unknown."""
        try:
            end = self.highwater(TP(*partition))
        except (AssertionError, AttributeError, KeyError):  # the partition has just left us
            return False
        return end is not None and next_offset >= end

    async def reseek(self, partition: Partition, offset: int) -> int:
        """Reads on from `offset`, because a batch began beyond it; answers where reading does go on.

        A fetch under way during a seek, or dropped while the flow is stopped, leaves such a hole. An answer above
        `offset`: the broker has deleted the records between unread.
        """
        self.counters.holes += 1
        seeks = self._seeks
        while self._owns(partition):
            async with self._seeking:
                if self._seeks != seeks:  # everything was sought anew meanwhile: the fence looks again
                    return offset
                try:
                    return await self._seek_back(partition, offset)
                except IllegalStateError:
                    return offset  # moved away: the next assignment seeks
                except (KafkaError, TimeoutError) as error:
                    self.log.warning("seek back to %s of %s failed, tried again: %r", offset, partition, error)
            await asyncio.sleep(RETRY_SECONDS)
        return offset

    async def flush_and_commit(self, seconds: float) -> bool:
        """Makes the state durable and commits it within `seconds`; answers whether it was committed.

        Nothing exact depends on it: the next owner starts from the newest durable state and reads the rest again.
        """
        try:
            async with asyncio.timeout(seconds):
                await self.keeper.flush()
                await self.keeper.release()
                return bool(await self.force_commit())
        except Exception as error:  # noqa: BLE001  # whatever it is, the partitions go
            self.counters.flush_errors += 1
            self.log.warning("flush before the partitions go failed: %r", error)
            return False

    # -- what Faust calls ---------------------------------------------------------------------------------------------

    def _new_consumer_thread(self) -> BatchThread:
        thread = BatchThread(self, loop=self.loop, beacon=self.beacon)
        thread.counters, thread.drain, thread.taken = self.counters, self.transport.drain, {}
        return thread

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Subscribes, to event topics only: any other record would reach a program that does not expect it."""
        strangers = sorted(set(topics) - self.transport.topics)
        if strangers:
            error = CompatibilityError(f"an agent reads {', '.join(strangers)}, but only event topics may be read; "
                                       f"add the topic to install(), or remove the agent")
            await self.crash(error)
            raise error
        await super().subscribe(topics)

    def _to_message(self, _: Any, record: Batch) -> ConsumerMessage:
        stamp = record.timestamps[-1] / 1000 if record.timestamps else None
        # the last offset covered is the message's own: lag and attachments stay right
        message = ConsumerMessage(record.topic, record.partition, record.next_offset - 1, cast(float, stamp), 1, None,
                                  None, record, None, 0, len(record), TP(record.topic, record.partition),
                                  generation_id=self.app.consumer_generation_id)
        queue = self._pending[message.tp]
        if queue and queue[-1].value.next_offset != record.first:
            queue.clear()  # sought since: what was delivered before is in the state, or comes again
        queue.append(message)
        return message

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing: a batch says itself which offsets it covers."""

    def _new_offset(self, tp: TP) -> int | None:
        """Up to where everything delivered is acknowledged; never beyond a batch that is not."""
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        queue = self._pending[tp]
        while queue and queue[0].acked:
            self._covered[tp] = queue.popleft().value.next_offset
        return self._covered.get(tp)

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        before = {tp: self._committed_offset[tp] for tp in offsets}
        done = False
        try:
            done = await super()._commit_offsets(offsets, start_new_transaction=start_new_transaction)
        finally:
            if not done:  # Faust believes it committed all the same, and would not try again without new input
                self._committed_offset.update(before)
        return bool(done)

    def on_buffer_drop(self, tp: TP) -> None:
        """A full buffer has room again."""
        super().on_buffer_drop(tp)
        self._room.set()

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Partitions are read again."""
        super().resume_partitions(tps)
        self._room.set()

    async def _wait_next_records(self, timeout: float) -> Any:  # noqa: ASYNC109  # Faust passes it
        # Faust sleeps one second here while every buffer is full
        if self.flow_active and not self.app.client_only and not self._get_active_partitions():
            self._room.clear()
            try:
                await asyncio.wait_for(self._room.wait(), timeout)
            except TimeoutError:
                return {}, self._get_active_partitions()
        return await super()._wait_next_records(timeout)

    async def perform_seek(self) -> None:
        """Seeks every partition to its state; called twice in a rebalance, also at the same time.

        Faust swallows an exception here. So whatever fails, except for another rebalance, ends the process; so does a
        seek that stands still. One that gets on takes as long as it takes: heartbeats go on in the consumer's thread.
        """
        self._asked += 1
        mine = self._asked
        async with self._seeking:
            if self._moving or self.app.should_stop or self._answered >= mine:
                return
            moves = self._moves
            self._thread.seeking = True
            try:
                await while_it_gets_on(self._seek_to_state, STANDSTILL_SHARE * self.app.conf.broker_request_timeout)
            except Exception as error:
                if moves != self._moves or isinstance(error, IllegalStateError):
                    self.log.warning("seek to the state overtaken by a rebalance: %r", error)
                    return
                await self.crash(error)
                raise
            finally:
                self._thread.seeking = False

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Partitions go: makes them durable and commits, while Faust still knows what was acknowledged."""
        self._moving = True
        self._moves += 1
        try:
            if revoked and not self.app.should_stop:
                self.stop_flow()
                self.app.flow_control.suspend()
                await self.flush_and_commit(FLUSH_SHARE * self.app.conf.broker_rebalance_timeout)
            await super().on_partitions_revoked(revoked)
        finally:
            for tp in revoked:
                self._pending.pop(tp, None)
                self._covered.pop(tp, None)
            self.keeper.forget([_plain(tp) for tp in revoked])

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Partitions come: Faust calls perform_seek for them later."""
        self._moving = False
        self._moves += 1
        self.counters.rebalances += 1
        await super().on_partitions_assigned(assigned, generation_id)

    def stop_flow(self) -> None:
        """Takes no new batches; when the whole app stops, it does so within a bound."""
        if self.app.should_stop and not self.transport.leaving:
            self.transport.leaving = True
            watchdog.exit_in(watchdog.STOP_SECONDS, "the signal to stop")
        super().stop_flow()

    # -- how ----------------------------------------------------------------------------------------------------------

    async def _seek_to_state(self, got_on: Callable[[], None]) -> None:
        partitions = sorted(_plain(tp) for tp in self.assignment())
        moves = self._moves
        if not partitions:
            return
        recovered = await self.keeper.recover(partitions, got_on)
        committed = await self.committed(partitions)
        positions = await self._positions(partitions, recovered)
        if moves != self._moves:
            return  # moved meanwhile: this runs again for the new assignment
        self._pending.clear()
        self._covered.clear()
        self._committed_offset.update({TP(*key): offset for key, offset in committed.items()})
        asked = self._asked
        self._thread.taken.clear()
        self.keeper.begin(positions)
        await self._ask(self.seek_wait({TP(*key): offset for key, offset in positions.items()}))
        for partition, offset in positions.items():
            self._drop_delivered_before(partition, offset)
        self._cover(recovered)
        self._answered = asked
        self._seeks += 1
        self.counters.recoveries += 1

    def _cover(self, recovered: Mapping[Partition, int]) -> None:
        """What was recovered is durable: it is committed though nothing new comes, should its commit have been lost."""
        for partition, offset in recovered.items():
            self._covered[TP(*partition)] = offset
            self._acked[TP(*partition)]  # Faust commits only what it has an entry for

    async def _positions(self, partitions: Sequence[Partition],
                         recovered: Mapping[Partition, int]) -> dict[Partition, int]:
        found = await self.bounds(partitions)
        positions = {}
        for partition in partitions:
            start, end = found[partition]
            offset = recovered.get(partition, start)
            if offset > end:
                topic, number = partition
                raise SnapshotError(f"the state of {topic}/{number} contains offsets up to {offset}, but the log ends "
                                    f"at {end}: the topic was truncated; restore it, or delete the state")
            positions[partition] = max(offset, start)
            self._report_gap(partition, offset, start)
        return positions

    async def _seek_back(self, partition: Partition, offset: int) -> int:
        start = (await self.earliest([partition]))[partition]
        target = max(offset, start)
        self._pending[partition].clear()
        self._thread.taken.pop(TP(*partition), None)
        if target < max(self._covered.get(partition, 0), self._committed_offset[TP(*partition)] or 0):
            # only a log made anew begins before what is durable: offsets of the one before would hold commits back
            self._covered.pop(partition, None)
            self._committed_offset.pop(TP(*partition), None)
        await self._ask(self.seek_wait({TP(*partition): target}))
        self._drop_delivered_before(partition, target)
        self._report_gap(partition, offset, start)
        return target

    def _drop_delivered_before(self, partition: Partition, target: int) -> None:
        """Waits no more for what was delivered during a seek to `target`: nobody will acknowledge it."""
        queue = self._pending[partition]
        while queue and queue[0].value.first != target:
            queue.popleft()

    def _report_gap(self, partition: Partition, offset: int, start: int) -> None:
        missing = start - max(offset, self._gap_end.get(partition, 0))
        if missing > 0:
            self._gap_end[partition] = start
            self.counters.gap_records[partition] = self.counters.gap_records.get(partition, 0) + missing
            self.log.error("%s records of %s before offset %s were deleted unread", missing, partition, start)

    def _owns(self, partition: Partition) -> bool:
        return not self._moving and not self.should_stop and TP(*partition) in self.assignment()

    async def _ask(self, call: Any) -> Any:
        """Awaits a call into the consumer's thread, which never answers once that thread is dead."""
        return await asyncio.wait_for(call, ASK_SECONDS)

    def _crash(self, reason: BaseException) -> None:
        self._thread._crash(reason)  # arms the timer that ends the process, also when the crash began elsewhere
        super()._crash(reason)


def _plain(partition: Any) -> Partition:
    return partition[0], partition[1]


def _tps(partitions: Iterable[Partition]) -> list[TP]:
    return [TP(*partition) for partition in partitions]
