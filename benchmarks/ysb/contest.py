"""Who takes part, and one drain of each: CPU seconds of the whole process, and every window's count compared."""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.result import Run
from benchmarks.running import ROOT, BenchError, Page, Running
from benchmarks.ysb import events
from benchmarks.ysb.log import FEEDS, PARTITIONS, Stored, feed, topic_of
from benchmarks.ysb.snapshots import lanes, plan_of, windows_of

SCRAPE_SECONDS = 1.0
PATIENCE_SECONDS = 240
OURS_GUARANTEE = "exactly once"
NOTHING = Stored(0, 0.0, {})


@dataclass(frozen=True, slots=True)
class Bed:
    """Where a contest takes place; nothing is stored where events come at a pace."""

    broker: str
    folder: Path
    stored: Stored = NOTHING

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


class Drained(NamedTuple):
    """What one of our workers took to the end of a log, in seconds, and the page that it then showed."""

    page: Page
    cpu: float
    wall: float
    peak_mb: float


def ours(bed: Bed, state_topic: str, more: Mapping[str, str]) -> Run:
    """The shipped worker on the declared feed, from where it begins to read until it shows every event."""
    number = bed.stored.events
    found = drained(worker_on(bed, state_topic, more), number)
    truth = bed.stored.truth[number]
    shown = found.page.total("ioc_ysb_views", window="10m")
    accepted = found.page.total("ioc_feed_records", fate="accepted")
    is_exact = (accepted, shown) == (number, sum(truth.values())) and counted(bed, state_topic) == truth
    return run_of(found, number, is_exact=is_exact)


def worker_on(bed: Bed, state_topic: str, more: Mapping[str, str], feeds: Path = FEEDS) -> Running:
    """The shipped worker, told of the declared feed and the join table; not yet started."""
    settings = {"IOC_FEEDS": str(feeds), "IOC_REFERENCE": str(bed.reference), "IOC_PARTITIONS": str(PARTITIONS), **more}
    return Running(bed.broker, bed.folder, group=state_topic, state_topic=state_topic, settings=settings)


def drained(worker: Running, number: int) -> Drained:
    """Starts a worker; what it took from where it begins to read until it shows so many events."""
    with worker:
        worker.until(worker.has_begun, 60, 0.02)
        cpu, begun = worker.cpu(), time.time()
        page = shown_all(worker, number)
        cpu = worker.cpu() - cpu
        return Drained(page, cpu, page.largest("ioc_progress_timestamp_seconds") - begun, worker.peak_mb())


def shown_all(worker: Running, number: int) -> Page:
    """The first page that speaks of so many records; it is asked each second."""
    page = worker.page()

    def is_all() -> bool:
        nonlocal page
        page = worker.page()
        return page.total("ioc_feed_records") >= number

    worker.until(is_all, PATIENCE_SECONDS, SCRAPE_SECONDS)
    return page


def run_of(found: Drained, number: int, *, is_exact: bool) -> Run:
    """One of our drains, judged."""
    return Run(number, found.cpu / number * 1e6, number / found.wall, is_exact, found.peak_mb, OURS_GUARANTEE)


def counted(bed: Bed, state_topic: str) -> Counter[str]:
    """Every window that the confirmed snapshots in Kafka hold, over all partitions."""
    plan = plan_of(feed(), bed.reference)
    return windows_of(plan, lanes(bed.broker, state_topic, plan))


def peer(bed: Bed, command: tuple[str, ...], *, number: int, warm: int = 0) -> Run:
    """A contestant that measures itself, by the contract in docs/benchmarks.md."""
    said = said_by(command, drain_task(bed, topic_of(number, bed.stored.events), number - warm, warm))
    return judged(said, bed.stored.truth[number], number, number - warm)


def task(bed: Bed, topic: str, more: Mapping[str, str]) -> dict[str, str]:
    """What every peer is told by its environment."""
    return {**os.environ, "BENCH_BROKER": bed.broker, "BENCH_TOPIC": topic, "BENCH_PARTITIONS": str(PARTITIONS),
            "BENCH_FOLDER": str(bed.folder), "BENCH_ADS": str(bed.ads), **more}


def drain_task(bed: Bed, topic: str, number: int, warm: int = 0) -> dict[str, str]:
    """What one is told that drains so many events after so many to warm up."""
    return task(bed, topic, {"BENCH_EVENTS": str(number), "BENCH_WARM": str(warm)})


def begin(command: tuple[str, ...], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """A contestant at its task, in a process group of its own."""
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def said_by(command: tuple[str, ...], environment: Mapping[str, str]) -> Mapping[str, object]:
    """The result that a contestant says in the end."""
    return result_of(begin(command, environment))


def result_of(process: subprocess.Popen[str]) -> Mapping[str, object]:
    """Waits for the result of a contestant; BenchError if there is none in time."""
    try:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{process.args!r} did not come to its end within {PATIENCE_SECONDS} s") from error
    finally:
        kill(process)
    lines = [line for line in out.splitlines() if line.startswith("{")]
    if not lines:
        raise BenchError(f"{process.args!r} said no result: {(out + err)[-2000:]}")
    said: Mapping[str, object] = json.loads(lines[-1])
    return said


def kill(process: subprocess.Popen[str]) -> None:
    """Kills a contestant and what it started, if it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def judged(said: Mapping[str, object], truth: Mapping[str, int], number: int, measured: int) -> Run:
    """What a contestant said, compared with the truth: every window, and the number of views."""
    is_exact = counts_of(said) == truth and said["events"] in (measured, number)
    return measured_by(said, measured, is_exact=is_exact)


def counts_of(said: Mapping[str, object]) -> Any:
    """The counts that a contestant wrote to a file."""
    return json.loads(Path(str(said["counts_file"])).read_text())


def measured_by(said: Mapping[str, object], measured: int, *, is_exact: bool) -> Run:
    """What a contestant measured of itself."""
    cpu, wall, peak = (float(str(said[name])) for name in ("cpu", "wall", "peak_mb"))
    return Run(measured, cpu / measured * 1e6, measured / wall, is_exact, peak, str(said["guarantee"]))
