"""IOC-1 with `kill -9`: whoever drains the log is killed at seeded moments and started again, then recounted."""

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from benchmarks.ioc1.contest import counted, whole
from benchmarks.ioc1.log import FEEDS, feed
from benchmarks.ioc1.recount import FATES
from benchmarks.running import BenchError
from benchmarks.ysb.contest import (
    PATIENCE_SECONDS,
    Bed,
    begin,
    counts_of,
    drain_task,
    kill,
    result_of,
    shown_all,
    worker_on,
)
from benchmarks.ysb.log import topic_of

SHARES = ((0.02, 0.25), (0.3, 0.5))
"""Between which parts of the log each kill falls, by the offsets committed; and then somewhere in a commit interval.

A second kill falls after the first one's offsets besides: it is to find a successor that has gone on.
"""
COMMIT_SECONDS = 1.0
LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Killed:
    """What a drain that was killed came to: at which parts of the log, by what was committed, and what is wrong."""

    kills: tuple[float, ...]
    wrong: str

    @property
    def is_exact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    def __str__(self) -> str:
        return f"killed {len(self.kills)} times, {self.wrong or 'exact'}"


def ours(bed: Bed, state_topic: str, seed: int) -> Killed:
    """The shipped worker."""
    number = bed.stored.events
    kills: list[float] = []
    for least, pause in _moments(seed):
        with worker_on(bed, state_topic, {}, FEEDS) as worker:
            share = _await(bed.broker, state_topic, max([least, *kills]), pause, number, worker.process.poll)
            if share is None:
                break
            worker.process.kill()
            kills.append(share)
    with worker_on(bed, state_topic, {}, FEEDS) as worker:
        shown_all(worker, number)
    return Killed(tuple(kills), differences(counted(bed, state_topic), bed.stored.truth[number]))


def peer(bed: Bed, command: tuple[str, ...], number: int, seed: int) -> Killed:
    """A contestant; it keeps its name from start to start, and is told how many events are shown in the end."""
    run = f"ioc1-killed-{uuid.uuid4().hex[:8]}"
    truth = bed.stored.truth[number]
    task = {**drain_task(bed, topic_of(number, bed.stored.events, feed()), number), "BENCH_NAME": run,
            "BENCH_SHOWN": str(sum(truth.values()))}
    kills: list[float] = []
    for least, pause in _moments(seed):
        with _begun(command, task) as process:
            share = _await(bed.broker, run, max([least, *kills]), pause, number, process.poll)
            if share is None:
                return Killed(tuple(kills), differences(whole(_result(process)), truth))
            os.killpg(process.pid, signal.SIGKILL)
            kills.append(share)
    with _begun(command, task) as process:
        return Killed(tuple(kills), differences(whole(_result(process)), truth))


@contextmanager
def _begun(command: tuple[str, ...], task: Mapping[str, str]) -> Iterator["subprocess.Popen[str]"]:
    process = begin(command, task)
    try:
        yield process
    finally:
        kill(process)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.wait()


def _result(process: "subprocess.Popen[str]") -> Any:
    return counts_of(result_of(process))


def _moments(seed: int) -> list[tuple[float, float]]:
    """For each kill the part of the log that must be committed, and how many seconds later it falls."""
    random = Random(seed)
    return [(random.uniform(*share), random.uniform(0, COMMIT_SECONDS)) for share in SHARES]


def _await(broker: str, group: str, least: float, pause: float, number: int,
           ended: Callable[[], int | None]) -> float | None:
    """Waits until more than `least` of the log is committed, then for `pause` seconds: the moment of a kill.

    Answers the part of the log then committed, None if the process or the log ended before.

    Raises:
        BenchError: nothing of the kind happens.
    """
    admin, until = KafkaAdminClient(bootstrap_servers=broker), time.monotonic() + PATIENCE_SECONDS
    try:
        while (share := committed(admin, group) / number) <= least:
            if ended() is not None:
                return None
            if time.monotonic() > until:
                raise BenchError(f"{group} committed {share:.0%} within {PATIENCE_SECONDS} s")
            time.sleep(LOOK_SECONDS)
        time.sleep(pause)  # the moment itself is the seed's, not a condition's
        share = committed(admin, group) / number
        return share if share < 1 and ended() is None else None
    finally:
        admin.close()


def committed(admin: KafkaAdminClient, group: str) -> int:
    """How many records a group has committed; none while nobody can tell, as of a group just begun."""
    try:
        found = admin.list_group_offsets({group: None})[group]
    except KafkaError as error:
        if not error.retriable:
            raise
        return 0
    return sum(max(each.offset, 0) for each in found.values())


def differences(found: Mapping[str, int], truth: Mapping[str, int]) -> str:
    """In words; "" if there are none."""
    wrong = [name for name in {*found, *truth} if found.get(name, 0) != truth.get(name, 0)]
    windows = [name for name in wrong if name not in FATES]
    off = sum(found.get(name, 0) - truth.get(name, 0) for name in windows)
    told = [f"{len(windows)} windows of {len(truth)} wrong, {off:+,} events in all"] if windows else []
    told += [f"{name} {found.get(name, 0):,} instead of {truth.get(name, 0):,}" for name in FATES if name in wrong]
    return "; ".join(told)
