"""One scenario under way: its bed, its load, its watch, and the log of its faults."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from tools.faults.bed import PARTITIONS, Bed
from tools.faults.load import Load
from tools.faults.waiting import NotSeen, until
from tools.faults.watch import Watch, counted, offsets, shown
from tools.faults.worker import Worker, last_line

MOVED: Final = 600
"""Records that must have been counted since the last fault, so that the next one hits workers at work."""

READY_SECONDS: Final = 60
LEAVE_SECONDS: Final = 30
ADMIT_SECONDS: Final = 30
FEEDS: Final = 4


@dataclass
class Stage:
    """What a scenario acts on; every fault goes through `fault`, which proves that it hit something."""

    bed: Bed
    load: Load
    watch: Watch
    random: Random
    quick: bool = False
    partitions: int = FEEDS * PARTITIONS
    began: float = field(default_factory=time.monotonic)
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    recovered: list[float] = field(default_factory=list)
    counted: int = 0
    hit: float = 0.0
    leaving: float = 0.0
    """Seconds that the last worker took to end."""
    hit_at: int = 0

    def many(self, whole: int, quick: int) -> int:
        """How many there are of something in a whole run, and in a quick one."""
        return quick if self.quick else whole

    def fault(self, name: str, act: Callable[[], object]) -> None:
        """Lets something happen while the load runs, and sees the load go on.

        Raises:
            NotSeen: the load was not running, before or after.
        """
        before = self.load.sent
        self._running()
        self.hit_at = counted(self.bed.awake)
        self.hit = time.monotonic()
        self.faults.append(f"{time.monotonic() - self.began:6.1f} s  {name}, after {before} records")
        act()
        self.bed.until(lambda: self.load.sent > before or not self.load.is_alive(), 20,
                       "the load goes on after a fault")
        self._running()

    def kill(self, worker: Worker) -> None:
        """Ends a worker without warning."""
        self.fault(f"kill -9 {worker.name}", lambda: self.leave(worker, signal.SIGKILL))

    def terminate(self, worker: Worker) -> None:
        """Ends a worker in good order."""
        self.fault(f"TERM {worker.name}", lambda: self.leave(worker, signal.SIGTERM))

    def join(self) -> None:
        """Starts one more worker."""
        self.fault("join", self.bed.join)

    def leave(self, worker: Worker, number: signal.Signals) -> None:
        """Ends a worker by a signal, looking at its page until the last moment."""
        self.watch.look_at(worker)
        worker.ended = True
        self.hit = time.monotonic()
        worker.signal(number)
        until(lambda: self._has_ended(worker), LEAVE_SECONDS, f"the end of {worker.name} after {number.name}", 0.02)
        self.leaving = time.monotonic() - self.hit
        code, expected = worker.process.returncode, 0 if number == signal.SIGTERM else -number
        if code != expected and (worker.answered or code != -number):  # a signal may be earlier than who takes it
            self.remarks.append(f"{worker.name} ended with code {code} at {number.name}: {last_line(worker.log)}")

    def from_now(self) -> None:
        """The next recovery counts from now: what the harness read, or a broker took to start, is no part of it."""
        self.hit = time.monotonic()

    def recover(self, limit: float, patience: float = READY_SECONDS) -> None:
        """Waits until all partitions are shown and more was counted than at the last fault; notes how long it took."""
        def goes_on() -> bool:
            pages = shown(self.bed.awake)
            return len(pages) == self.partitions and sum(map(max, pages.values())) > self.hit_at

        self.bed.until(goes_on, patience, lambda: f"all {self.partitions} partitions shown, and more than "
                       f"{self.hit_at} records counted; {len(shown(self.bed.awake))} are shown")
        self.recovered.append(time.monotonic() - self.hit)
        if self.recovered[-1] > limit:
            self.remarks.append(f"recovery took {self.recovered[-1]:.0f} s, more than {limit:.0f} s, after "
                                f"{self.faults[-1]}")

    def admit(self) -> None:
        """Waits until every worker that has partitions says that it is not ready: it cannot progress, and knows it."""
        told = [worker for worker in self.bed.awake if offsets(worker)]
        self.bed.until(lambda: all(worker.ask("/readyz")[0] != 200 for worker in told), ADMIT_SECONDS,
                       lambda: f"no worker says it is ready; they say {[one.ask('/readyz') for one in told]}")

    def _has_ended(self, worker: Worker) -> bool:
        if worker.runs:
            self.watch.look_at(worker)
        return not worker.runs

    def work(self) -> None:
        """Waits until clearly more is shown than ever before."""
        before = self.counted
        self.bed.until(lambda: self._count() >= before + MOVED, READY_SECONDS,
                       lambda: f"{MOVED} more records than {before} on the pages, {self._count()} are there")

    def show(self) -> None:
        """Waits until something is shown: a worker has recovered, and begins to catch up."""
        self.bed.until(self._count, READY_SECONDS, "a page that shows something")

    def _count(self) -> int:
        now = counted(self.bed.awake)
        self.counted = max(now, self.counted)
        return now

    def share(self) -> None:
        """Waits until every awake worker shows something and all partitions are shown once."""
        def shared() -> bool:
            shares = [len(offsets(worker)) for worker in self.bed.awake]
            return min(shares, default=0) > 0 and sum(shares) == self.partitions

        self.bed.until(shared, READY_SECONDS, lambda: f"all {self.partitions} partitions shared by the workers, they "
                       f"show {[len(offsets(worker)) for worker in self.bed.awake]}")

    def settle(self) -> None:
        """Waits until all partitions are shown once, and every worker is ready or spare."""
        def settled() -> bool:
            workers = self.bed.awake
            shares = sum(len(offsets(worker)) for worker in workers)
            return shares == self.partitions and all(worker.settled for worker in workers)

        self.bed.until(settled, READY_SECONDS, lambda: f"all {self.partitions} partitions shown, every worker ready or "
                       f"spare; they show {[len(offsets(worker)) for worker in self.bed.awake]}")

    def spare(self) -> Worker:
        """The worker that has nothing to do.

        Raises:
            NotSeen: each has.
        """
        for worker in self.bed.awake:
            if worker.settled and not offsets(worker):
                return worker
        raise NotSeen("each worker has partitions, none is spare")

    def _running(self) -> None:
        if not self.load.is_alive() or self.load.trouble:
            raise NotSeen(f"the load does not run: {self.load.trouble!r}")
