"""Who takes part, and one drain of each: CPU seconds of the whole process, and every window's count compared."""

import asyncio
import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.running import ROOT, BenchError, Running
from benchmarks.ysb import events
from benchmarks.ysb.log import FEEDS, PARTITIONS, Stored, feed, topic_of
from schemas.reference import load_reference
from schemas.windows import HOME
from streams.engine import snapshot
from streams.engine.labels import SEPARATOR
from streams.engine.plan import Plan
from streams.transport.state_reader import read_state
from streams.worker.owned import choose

SCRAPE_SECONDS = 1.0
PATIENCE_SECONDS = 240
OURS_GUARANTEE = "exactly once"


@dataclass(frozen=True, slots=True)
class Run:
    """One drain; a wrong one has no speed."""

    events: int
    cpu_us: float
    rate: float
    peak_mb: float
    guarantee: str
    is_exact: bool


@dataclass(frozen=True, slots=True)
class Bed:
    """Where a contest takes place."""

    broker: str
    folder: Path
    stored: Stored

    @property
    def ads(self) -> Path:
        """The join table of the others."""
        return self.folder / "ads.csv"

    @property
    def reference(self) -> Path:
        """The folder with our join table."""
        return self.folder / "reference"


def prepare(bed: Bed) -> None:
    """Writes the join table in both forms."""
    events.write_ads(bed.ads)
    events.write_reference(ROOT / "reference", bed.reference)


def ours(bed: Bed, state_topic: str, more: Mapping[str, str]) -> Run:
    """The shipped worker on the declared feed, from where it begins to read until it shows every event."""
    number = bed.stored.events
    settings = {"IOC_FEEDS": str(FEEDS), "IOC_REFERENCE": str(bed.reference), "IOC_PARTITIONS": str(PARTITIONS), **more}
    with Running(bed.broker, bed.folder, group=state_topic, state_topic=state_topic, settings=settings) as worker:
        worker.until(worker.has_begun, 60, 0.02)
        cpu, begun = worker.cpu(), time.time()
        page = worker.page()

        def all_shown() -> bool:
            nonlocal page
            page = worker.page()
            return page.total("ioc_feed_records") >= number

        worker.until(all_shown, PATIENCE_SECONDS, SCRAPE_SECONDS)
        cpu = worker.cpu() - cpu
        wall = page.largest("ioc_progress_timestamp_seconds") - begun
        peak = worker.peak_mb()
    truth = bed.stored.truth[number]
    shown = page.total("ioc_ysb_views", window="10m")
    accepted = page.total("ioc_feed_records", fate="accepted")
    is_exact = (accepted, shown) == (number, sum(truth.values())) and counted(bed, state_topic) == truth
    return Run(number, cpu / number * 1e6, number / wall, peak, OURS_GUARANTEE, is_exact)


def counted(bed: Bed, state_topic: str) -> Mapping[str, int]:
    """Every window that the confirmed snapshots in Kafka hold, over all partitions."""
    plan = Plan(feed(), load_reference(bed.reference, lists=feed().lists))
    found = Counter[str]()
    kept = asyncio.run(read_state(bed.broker, state_topic, range(PARTITIONS), choose=choose))
    for keys in kept.values():
        for candidates in keys.values():
            [newest] = candidates.by_writer.values()
            for lane in snapshot.load(plan, newest.body).lanes.values():
                for labels, panes in lane.cells[0].items():
                    for pane, count in panes.items():
                        start = pane * plan.windowed[0].pane - HOME
                        found[f"{labels.split(SEPARATOR)[0]}:{start // events.WINDOW}"] += count
    return found


def peer(bed: Bed, command: tuple[str, ...], *, number: int, warm: int = 0) -> Run:
    """A contestant that measures itself, by the contract in docs/benchmarks.md."""
    environment = {**os.environ, "BENCH_BROKER": bed.broker, "BENCH_TOPIC": topic_of(number, bed.stored.events),
                   "BENCH_EVENTS": str(number - warm), "BENCH_WARM": str(warm), "BENCH_PARTITIONS": str(PARTITIONS),
                   "BENCH_FOLDER": str(bed.folder), "BENCH_ADS": str(bed.ads)}  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{command} did not come to its end within {PATIENCE_SECONDS} s") from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if not lines:
        raise BenchError(f"{command} said no result: {(out + err)[-2000:]}")
    return judged(json.loads(lines[-1]), bed.stored.truth[number], number, number - warm)


def judged(said: Mapping[str, object], truth: Mapping[str, int], number: int, measured: int) -> Run:
    """What a contestant said, compared with the truth: every window, and the number of views."""
    found = json.loads(Path(str(said["counts_file"])).read_text())
    cpu, wall, peak = (float(str(said[name])) for name in ("cpu", "wall", "peak_mb"))
    is_exact = found == truth and said["events"] in (measured, number)
    return Run(measured, cpu / measured * 1e6, measured / wall, peak, str(said["guarantee"]), is_exact)
