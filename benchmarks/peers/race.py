"""What every Python contestant of the Yahoo benchmark shares: its task, its clock, where counts are shown, its result.

A contestant reads BENCH_WARM + BENCH_EVENTS events, which are all of BENCH_TOPIC, says one line of JSON and leaves. It
runs in an environment of its own, so that nothing but the standard library is imported here.
"""

import csv
import json
import os
import resource
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

BROKER = os.environ.get("BENCH_BROKER", "127.0.0.1:9092")
TOPIC = os.environ.get("BENCH_TOPIC", "ad-events")
PARTITIONS = int(os.environ.get("BENCH_PARTITIONS", "6"))
FOLDER = Path(os.environ.get("BENCH_FOLDER", "."))
WARM = int(os.environ.get("BENCH_WARM", "0"))
TOTAL = WARM + int(os.environ.get("BENCH_EVENTS", "0"))

WINDOW_MS = 10_000
SHOWN_EACH_SECONDS = 1.0


def campaigns() -> dict[str, str]:
    """The campaign of each ad, from BENCH_ADS."""
    with Path(os.environ["BENCH_ADS"]).open(encoding="utf-8", newline="") as file:
        return {row["ad"]: row["campaign"] for row in csv.DictReader(file)}


def name_of(contestant: str) -> str:
    """A name of this run alone: of its group, its topics, its files."""
    return f"bench-{contestant}-{uuid.uuid4().hex[:8]}"


class Race:
    """CPU of the process and what it started, and wall time, from the first measured event to `stop`."""

    def __init__(self, contestant: str) -> None:
        self.name = name_of(contestant)
        self.read = self.views = self.rejected = 0
        self.taken = time.monotonic()
        self._before = -1
        self._cpu = self._wall = 0.0

    def take(self, number: int = 1) -> None:
        """So many events are about to be worked on."""
        if self._before < 0 and self.read >= WARM:
            self._before, self._cpu, self._wall = self.read, cpu(), time.monotonic()
        self.read += number
        self.taken = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether every event was read."""
        return self.read >= TOTAL

    def stop(self) -> None:
        """The last event is counted, and shown or stored as far as the contestant promises."""
        self._cpu, self._wall = cpu() - self._cpu, time.monotonic() - self._wall

    def finish(self, counts: Mapping[str, object], guarantee: str) -> None:
        """Says the result, and ends the process whatever its threads do."""
        file = FOLDER / f"{self.name}-counts.json"
        file.write_text(json.dumps(dict(counts)))
        said = {"events": self.read - self._before, "views": self.views, "rejected": self.rejected, "cpu": self._cpu,
                "wall": self._wall, "peak_mb": peak_mb(), "counts_file": str(file), "guarantee": guarantee}
        print(json.dumps(said), file=sys.__stdout__, flush=True)
        os._exit(0)


class Shown:
    """Makes updated counts visible: each second those that changed, as one line of JSON at the end of a file."""

    def __init__(self, race: Race) -> None:
        self._file = (FOLDER / f"{race.name}-shown.jsonl").open("w", encoding="utf-8")
        self._changed: dict[str, int] = {}
        self._due = 0.0

    def put(self, counts: Mapping[str, int]) -> None:
        """Notes counts, and writes what has changed if a second has passed."""
        self._changed.update(counts)
        now = time.monotonic()
        if now >= self._due:
            self.flush()
            self._due = now + SHOWN_EACH_SECONDS

    def flush(self) -> None:
        """Writes what has changed."""
        if self._changed:
            self._file.write(json.dumps({"at": time.time(), "counts": self._changed}) + "\n")
            self._file.flush()
            self._changed = {}


def cpu() -> float:
    """CPU seconds so far, of all threads and of children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak_mb() -> float:
    """The largest resident memory so far; `ru_maxrss` would begin with the size of whoever started the process."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000
