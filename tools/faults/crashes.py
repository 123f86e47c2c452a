"""Workers that are killed, frozen, replaced and moved: T01 to T06, T31, X6, X7."""

import shutil
import signal
import time
from collections.abc import Callable
from typing import Final

from schemas.catalogue import find_feed
from streams.publisher import encode
from tools.faults.bed import SESSION_SECONDS
from tools.faults.data import before
from tools.faults.durable import beyond, durable
from tools.faults.house import House
from tools.faults.letters import FLOOD, send
from tools.faults.machine import Freezer, no_freezer
from tools.faults.scenario import Scenario
from tools.faults.stage import READY_SECONDS, Stage
from tools.faults.story import Shot
from tools.faults.waiting import until
from tools.faults.watch import offsets, shown
from tools.faults.worker import Worker

WATCHED: Final = 20
CONTROLS: Final = 50_000
CASES: Final = 100_000
CONTROL_RATE: Final = 1000.0
AGE_SECONDS: Final = 5.0
STORM_SECONDS: Final = 6.0
ASLEEP_SECONDS: Final = SESSION_SECONDS + 4.0
WAKE_SECONDS: Final = 5.0
STOP_SECONDS: Final = 10.0
RECOVER_SECONDS: Final = 15.0
BEGIN_SECONDS: Final = 30.0
RESERVE_SECONDS: Final = 64.0
"""Longer than broker_max_poll_interval, after which aiokafka takes a consumer that fetches nothing for dead."""


def nothing(stage: Stage) -> None:
    """No fault: what is wrong here is wrong with the house or with the judge; and how old the numbers are."""
    stage.share()
    stage.work()
    began = time.monotonic()
    stage.bed.until(lambda: stage.load.sent >= CONTROLS, 3 * CONTROLS / CONTROL_RATE, f"{CONTROLS} records are sent")
    ages = sorted(at - stage.load.times[count - 1] for at, count in stage.watch.counts if count and at > began)
    oldest = ages[int(len(ages) * 0.99)]
    if oldest > AGE_SECONDS:
        stage.remarks.append(f"the number of records on the pages is {oldest:.1f} s old (99 %)")


def kill_three_times(stage: Stage) -> None:
    """The only worker dies and comes back, three times; the second time it dies as it catches up."""
    for turn in range(3):
        if turn == 1:
            stage.show()
        else:
            stage.work()
        stage.bed.wait(stage.random.uniform(0.2, 1.0))
        stage.kill(stage.bed.awake[-1])
        stage.remarks += beyond(stage.bed)
        stage.from_now()
        stage.bed.join()
        stage.recover(RECOVER_SECONDS)


def watched(stage: Stage) -> None:
    """Whether the pages were looked at each second; what they showed meanwhile the judge says."""
    if stage.watch.looks < WATCHED:
        stage.remarks.append(f"the pages were looked at {stage.watch.looks} times only")


def freeze(stage: Stage) -> None:
    """One of two stops for longer than its session, and goes on in the belief that nothing has happened."""
    asleep = stage.random.choice(stage.bed.awake)
    _sleep(stage, asleep, "SIGSTOP", lambda: asleep.signal(signal.SIGSTOP), lambda: asleep.signal(signal.SIGCONT))
    if no_freezer():
        return
    freezer = Freezer(f"ioc-faults-{stage.bed.folder.name}")
    try:
        frozen = stage.random.choice(stage.bed.awake)
        _sleep(stage, frozen, "freezer", lambda: freezer.freeze(frozen.process.pid), freezer.thaw)
    finally:
        freezer.close()


def _sleep(stage: Stage, one: Worker, how: str, begin: Callable[[], None], end: Callable[[], None]) -> None:
    """A worker sleeps through its session; once awake it must not show for long what another has taken over."""
    stage.share()
    stage.work()

    def stop() -> None:
        begin()
        one.asleep = True

    def go() -> None:
        end()
        one.asleep = False

    stage.fault(f"{how} {one.name}", stop)
    stage.bed.wait(ASLEEP_SECONDS)
    stage.bed.until(lambda: sum(len(offsets(worker)) for worker in stage.bed.awake) == stage.partitions, 40,
                    "the other worker takes over all partitions")
    stage.fault(f"{how} of {one.name} ends", go)
    until(lambda: all(len(each) == 1 for each in shown(stage.bed.awake).values()), WAKE_SECONDS,
          "no partition shown by two workers")
    stage.recover(RECOVER_SECONDS)
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


def roll(stage: Stage) -> None:
    """Five times a worker is ended in good order and replaced; nothing is read twice for it."""
    for _ in range(5):
        stage.share()
        stage.work()
        leaving = stage.bed.awake[0]
        stage.terminate(leaving)
        if stage.leaving > STOP_SECONDS:
            stage.remarks.append(f"{leaving.name} took {stage.leaving:.1f} s to stop")
        stage.bed.join()
    stage.share()
    stage.watch.look()
    if again := stage.watch.totals()["skipped"]:
        stage.remarks.append(f"{again} records were read twice")


def open_cases(stage: Stage) -> None:
    """Opens as many dossiers as a state must be able to hold, and waits until all are counted."""
    feed, opened = find_feed("dossier"), before().isoformat(timespec="milliseconds")
    names = [f"faults-{number:06}" for number in range(CASES)]
    stage.share()
    send(stage, "dossiers opened", [
        Shot(feed.topic, name.encode(), encode({**feed.example, "id": name, "subject": name, "time": opened,
                                                "data": {**feed.example["data"], "dossier_id": name}}))
        for name in names], FLOOD)


def begin_anew(stage: Stage) -> None:
    """All workers die, and nothing of theirs is left on the machine; others begin with what Kafka has."""
    open_cases(stage)
    for _ in range(2):
        stage.share()
        stage.work()
        workers = list(stage.bed.awake)
        for worker in workers:
            stage.kill(worker)
            shutil.rmtree(stage.bed.folder / worker.name, ignore_errors=True)
        contained = durable(stage.bed)
        stage.from_now()
        for _ in workers:
            stage.bed.join()
        stage.recover(BEGIN_SECONDS)
        pages = shown(stage.bed.awake)
        stage.remarks += [f"{place} begins at {pages.get(place)}, the snapshot contains {offset}"
                          for place, offset in contained.items() if max(pages.get(place, [0])) < offset]


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
    stage.recover(RECOVER_SECONDS)
    stage.work()


SCENARIOS: Final = (
    Scenario("T01", "Không sự cố (đối chứng)", "No fault: the control",
             "the number of records shown is at most 5 s old (99 %)",
             nothing, 0, rate=CONTROL_RATE),
    Scenario("T02", "Tiến trình duy nhất bị kill -9 ba lần", "The only worker killed with -9 three times",
             "recovery within 15 s of each start; nothing committed beyond the newest snapshot", kill_three_times, 3,
             workers=1, house=House(shared="killed"), quick=True),
    Scenario("T31", "Xem trang số liệu mỗi giây trong T02", "The pages read each second during T02 (and all others)",
             "nothing steps back, never more is shown than was sent, after a restart the recovered number", watched, 0,
             workers=1, house=House(shared="killed"), quick=True),
    Scenario("T03", "Lần lượt thay tiến trình năm lần", "Workers replaced in good order, five times",
             "nothing read twice; each stops within 10 s", roll, 5),
    Scenario("T04", "Tám lần rời và vào nhóm, TERM và KILL xen kẽ",
             "Eight leaves (TERM and KILL in turn) and eight joins, 2 to 4 workers", "", storm, 16, workers=3),
    Scenario("T05", "Một trong hai tiến trình đứng lâu hơn phiên rồi chạy tiếp: SIGSTOP, freezer",
             "One of two workers stopped for longer than its session, by SIGSTOP and by the freezer of cgroups",
             "no partition shown by two workers 5 s after waking", freeze, 4, quick=True),
    Scenario("T06", "Mọi tiến trình bị kill -9, dữ liệu tại chỗ bị xóa, chạy lại; hai lần; 100.000 hồ sơ đang mở",
             "All workers killed, their local data deleted, others started; twice; 100,000 open dossiers",
             "they begin with what the snapshots contain; recovery within 30 s of their start", begin_anew, 5),
    Scenario("X6", "T02 với cách đọc `simple`", "T02 with the simple drain", "as T02", kill_three_times, 3, workers=1,
             house=House(settings={"drain": "simple"})),
    Scenario("X7", "Tiến trình dự phòng chờ hơn một phút rồi thay tiến trình bị kill -9",
             "A third worker, in reserve for over a minute, takes over from one killed with -9", "", wait_in_reserve, 2,
             rate=300),
)
