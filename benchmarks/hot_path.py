"""Where the microseconds of the engine go, feed by feed: one process, no broker, the events of benchmarks/events.py.

python -m benchmarks.hot_path [EVENTS] [profile]     with `profile`, the functions that cost most, too
"""

import cProfile
import gc
import pstats
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from time import process_time

from benchmarks import events
from schemas.catalogue import load_feeds
from schemas.decode import Decoder, Event
from schemas.reference import load_reference
from streams.engine import memory as memories
from streams.engine import panes, snapshot
from streams.engine.batch import Batch
from streams.engine.fold import fold
from streams.engine.plan import NO_UNIT, Plan
from streams.engine.readings import readings
from streams.engine.state import Lane, Memory, State

ROOT = Path(__file__).parents[1]
BATCH = 500
ROUNDS = 5


def batches(plan: Plan, records: list[events.Record]) -> list[Batch]:
    """The records as the transport hands them over, stamped a millisecond apart."""
    stamp = events.BEGINNING + 10**9
    found = []
    for first in range(0, len(records), BATCH):
        part = records[first:first + BATCH]
        offsets = list(range(first, first + len(part)))
        found.append(Batch(plan.feed.topic, 0, first, first + len(part), offsets, [stamp + place for place in offsets],
                           [each.key for each in part], [each.value for each in part]))
    return found


def best(calls: Mapping[str, Callable[[], object]], number: int, rounds: int = ROUNDS) -> dict[str, float]:
    """CPU microseconds an event of each, the best of a few rounds in which all take turns: the least disturbed one."""
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, call in calls.items():
            gc.collect()
            started = process_time()
            call()
            found[name].append((process_time() - started) / number * 1e6)
    return {name: min(each) for name, each in found.items()}


def folded(plan: Plan, work: Iterable[Batch]) -> State:
    """A fresh state with everything folded in."""
    state = State(plan.feed.topic, 0)
    for batch in work:
        fold(plan, state, batch)
    return state


def parts(plan: Plan, records: list[events.Record], rounds: int = ROUNDS) -> dict[str, float]:
    """Microseconds an event of each part, measured alone, and of all together; also milliseconds a snapshot."""
    values = [each.value for each in records]
    work, number = batches(plan, records), len(records)
    decoded = [event for event in map(plan.decoder.decode, values) if isinstance(event, Event)]
    assert len(decoded) == number
    reader, judge = plan.decoder.reader, Decoder(plan.feed, plan.reference)
    state = folded(plan, work)

    def ids() -> None:
        identities = [f"{event.provenance}\0{event.source}\0{event.id}".encode() for event in decoded]
        State(plan.feed.topic, 0).duplicates.ask(identities, values, range(number))

    def remember() -> None:
        kept: dict[str, Memory] = defaultdict(Memory)
        for event in decoded:
            memories.remember(plan, plan.doings[event.action], kept[event.row[plan.key]], event)

    lane = state.lanes["real"]

    def window() -> None:
        fresh = Lane(plan)
        for event in decoded:
            known = lane.entities[event.row[plan.key]].values
            row = {**NO_UNIT, **known, **event.row}
            moment = event.time - event.row.get(plan.covers or "", 0) * 1000
            found = panes.shares(plan.doings[event.action].groups, row, event.row, moment)
            panes.add(fresh, found, moment, event.time)

    found = best({"pydantic": lambda: [reader.validate(value) for value in values],
                  "fast": lambda: [reader.read(value) for value in values],
                  "decode_by_pydantic": lambda: [judge.decode(value) for value in values],
                  "decode": lambda: [plan.decoder.decode(value) for value in values],
                  "ids": ids, "memory": remember, "panes": window,
                  "fold": lambda: folded(plan, work)}, number, rounds)
    found["rest"] = found["fold"] - found["decode"] - found["ids"] - found["memory"] - found["panes"]
    state = folded(plan, work)
    found |= best({"readings_ms": lambda: list(readings(plan, state)),
                   "snapshot_ms": lambda: snapshot.dump(plan, state)}, 1000, rounds)
    found["snapshot_kb"] = len(snapshot.dump(plan, state)) / 1000
    return found


def by_feed(number: int) -> dict[str, tuple[Plan, list[events.Record]]]:
    """So many events of the four feeds together: the plan of each feed, and its events."""
    reference, feeds = load_reference(ROOT / "reference"), {feed.name: feed for feed in load_feeds()}
    gc.freeze()  # as the worker does
    found: dict[str, list[events.Record]] = defaultdict(list)
    for record in islice(events.records(reference, feeds), number):
        found[record.feed].append(record)
    return {name: (Plan(feeds[name], reference), records) for name, records in sorted(found.items())}


def main(arguments: list[str]) -> int:
    """Prints a table, and with `profile` what cProfile says of fold."""
    number = int(next((word for word in arguments if word.isdigit()), "60000"))
    for name, (plan, records) in by_feed(number).items():
        cells = "  ".join(f"{part} {value:.2f}" for part, value in parts(plan, records).items())
        print(f"{name:9} {len(records):6} events  {cells}", flush=True)
        if "profile" in arguments:
            profiler, work = cProfile.Profile(), batches(plan, records)
            profiler.runcall(folded, plan, work)
            pstats.Stats(profiler).sort_stats("tottime").print_stats(22)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
