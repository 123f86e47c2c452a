"""Stock Faust's loop, one message a record, calling our decode and fold, with our snapshot and readings each second."""

import asyncio
import os
from pathlib import Path
from typing import Any

from benchmarks.contestant import PREFIX, Race, app, start
from schemas.catalogue import load_feeds
from schemas.errors import Fate
from schemas.reference import load_reference
from streams.engine.batch import Batch
from streams.engine.fold import fold
from streams.engine.plan import Plan
from streams.engine.state import State
from streams.worker.board import shown
from streams.worker.owned import key_of, pack

ROOT = Path(__file__).parents[1]
STATE_TOPIC = os.environ.get("BENCH_STATE_TOPIC", "bench.state")

program = app("stock-loop")
race = Race()
states: dict[tuple[str, int], tuple[Plan, State]] = {}
saved: dict[tuple[str, int], int] = {}


def agent(plan: Plan) -> Any:
    """The agent of one feed."""
    raw = program.topic(f"{PREFIX}{plan.feed.name}", key_serializer="raw", value_serializer="raw")

    async def take(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            place = message.topic, message.partition
            if place not in states:
                states[place] = plan, State(*place)
            offset = message.offset
            fold(plan, states[place][1], Batch(*place, offset, offset + 1, [offset], [int(message.timestamp * 1000)],
                                               [message.key], [message.value]))
            if race.counted():
                await save()
                race.finish(accepted=accepted())

    return program.agent(raw, name=f"take-{plan.feed.name}")(take)


def accepted() -> int:
    """Events the states accepted."""
    return sum(number for _, state in states.values() for lane in state.lanes.values()
               for label, number in lane.fates.items() if label.endswith(Fate.ACCEPTED))


async def save() -> None:
    """Snapshot and readings of every changed state, confirmed by the broker."""
    waiting = []
    for place, (plan, state) in states.items():
        if saved.get(place) != state.version:
            saved[place] = state.version
            value, _ = pack(plan, state), shown(plan, state)
            waiting.append(await program.producer.send(STATE_TOPIC, key_of(place), value, place[1], None, None))
    await asyncio.gather(*waiting)


program.timer(1.0)(save)
reference = load_reference(ROOT / "reference")
agents = [agent(Plan(feed, reference)) for feed in load_feeds()]

if __name__ == "__main__":
    start(program)
