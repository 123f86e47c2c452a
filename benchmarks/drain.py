"""A stored log, drained by each contestant in turn: CPU of the whole process per event, and events per second."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks import log
from benchmarks.events import records
from benchmarks.result import Run
from benchmarks.running import ROOT, BenchError, Running
from benchmarks.ysb.contest import drained, run_of
from schemas.catalogue import load_feeds
from schemas.reference import load_reference

PATIENCE_SECONDS = 240
ATTEMPTS = 3
LOOP_STATE = "bench.state.loop"


@dataclass(frozen=True, slots=True)
class Stored:
    """What is drained: how many events in all, of each feed, and how large they are on average."""

    events: int
    feeds: dict[str, int]
    mean_bytes: float


@dataclass(frozen=True, slots=True)
class Drained:
    """All runs, by contestant, in the order in which they took turns."""

    stored: Stored
    runs: dict[str, list[Run]]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much each contestant drains."""

    ours: int = 400_000
    loop: int = 60_000
    tables: int = 8_000
    rounds: int = 3


def drain(broker: str, folder: Path, sizes: Sizes, say: Callable[[str], None]) -> Drained:
    """Stores the log, then lets every contestant drain it, one after the other, several times."""
    stored = store(broker, sizes, say)
    runs: dict[str, list[Run]] = {}
    for number in range(sizes.rounds):
        for name, run in contestants(broker, folder, sizes, number).items():
            one = run()
            runs.setdefault(name, []).append(one)
            say(f"drain {number + 1}/{sizes.rounds}, {name}: {one}")
    return Drained(stored, runs)


def store(broker: str, sizes: Sizes, say: Callable[[str], None]) -> Stored:
    """Makes the topics, and writes the events once for us and their beginnings once more for the others."""
    say(f"making and storing {sizes.ours:,} events")
    feeds = {feed.name: feed for feed in load_feeds()}
    found = list(islice(records(load_reference(ROOT / "reference"), feeds), sizes.ours))
    partitions = log.settings_for(broker).partitions
    log.make_topics(broker, [LOOP_STATE, *map(state_of, range(sizes.rounds))])
    counts = asyncio.run(log.store(broker, found, log.topics_of_feeds(), partitions))
    for number in {sizes.loop, sizes.tables}:
        asyncio.run(log.store(broker, found[:number], log.make_prefix_topics(broker, number), partitions))
    return Stored(sizes.ours, dict(sorted(counts.items())), sum(len(each.value) for each in found) / sizes.ours)


def state_of(number: int) -> str:
    """The state topic of one of our runs."""
    return f"bench.state.{number}"


def contestants(broker: str, folder: Path, sizes: Sizes, number: int) -> dict[str, Callable[[], Run]]:
    """Who runs in a round, in order."""
    stored = partial(stock, broker, folder)
    return {
        "ours": partial(ours, broker, folder, number, sizes.ours),
        "loop": partial(stored, "stock_loop", sizes.loop, {"BENCH_STATE_TOPIC": LOOP_STATE}),
        "packed": partial(stored, "stock_tables", sizes.tables, {"BENCH_TABLES": "packed"}),
        "tables": partial(stored, "stock_tables", sizes.tables, {"BENCH_TABLES": "kpi"}),
    }


def ours(broker: str, folder: Path, number: int, events: int) -> Run:
    """The real worker, from the moment at which it begins to read until it shows every event."""
    found = drained(Running(broker, folder, group=f"bench-{number}", state_topic=state_of(number)), events)
    accepted = found.page.total("ioc_feed_records", fate="accepted")
    return run_of(found, events, is_exact=found.page.total("ioc_feed_records") == events == accepted)


def stock(broker: str, folder: Path, module: str, events: int, more: dict[str, str]) -> Run:
    """A program on stock Faust, which measures itself; run again if it dies, as it may while its topics are new."""
    for _ in range(ATTEMPTS):
        out, err = _said(broker, folder, module, events, more)
        lines = [line for line in out.splitlines() if line.startswith("{")]
        if lines:
            said = json.loads(lines[-1])
            is_exact = said["events"] == events == said.get("counted", said.get("accepted"))
            return Run(events, said["cpu"] / events * 1e6, events / said["wall"], is_exact)
    raise BenchError(f"{module} said no result in {ATTEMPTS} attempts: {(out + err)[-2000:]}")


def _said(broker: str, folder: Path, module: str, events: int, more: dict[str, str]) -> tuple[str, str]:
    """What a run wrote to its two outputs."""
    environment = {**os.environ, "BENCH_BROKER": broker, "BENCH_EVENTS": str(events), "BENCH_FOLDER": str(folder),
                   "BENCH_PREFIX": log.prefix_of(events), "BENCH_PARTITIONS": str(log.settings_for(broker).partitions),
                   **more}
    process = subprocess.Popen([sys.executable, "-m", f"benchmarks.{module}"], cwd=ROOT, env=environment, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        return process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{module} did not come to its end") from error
    finally:
        process.kill()
        process.wait()
