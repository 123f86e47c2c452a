"""A worker that counts and sums whole numbers: the smallest keeper and agent with the fence on both sides.

    python -m tests.transport.counting_worker     settings from the environment, as of any program of ours

TOPICS: event topics, comma separated. MISCHIEF, once: `drop` loses a batch on its way, `raise` fails in the agent,
`park` leaves an error in the group coordinator, `crash` crashes the consumer's thread.
What it counted goes to the state topic, what the transport met to a file in the data folder.
"""

import asyncio
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import faust
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError

from streams.engine.batch import Batch
from streams.settings import Settings, load_settings
from streams.transport.consumer import BatchConsumer, Partition
from streams.transport.driver import batch_topic, consumer_of, faust_app, install
from streams.transport.state_reader import StateRecord, read_state


@dataclasses.dataclass
class State:
    """Count and sum of the records below `next_offset`."""

    next_offset: int = 0
    count: int = 0
    sum: int = 0


def newest(best: State | None, record: StateRecord) -> State | None:
    """The snapshot with the highest next offset."""
    assert record.value is not None
    state = State(**json.loads(record.value))
    return state if best is None or state.next_offset >= best.next_offset else best


class CountingKeeper:
    """Keeps counts in the state topic."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.app: faust.App
        self.states: dict[Partition, State] = {}
        self.recovered: dict[Partition, State] = {}
        self.held: dict[Partition, list[Any]] = {}
        self.flushing = asyncio.Lock()
        self.began = asyncio.Event()
        self.slow = 0  # seconds that a recovery takes at least

    async def recover(self, assigned: Sequence[Partition], got_on: Callable[[], None]) -> Mapping[Partition, int]:
        for _ in range(self.slow):
            await asyncio.sleep(1)
            got_on()
        found = await read_state(self.settings.brokers, self.settings.state_topic, {p for _, p in assigned},
                                 choose=newest, got_on=got_on)
        wanted = {f"{topic}/{p}".encode(): (topic, p) for topic, p in assigned}
        self.recovered = {wanted[key]: state for keys in found.values() for key, state in keys.items() if key in wanted}
        return {partition: state.next_offset for partition, state in self.recovered.items()}

    def begin(self, positions: Mapping[Partition, int]) -> None:
        self.states = {partition: self.recovered.get(partition, State()) for partition in positions}
        self.held = {partition: [] for partition in positions}
        for partition, offset in positions.items():
            self.states[partition].next_offset = offset
        self.began.set()
        say("recovered", sorted(positions.items()))

    def forget(self, revoked: Collection[Partition]) -> None:
        self.states = {key: state for key, state in self.states.items() if key not in revoked}
        self.held = {key: events for key, events in self.held.items() if key in self.states}

    async def flush(self) -> None:
        async with self.flushing:
            generation, states = consumer_of(self.app).generation, self.states
            taken = {partition: len(events) for partition, events in self.held.items() if events}
            values = {partition: json.dumps(dataclasses.asdict(states[partition])).encode() for partition in taken}
            sends = [await self._send(partition, value) for partition, value in values.items()]
            for send in sends:
                await send
            if generation == consumer_of(self.app).generation and states is self.states:
                for partition, count in taken.items():
                    for event in self.held[partition][:count]:
                        event.ack()
                    del self.held[partition][:count]

    async def release(self) -> None:
        """Nothing: this one counts no crashes."""

    async def _send(self, partition: Partition, value: bytes) -> Any:
        topic, number = partition
        return await self.app.producer.send(self.settings.state_topic, f"{topic}/{number}".encode(), value, number,
                                            None, None)


async def take(keeper: CountingKeeper, consumer: BatchConsumer, event: Any) -> None:
    """The fence, then the fold."""
    batch: Batch = event.value
    partition = batch.topic, batch.partition
    state = keeper.states.get(partition)
    if state is None:
        return
    if batch.next_offset > state.next_offset and batch.first > state.next_offset:
        say("hole", partition, state.next_offset, batch.first)
        state.next_offset = await consumer.reseek(partition, state.next_offset)
        return
    for offset, key, value in zip(batch.offsets, batch.keys, batch.values, strict=True):
        if offset < state.next_offset:
            consumer.counters.replayed += 1
            continue
        assert key == b"k%s" % value
        state.count += 1
        state.sum += int(value or b"0")
    state.next_offset = max(state.next_offset, batch.next_offset)
    keeper.held[partition].append(event)


def create_app(settings: Settings, topics: list[str], mischief: str) -> faust.App:
    """The app; never one for show."""
    app = faust_app(settings)
    keeper = CountingKeeper(settings)
    keeper.app = app
    if mischief == "slow":  # slower than Faust waits, and than aiokafka lets anybody go without a fetch
        keeper.slow, app.conf.broker_max_poll_interval = 35, 5.0
    counters = install(app, keeper, topics, fast=settings.drain == "fast")
    file = Path(settings.data) / f"counters-{os.getpid()}.json"
    trouble = iter([mischief] if mischief in {"drop", "raise"} else [])

    async def body(stream: Any) -> None:
        async for event in stream.noack().events():
            if event.value.first > 0 and (what := next(trouble, "")):
                assert what == "drop", "mischief"
                continue  # as a fetch that is dropped while the flow is stopped
            await take(keeper, consumer_of(app), event)

    for topic in topics:
        app.agent(batch_topic(app, topic), name=topic)(body)

    async def every_second(_: Any = None) -> None:
        try:
            await keeper.flush()
        except KafkaError as error:
            say("not confirmed, tried again", repr(error))  # events stay held
        plain = dataclasses.asdict(counters) | {"gap_records": sum(counters.gap_records.values())}
        file.write_text(json.dumps(plain))

    async def later() -> None:
        await keeper.began.wait()
        thread = consumer_of(app)._thread
        await thread.call_thread({"park": park, "crash": crash}[mischief], thread)

    if mischief in {"park", "crash"}:
        app.task(later)
    app.timer(settings.snapshot_seconds)(every_second)
    app.on_before_shutdown.connect(lambda *_, **__: say("stopping", counters), weak=False)
    return app


async def park(thread: Any) -> None:
    """The coordinator is refused once; the fault is gone a moment later, but its error waits for somebody to ask."""
    coordinator = thread._consumer._coordinator
    real = coordinator._do_rejoin_group

    async def refuse(*_: Any) -> None:
        coordinator._do_rejoin_group = real
        raise GroupAuthorizationFailedError("refused once")

    coordinator._do_rejoin_group = refuse
    coordinator.request_rejoin()


async def crash(thread: Any) -> None:
    """As an unexpected error of a commit does."""
    await thread.crash(RuntimeError("mischief"))


def say(*words: object) -> None:
    """Tells the test's log."""
    print(os.getpid(), *words, file=sys.__stderr__, flush=True)


def main() -> None:
    """Runs the worker until it is told to stop."""
    app = create_app(load_settings(), os.environ["TOPICS"].split(","), os.environ.get("MISCHIEF", ""))
    faust.Worker(app, loglevel="warn").execute_from_commandline()


if __name__ == "__main__":
    main()
