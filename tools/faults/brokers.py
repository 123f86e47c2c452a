"""A single broker that stands still, dies, or is not there yet: T09, T09l, T09k, T10."""

import time
from typing import Final

from tools.broker import Broker
from tools.faults.scenario import Scenario
from tools.faults.stage import Stage
from tools.faults.waiting import NotSeen

STANDS_SECONDS: Final = 20.0
LONG_SECONDS: Final = 70.0
"""Longer than every patience of the clients."""

CATCH_UP_SECONDS: Final = 30.0
AWAY_SECONDS: Final = 45.0
READY_SECONDS: Final = 60.0
RESTARTS: Final = 5


def single(stage: Stage) -> Broker:
    """The broker of a house with one.

    Raises:
        NotSeen: there are several.
    """
    if isinstance(stage.bed.broker, Broker):
        return stage.bed.broker
    raise NotSeen("this scenario is for one broker")


def stand_still(stage: Stage, seconds: float = STANDS_SECONDS) -> None:
    """The broker stops in its tracks and goes on; nobody has to die for it."""
    broker = single(stage)
    stage.share()
    stage.work()
    stage.fault("SIGSTOP broker", broker.pause)
    stage.admit()
    stage.bed.wait(seconds - (time.monotonic() - stage.hit))
    stage.fault("SIGCONT broker", broker.resume)
    stage.recover(CATCH_UP_SECONDS)
    stage.work()
    stage.remarks += [f"a worker died of it: {text}" for text in stage.bed.mended]


def stand_long(stage: Stage) -> None:
    """As `stand_still`, for longer."""
    stand_still(stage, LONG_SECONDS)


def kill_broker(stage: Stage) -> None:
    """The broker dies under everybody and comes back on the same data, twice."""
    broker = single(stage)
    for _ in range(2):
        stage.share()
        stage.work()
        stage.fault("kill -9 broker", broker.kill)
        stage.bed.wait(stage.random.uniform(1.0, 4.0))
        stage.fault("start broker", broker.start)
        stage.from_now()
        stage.recover(CATCH_UP_SECONDS)
    stage.work()


def begin_without(stage: Stage) -> None:
    """Workers begin while the broker is down; it comes later."""
    broker = single(stage)
    stage.share()
    stage.work()
    for worker in list(stage.bed.awake):
        stage.terminate(worker)
    stage.fault("stop broker", broker.stop)
    for _ in range(2):
        stage.join()
    stage.bed.wait(AWAY_SECONDS - (time.monotonic() - stage.hit))
    if ready := [worker.name for worker in stage.bed.awake if worker.ask("/readyz")[0] == 200]:
        stage.remarks.append(f"{ready} say they are ready without a broker")
    stage.fault("start broker", broker.start)
    stage.from_now()
    stage.recover(READY_SECONDS)
    if len(stage.bed.mended) > 2 * RESTARTS:
        stage.remarks.append(f"two workers were restarted {len(stage.bed.mended)} times")


SCENARIOS: Final = (
    Scenario("T09", "Kafka đứng 20 giây (SIGSTOP)", "The broker stopped for 20 s (SIGSTOP)",
             "no worker dies of it; none says it is ready meanwhile; recovery within 30 s", stand_still, 2),
    Scenario("T09l", "Kafka đứng 70 giây (SIGSTOP)", "The broker stopped for 70 s (SIGSTOP)", "as T09", stand_long, 2),
    Scenario("T09k", "Kafka bị kill -9 hai lần, chạy lại trên dữ liệu cũ",
             "The broker killed with -9 twice and started on the same data", "recovery within 30 s", kill_broker, 4),
    Scenario("T10", "Tiến trình khởi động khi Kafka chưa chạy; 45 giây sau Kafka mới chạy",
             "Workers begin while the broker is down, which comes 45 s later",
             "shown again within 60 s; not ready before; at most 5 restarts each", begin_without, 6,
             parts=("503 of the gateway: there is no gateway yet",)),
)
