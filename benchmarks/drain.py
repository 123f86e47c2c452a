"""A stored log, drained by each contestant in turn: CPU of the whole process per event, and events per second."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from benchmarks import log
from benchmarks.events import records
from benchmarks.running import ROOT, BenchError, Running
from schemas.catalogue import load_feeds
from schemas.reference import load_reference

SCRAPE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Run:
    """One drain. A wrong one has no speed."""

    events: int
    cpu_us: float
    rate: float
    is_exact: bool
    peak_mb: float = 0.0


@dataclass(slots=True)
class Drained:
    """All runs, by contestant, and what was drained."""

    events: int
    prefix: int
    feeds: dict[str, int]
    mean_bytes: float
    runs: dict[str, list[Run]] = field(default_factory=dict)


def drain(broker: str, folder: Path, *, events: int, prefix: int, rounds: int, say: Callable[[str], None]) -> Drained:
    """Stores the log, then lets every contestant drain it `rounds` times, one after the other."""
    feeds = {feed.name: feed for feed in load_feeds()}
    say(f"generating {events:,} events")
    found = list(islice(records(load_reference(ROOT / "reference"), feeds), events))
    partitions = log.settings_for(broker).partitions
    states = [f"bench.state.{number}" for number in range(rounds)]
    log.make_topics(broker, [*states, "bench.state.loop"])
    log.make_prefix_topics(broker)
    say("storing them")
    counts = asyncio.run(log.store(broker, found, log.topics_of_feeds(), partitions))
    asyncio.run(log.store(broker, found[:prefix], {name: f"{log.PREFIX}{name}" for name in feeds}, partitions))
    result = Drained(events, prefix, dict(sorted(counts.items())), sum(len(each.value) for each in found) / events)
    del found
    for number in range(rounds):
        for name, run in (
            ("ours", lambda number=number: ours(broker, folder, number, events)),
            ("loop", lambda: stock(broker, folder, "stock_loop", prefix, {"BENCH_STATE_TOPIC": "bench.state.loop"})),
            ("packed", lambda: stock(broker, folder, "stock_tables", prefix, {"BENCH_TABLES": "packed"})),
            ("tables", lambda: stock(broker, folder, "stock_tables", prefix, {"BENCH_TABLES": "kpi"})),
        ):
            one = run()
            result.runs.setdefault(name, []).append(one)
            say(f"drain {number + 1}/{rounds} {name}: {one.cpu_us:.1f} µs/event, {one.rate:,.0f}/s, "
                f"{'exact' if one.is_exact else 'WRONG'}")
    return result


def ours(broker: str, folder: Path, number: int, events: int) -> Run:
    """The real worker, from the moment at which it begins to read until it shows every event."""
    with Running(broker, folder, group=f"bench-{number}", state_topic=f"bench.state.{number}") as worker:
        worker.until(worker.has_begun, 60, 0.02)
        cpu, begun = worker.cpu(), time.time()
        page = worker.page()

        def all_shown() -> bool:
            nonlocal page
            page = worker.page()
            return page.total("ioc_feed_records") >= events

        worker.until(all_shown, 300, SCRAPE_SECONDS)
        cpu = worker.cpu() - cpu
        wall = page.largest("ioc_progress_timestamp_seconds") - begun
        accepted = page.total("ioc_feed_records", fate="accepted")
        is_exact = page.total("ioc_feed_records") == events == accepted
        return Run(events, cpu / events * 1e6, events / wall, is_exact, worker.peak_mb())


def stock(broker: str, folder: Path, module: str, events: int, more: dict[str, str]) -> Run:
    """A program on stock Faust, which measures itself."""
    environment = {**os.environ, "BENCH_BROKER": broker, "BENCH_EVENTS": str(events), "BENCH_FOLDER": str(folder),
                   "BENCH_PREFIX": log.PREFIX, "BENCH_PARTITIONS": str(log.settings_for(broker).partitions), **more}
    process = subprocess.Popen([sys.executable, "-m", f"benchmarks.{module}"], cwd=ROOT, env=environment, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(timeout=240)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{module} did not come to its end") from error
    finally:
        process.kill()
        process.wait()
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if not lines:
        raise BenchError(f"{module} said no result: {(out + err)[-2000:]}")
    said = json.loads(lines[-1])
    is_exact = said["events"] == events == said.get("counted", said.get("accepted"))
    return Run(events, said["cpu"] / events * 1e6, events / said["wall"], is_exact)
