"""The faults: what happens to the workers and the broker while the load runs."""

import signal
from collections.abc import Callable
from typing import Final, NamedTuple

from tools.prove.bed import SESSION_SECONDS
from tools.prove.stage import READY_SECONDS, Stage
from tools.prove.watch import offsets

STORM_SECONDS: Final = 6.0
ASLEEP_SECONDS: Final = SESSION_SECONDS + 4.0
RESERVE_SECONDS: Final = 64.0
"""Longer than broker_max_poll_interval, after which aiokafka takes a consumer that fetches nothing for dead."""


class Scenario(NamedTuple):
    """Workers that begin, what happens to them, how many faults there must be, and how fast the load is."""

    name: str
    vi: str
    en: str
    workers: int
    act: Callable[[Stage], None]
    faults: int
    rate: float = 1000


def kill_three_times(stage: Stage) -> None:
    """The only worker dies and comes back, three times; the second time it dies as it catches up."""
    for turn in range(3):
        if turn == 1:
            stage.show()
        else:
            stage.work()
        stage.bed.wait(stage.random.uniform(0.2, 1.0))
        stage.kill(stage.bed.awake[-1])
        stage.bed.join()


def freeze(stage: Stage) -> None:
    """One of two stops longer than its session, and goes on in the belief that nothing has happened."""
    for _ in range(2):
        stage.share()
        stage.work()
        sleeper = stage.random.choice(stage.bed.awake)
        stage.fault(f"SIGSTOP {sleeper.name}", lambda one=sleeper: one.signal(signal.SIGSTOP))  # type: ignore[misc]
        stage.bed.wait(ASLEEP_SECONDS)
        stage.bed.until(lambda: sum(len(offsets(worker)) for worker in stage.bed.awake) == stage.partitions, 40,
                        "the other worker takes over all partitions")
        stage.fault(f"SIGCONT {sleeper.name}", lambda one=sleeper: one.signal(signal.SIGCONT))  # type: ignore[misc]
    stage.share()


def storm(stage: Stage) -> None:
    """Eight times somebody leaves, by TERM and by KILL in turn, and somebody joins."""
    stage.settle()
    stage.work()
    for turn in range(8):
        leave = stage.kill if turn % 2 else stage.terminate
        joins_first = stage.random.random() < 0.5
        if joins_first:
            stage.join()
            stage.bed.wait(STORM_SECONDS / 2)
        leave(stage.random.choice(stage.bed.awake))
        if not joins_first:
            stage.bed.wait(STORM_SECONDS / 2)
            stage.join()
        stage.bed.wait(STORM_SECONDS / 2)
    stage.settle()


def kill_broker(stage: Stage) -> None:
    """The broker dies under everybody and comes back on the same data, twice."""
    for _ in range(2):
        stage.share()
        stage.work()
        stage.fault("kill -9 broker", stage.bed.broker.kill)
        stage.bed.wait(stage.random.uniform(1.0, 4.0))
        stage.fault("start broker", stage.bed.broker.start)
    stage.work()


def roll(stage: Stage) -> None:
    """Each of two workers is ended in good order and replaced."""
    for worker in list(stage.bed.awake):
        stage.share()
        stage.work()
        stage.terminate(worker)
        stage.bed.join()
    stage.share()


def wait_in_reserve(stage: Stage) -> None:
    """A third worker finds nothing to do, waits longer than aiokafka's patience, and takes over from one that dies."""
    stage.share()
    stage.join()
    stage.bed.until(lambda: stage.bed.awake[-1].settled, READY_SECONDS, "the third worker says that it waits")
    stage.settle()
    spare = stage.spare()
    stage.bed.wait(RESERVE_SECONDS)
    stage.work()
    stage.kill(next(worker for worker in stage.bed.awake if worker is not spare))
    stage.bed.until(lambda: len(offsets(spare)) > 0, READY_SECONDS, f"{spare.name}, in reserve, takes over")
    stage.share()
    stage.work()


SCENARIOS: Final = (
    Scenario("kill-9", "Một tiến trình bị kill -9 ba lần", "The worker killed with -9 three times", 1,
             kill_three_times, 3),
    Scenario("zombie", "Một trong hai tiến trình đứng lâu hơn phiên rồi chạy tiếp",
             "One of two workers stopped for longer than its session and continued, twice", 2, freeze, 4),
    Scenario("storm", "Tám lần rời và vào nhóm, TERM và KILL xen kẽ",
             "Eight leaves (TERM and KILL in turn) and eight joins, 2 to 4 workers", 3, storm, 16, 700),
    Scenario("broker", "Kafka bị kill -9 hai lần, chạy lại trên dữ liệu cũ",
             "The broker killed with -9 twice and started on the same data", 2, kill_broker, 4),
    Scenario("rolling", "Lần lượt thay cả hai tiến trình", "Both workers replaced in turn, in good order", 2, roll, 2),
    Scenario("reserve", "Tiến trình dự phòng chờ hơn một phút rồi thay tiến trình bị kill -9",
             "A third worker, in reserve for over a minute, takes over from one killed with -9", 2, wait_in_reserve, 2,
             300),
)
