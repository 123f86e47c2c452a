"""Full disks, and a state topic that is garbage, cut, gone or stale: T13, T14, T16, X4, X5."""

import time
from contextlib import closing
from typing import Final

from kafka import TopicPartition
from kafka.admin import KafkaAdminClient

from streams.publisher import BOOTSTRAP_MS, Line, connect
from tools.faults.bed import Bed
from tools.faults.brokers import single
from tools.faults.durable import STATE, alter, committed, durable, snapshots
from tools.faults.house import House
from tools.faults.machine import fill, no_disk
from tools.faults.scenario import Scenario
from tools.faults.stage import Stage
from tools.faults.watch import Place, shown

RECOVER_SECONDS: Final = 60.0
FULL_SECONDS: Final = 12.0
GARBAGE_SECONDS: Final = 15.0


def _leave_all(stage: Stage) -> int:
    """Kills every worker; answers how many there were."""
    workers = list(stage.bed.awake)
    for worker in workers:
        stage.kill(worker)
    return len(workers)


def _join_all(stage: Stage, number: int) -> None:
    for _ in range(number):
        stage.bed.join()


def _put(stage: Stage, place: Place, value: bytes | None) -> None:
    """Writes a record to the state topic, as nobody but a worker should."""
    with Line(stage.bed.broker.address) as line:
        line.send(STATE, key=f"{place[0]}/{place[1]}".encode(), value=value, partition=place[1]).receipt()


def full_broker(stage: Stage) -> None:
    """The broker's disk is full: it may die, and must lose nothing that it acknowledged."""
    broker = single(stage)
    disk = broker.folder / "data"
    stage.share()
    stage.work()
    stage.fault("the broker's disk is full", lambda: fill(disk))
    stage.bed.wait(FULL_SECONDS)
    stage.fault("there is room again", (disk / "filler").unlink)
    if not broker.is_running():
        stage.fault("start broker", broker.start)
    stage.recover(RECOVER_SECONDS)
    stage.work()


def full_worker(stage: Stage) -> None:
    """The disk on which a worker writes its log is full, and it has much to say."""
    small = stage.bed.folder / "small"
    worker = stage.bed.join(folder=small)
    stage.share()
    stage.work()
    stage.fault(f"the disk of {worker.name} is full", lambda: fill(small))
    broker = single(stage)
    stage.fault("kill -9 broker: there is something to say", broker.kill)
    stage.fault("start broker", broker.start)
    stage.recover(RECOVER_SECONDS)
    stage.work()
    if worker.runs:
        stage.terminate(worker)
        stage.bed.join()
    stage.recover(RECOVER_SECONDS)


def garbage(stage: Stage) -> None:
    """The last record of a partition's state is no snapshot: nobody begins from zero; the repair is a deleted key."""
    stage.share()
    stage.work()
    place = stage.random.choice(sorted(durable(stage.bed)))
    number = _leave_all(stage)
    stage.fault(f"garbage as the newest state of {place[0]}/{place[1]}", lambda: _put(stage, place, b"\0garbage"))
    _join_all(stage, number)
    until = time.monotonic() + GARBAGE_SECONDS
    while time.monotonic() < until:
        stage.bed.wait(1.0)
        if [worker for worker in stage.bed.awake if place in shown([worker])]:
            stage.remarks.append(f"{place} is shown, though its state cannot be read")
            break
        stage.remarks += [f"{worker.name} says it is ready" for worker in stage.bed.awake
                          if worker.ask("/readyz")[0] == 200 and len(shown([worker])) == stage.partitions]
    stage.bed.until(lambda: stage.bed.mended, RECOVER_SECONDS, "a worker ends for it")
    stage.watch.forget()  # the partition is counted anew from the start of its log
    stage.fault("the key is deleted, as the message says", lambda: _put(stage, place, None))
    stage.recover(RECOVER_SECONDS)


def cut_state(stage: Stage) -> None:
    """Old snapshots are deleted by the broker: the state topic no longer begins at 0."""
    stage.share()
    stage.work()
    stage.bed.until(lambda: any(_needed(stage.bed).values()), RECOVER_SECONDS, "a snapshot that nobody needs any more")
    stage.fault("old snapshots deleted", lambda: _delete(stage, _needed(stage.bed)))
    number = _leave_all(stage)
    before = durable(stage.bed)
    _join_all(stage, number)
    stage.recover(RECOVER_SECONDS)
    _begins(stage, before)


def _needed(bed: Bed) -> dict[int, int]:
    """The first offset in each partition of the state that is somebody's newest snapshot."""
    newest: dict[Place, tuple[int, int]] = {}
    for place, _, record in snapshots(bed):
        newest[place] = record.partition, record.offset
    found: dict[int, int] = {}
    for partition, offset in newest.values():
        found[partition] = min(offset, found.get(partition, offset))
    return found


def no_state(stage: Stage) -> None:
    """All snapshots are gone, the group's commits are there: everything is counted again from the start."""
    stage.share()
    stage.work()
    number = _leave_all(stage)
    ends = {record.partition: record.offset + 1 for _, _, record in snapshots(stage.bed)}
    stage.fault("all snapshots deleted", lambda: _delete(stage, ends))
    if not committed(stage.bed.broker.address):
        stage.remarks.append("the group has committed nothing")
    stage.watch.forget()
    _join_all(stage, number)
    stage.bed.until(lambda: len(shown(stage.bed.awake)) == stage.partitions, RECOVER_SECONDS,
                    "all partitions are shown")
    stage.work()


def stale_state(stage: Stage) -> None:
    """Somebody who was long asleep writes old snapshots behind the newest: they are no step back."""
    stage.share()
    stage.work()
    old: dict[Place, bytes] = {}
    for place, _, record in snapshots(stage.bed):
        old.setdefault(place, record.value or b"")
    stage.work()
    number = _leave_all(stage)
    before = durable(stage.bed)

    def write() -> None:
        for place, value in old.items():
            _put(stage, place, value)

    stage.fault(f"{len(old)} old snapshots written behind the newest", write)
    _join_all(stage, number)
    stage.recover(RECOVER_SECONDS)
    _begins(stage, before)


def _begins(stage: Stage, before: dict[Place, int]) -> None:
    pages = shown(stage.bed.awake)
    stage.remarks += [f"{place} begins at {pages.get(place)}, the snapshot contained {offset}"
                      for place, offset in before.items() if max(pages.get(place, [0])) < offset]


def _delete(stage: Stage, ends: dict[int, int]) -> None:
    """Deletes the records of the state topic before these offsets; a compacted topic must be told that it may."""
    brokers = stage.bed.broker.address
    alter(brokers, STATE, {"cleanup.policy": "compact,delete"})
    with closing(connect(KafkaAdminClient, brokers, bootstrap_timeout_ms=BOOTSTRAP_MS)) as admin:
        admin.delete_records({TopicPartition(STATE, partition): offset for partition, offset in ends.items()})
    alter(brokers, STATE, {"cleanup.policy": "compact"})


def no_typed_state() -> str:
    """T16c: what the row asks for does not exist."""
    return "the state has one writer and one format, no typed table whose type could be wrong"


SCENARIOS: Final = (
    Scenario("T13", "Đĩa của Kafka đầy, rồi có chỗ lại", "The broker's disk is full, then has room again", "",
             full_broker, 2, house=House(disks={"kafka/data": 300}), hindered=no_disk,
             parts=("503 of the gateway: there is no gateway yet",)),
    Scenario("T14", "Đĩa chứa nhật ký của một tiến trình đầy", "The disk of a worker's log is full",
             "it goes on, or ends and recovers; told to stop, it stops", full_worker, 4, workers=1,
             house=House(disks={"small": 4}), hindered=no_disk),
    Scenario("T16a", "Bản ghi cuối của trạng thái là rác", "Garbage as the newest record of a state",
             "nobody shows the partition; the repair that the message names restores it", garbage, 4),
    Scenario("T16b", "Chủ đề trạng thái bị xóa phần đầu", "The state topic no longer begins at 0",
             "they begin with what the snapshots contain", cut_state, 3),
    Scenario("T16c", "Giá trị trạng thái sai kiểu", "A state of a wrong type", "", garbage, 4, hindered=no_typed_state),
    Scenario("X4", "Mất mọi bản chụp trạng thái, còn offset đã ghi", "No snapshot, but commits: counted from the start",
             "", no_state, 3),
    Scenario("X5", "Bản chụp cũ được ghi sau bản mới nhất", "Old snapshots written behind the newest",
             "they begin with the newest", stale_state, 3),
)
