"""The consumer without a broker: commits without holes, seeks to the state, and the order of a revocation."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as faust_driver
from faust.types import TP

from schemas.errors import CompatibilityError, SnapshotError
from streams.engine.batch import Batch
from streams.settings import Settings
from streams.transport.consumer import BatchConsumer, Partition, ReadOffsets
from streams.transport.driver import consumer_of, faust_app, install

TOPIC = "ioc.a.v1"
A, B = (TOPIC, 0), (TOPIC, 1)


class FakeKeeper:
    """Answers what it is told, and remembers what it was asked."""

    def __init__(self, offsets: Mapping[Partition, int] | None = None) -> None:
        self.offsets = offsets or {}
        self.asked: list[Any] = []
        self.before_recover: Callable[[], Awaitable[None]] | None = None
        self.error: Exception | None = None
        self.got_on: Callable[[], None] = lambda: None

    async def recover(self, assigned: Sequence[Partition], got_on: Callable[[], None]) -> Mapping[Partition, int]:
        self.asked.append(("recover", tuple(assigned)))
        self.got_on = got_on
        if self.before_recover:
            await self.before_recover()
        if self.error:
            raise self.error
        return self.offsets

    def begin(self, positions: Mapping[Partition, int]) -> None:
        self.asked.append(("begin", dict(positions)))

    async def flush(self) -> None:
        self.asked.append("flush")

    async def release(self) -> None:
        self.asked.append("release")

    def forget(self, revoked: Collection[Partition]) -> None:
        self.asked.append(("forget", sorted(revoked)))


class Log:
    """The offsets of a broker: first, next."""

    def __init__(self, consumer: BatchConsumer, **bounds: tuple[int, int]) -> None:
        self.bounds = {A: bounds.get("a", (0, 100)), B: bounds.get("b", (0, 100))}
        self.sought: list[dict[Partition, int]] = []
        self.crashes: list[BaseException] = []
        consumer.assignment = lambda: {TP(*A), TP(*B)}
        consumer.earliest = self.earliest  # type: ignore[method-assign]  # a fake
        consumer.bounds = self.ends  # type: ignore[method-assign]  # a fake
        consumer.committed = self.committed  # type: ignore[method-assign]  # a fake
        consumer.seek_wait = self.seek_wait
        consumer.crash = self.crash

    async def earliest(self, partitions: Any) -> dict[Partition, int]:
        return {partition: self.bounds[partition][0] for partition in partitions}

    async def ends(self, partitions: Any) -> dict[Partition, tuple[int, int]]:
        return {partition: self.bounds[partition] for partition in partitions}

    async def committed(self, partitions: Any) -> dict[Partition, int | None]:
        return dict.fromkeys(partitions)

    async def seek_wait(self, positions: Any) -> None:
        self.sought.append({tuple(tp): offset for tp, offset in positions.items()})

    async def crash(self, exc: BaseException) -> None:
        self.crashes.append(exc)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    """Runs a coroutine function with a consumer that talks to no broker, and its keeper."""

    def call(body: Callable[[BatchConsumer, FakeKeeper], Awaitable[Any]], **offsets: int) -> Any:
        async def inside() -> Any:
            keeper = FakeKeeper({{"a": A, "b": B}[name]: offset for name, offset in offsets.items()})
            app = faust_app(Settings.model_validate({"group": "g", "data": tmp_path}))
            install(app, keeper, [TOPIC])
            consumer = consumer_of(app)
            return await body(consumer, keeper)

        return asyncio.run(inside())

    return call


def batch(first: int, next_offset: int) -> Batch:
    return Batch(TOPIC, 0, first, next_offset, [first], [1000], [b"k"], [b"v"])


# batches      [100..105) [105..110) [110..120)
# acked            x                     x         ->  105, never 120
def test_no_offset_is_committed_beyond_a_batch_in_flight(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        spans = (100, 105), (105, 110), (110, 120)
        first, second, third = [consumer._to_message(None, batch(*span)) for span in spans]
        assert consumer._new_offset(TP(*A)) is None
        first.acked = third.acked = True
        assert consumer._new_offset(TP(*A)) == 105
        second.acked = True
        assert consumer._new_offset(TP(*A)) == 120

    run(body)


@pytest.mark.parametrize("committed", [None, 0, 100])
def test_a_single_batch_in_flight_holds_the_commit_back(run: Callable[..., Any], committed: int | None) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        consumer._committed_offset[TP(*A)] = committed
        consumer._to_message(None, batch(100, 101))
        consumer._to_message(None, batch(101, 104)).acked = True
        assert consumer._filter_committable_offsets([TP(*A)]) == {}

    run(body)


@pytest.mark.parametrize("seek", [BatchConsumer.perform_seek, lambda consumer: consumer.reseek(A, 10)])
def test_what_was_delivered_during_a_seek_never_holds_the_commit_back(run: Callable[..., Any], seek: Any) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        Log(consumer)

        async def seek_wait(positions: Any) -> None:
            consumer._to_message(None, batch(5, 10))  # fetched before, and it ends where reading goes on
            consumer._to_message(None, batch(10, 12)).acked = True

        consumer.seek_wait = seek_wait
        await seek(consumer)
        assert consumer._new_offset(TP(*A)) == 12

    run(body, a=10)


def test_a_batch_beyond_a_hole_is_forgotten_once_reading_goes_on_before_it(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        consumer._to_message(None, batch(30, 40))
        consumer._to_message(None, batch(10, 20)).acked = True
        assert consumer._new_offset(TP(*A)) == 20

    run(body)


def test_a_refused_commit_is_tried_again_without_new_input(run: Callable[..., Any],
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(self: Any, offsets: Any, start_new_transaction: bool = True) -> bool:
        self._committed_offset.update(offsets)  # as Faust does, whatever the broker said
        return False

    monkeypatch.setattr(faust_driver.Consumer, "_commit_offsets", refused)

    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        consumer._to_message(None, batch(0, 5)).acked = True
        assert consumer._filter_committable_offsets([TP(*A)]) == {TP(*A): 5}
        assert await consumer._commit_offsets({TP(*A): 5}) is False
        assert consumer._filter_committable_offsets([TP(*A)]) == {TP(*A): 5}

    run(body)


def test_a_message_is_never_dropped_for_what_faust_believes_it_read() -> None:
    offsets = ReadOffsets()
    offsets[TP(*A)] = 500
    assert offsets[TP(*A)] is None
    assert list(offsets) == []


def test_the_seek_goes_to_the_state_and_without_one_to_the_beginning(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        log = Log(consumer, b=(7, 100))
        await consumer.perform_seek()
        assert log.sought == [{A: 42, B: 7}]
        assert keeper.asked == [("recover", (A, B)), ("begin", {A: 42, B: 7})]
        assert consumer.counters.gap_records == {}

    run(body, a=42)


def test_a_log_that_begins_later_is_read_from_there_and_the_gap_counted_once(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        log = Log(consumer, a=(50, 100))
        await consumer.perform_seek()
        await consumer.perform_seek()
        assert log.sought == [{A: 50, B: 0}] * 2
        assert consumer.counters.gap_records == {A: 8}

    run(body, a=42)


def test_a_state_beyond_the_end_of_the_log_crashes(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        log = Log(consumer)
        with pytest.raises(SnapshotError, match="up to 101, but the log ends at 100"):
            await consumer.perform_seek()
        assert (len(log.crashes), log.sought) == (1, [])

    run(body, a=101)


def test_a_state_that_cannot_be_read_crashes(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        log, keeper.error = Log(consumer), SnapshotError("unknown format")
        with pytest.raises(SnapshotError):
            await consumer.perform_seek()
        assert log.crashes == [keeper.error]

    run(body)


def test_a_recovery_that_gets_on_takes_as_long_as_it_takes_and_one_that_stands_still_crashes(
        run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        log, consumer.app.conf.broker_request_timeout = Log(consumer), 0.25

        async def a_while() -> None:
            assert consumer._thread.seeking
            for _ in range(10):
                await asyncio.sleep(0.1)
                keeper.got_on()

        keeper.before_recover = a_while
        await consumer.perform_seek()
        assert (len(log.sought), log.crashes, consumer._thread.seeking) == (1, [], False)
        keeper.before_recover = lambda: asyncio.sleep(20)
        with pytest.raises(TimeoutError):
            await consumer.perform_seek()
        assert len(log.crashes) == 1

    run(body)


def test_faust_waits_for_the_seek_beyond_its_own_timeout(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        log, recovery = Log(consumer), consumer.app.tables.recovery
        keeper.before_recover = lambda: asyncio.sleep(0.3)
        await recovery._wait(consumer.perform_seek(), timeout=0.05)
        assert len(log.sought) == 1

    run(body)


def test_two_calls_at_the_same_time_are_one_recovery(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        log, keeper.before_recover = Log(consumer), lambda: asyncio.sleep(0)
        await asyncio.gather(consumer.perform_seek(), consumer.perform_seek())
        assert len(log.sought) == 1

    run(body)


def test_a_recovery_overtaken_by_a_rebalance_is_dropped(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        async def rebalance() -> None:
            consumer._moves += 1

        log, keeper.before_recover = Log(consumer), rebalance
        await consumer.perform_seek()
        keeper.error = IllegalStateError("not assigned")
        await consumer.perform_seek()
        assert (log.sought, log.crashes) == ([], [])
        assert [what for what, _ in keeper.asked] == ["recover", "recover"]

    run(body)


def test_nothing_is_recovered_while_partitions_move(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        consumer._moving = True
        await consumer.perform_seek()
        assert keeper.asked == []

    run(body)


def test_a_hole_is_sought_again_from_the_state(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        log = Log(consumer)
        assert await consumer.reseek(A, 40) == 40
        assert (log.sought, consumer.counters.holes) == ([{A: 40}], 1)

    run(body)


def test_a_hole_whose_records_are_gone_goes_on_at_the_beginning_of_the_log(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        Log(consumer, a=(60, 100))
        assert await consumer.reseek(A, 40) == 60
        assert consumer.counters.gap_records == {A: 20}

    run(body)


def test_a_log_made_anew_is_committed_from_its_first_record(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        Log(consumer)
        consumer._to_message(None, batch(0, 40)).acked = True
        assert consumer._filter_committable_offsets([TP(*A)]) == {TP(*A): 40}
        consumer._committed_offset[TP(*A)] = 40
        assert await consumer.reseek(A, 0) == 0
        assert consumer._filter_committable_offsets([TP(*A)]) == {}
        consumer._to_message(None, batch(0, 5)).acked = True
        assert consumer._filter_committable_offsets([TP(*A)]) == {TP(*A): 5}

    run(body)


def test_a_hole_met_during_a_recovery_is_left_to_it(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        log, keeper.before_recover = Log(consumer), lambda: asyncio.sleep(0)
        recovery = asyncio.ensure_future(consumer.perform_seek())
        await asyncio.sleep(0)
        assert await consumer.reseek(A, 40) == 40
        await recovery
        assert log.sought == [{A: 10, B: 0}]

    run(body, a=10)


def test_partitions_that_go_are_flushed_and_committed_before_faust_forgets_them(run: Callable[..., Any],
                                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    async def revoked(self: Any, partitions: set[TP]) -> None:
        self.keeper.asked.append("super")

    monkeypatch.setattr(faust_driver.Consumer, "on_partitions_revoked", revoked)

    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        async def commit(*_: Any, **__: Any) -> bool:
            keeper.asked.append("commit")
            return True

        consumer.force_commit = commit
        await consumer.on_partitions_revoked({TP(*A)})
        assert keeper.asked == ["flush", "release", "commit", "super", ("forget", [A])]
        assert consumer.moving
        assert not consumer.flow_active

    run(body)


def test_a_flush_that_hangs_holds_the_group_up_for_its_budget_only(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        keeper.flush = asyncio.Event().wait  # type: ignore[assignment, method-assign]  # never set
        assert await consumer.flush_and_commit(0.01) is False
        assert consumer.counters.flush_errors == 1

    run(body)


def test_only_event_topics_may_be_read(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        Log(consumer)
        with pytest.raises(CompatibilityError, match="reads rumours"):
            await consumer.subscribe([TOPIC, "rumours"])

    run(body)


def test_a_partition_is_caught_up_when_its_state_reaches_the_end_known(run: Callable[..., Any]) -> None:
    async def body(consumer: BatchConsumer, keeper: FakeKeeper) -> None:
        consumer.highwater = lambda tp: {TP(*A): 10, TP(*B): None}[tp]
        assert [consumer.caught_up(A, 9), consumer.caught_up(A, 10), consumer.caught_up(B, 10)] == [False, True, False]
        assert consumer.caught_up(("unknown", 0), 10) is False

    run(body)
