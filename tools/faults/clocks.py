"""Workers whose machines have another time than the broker's: T26."""

import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Final

from tools.faults.house import House
from tools.faults.machine import no_faketime
from tools.faults.scenario import Scenario
from tools.faults.stage import Stage
from tools.faults.watch import some
from tools.faults.worker import Worker

SLOW: Final = -600
FAST: Final = 600
BACK: Final = FAST - 3600
"""By how many seconds clocks are off."""

WITHIN_SECONDS: Final = 2.0
TOLD_SECONDS: Final = 30.0
QUIET_SECONDS: Final = 90.0
RATE: Final = 150.0
"""Records a second: between two pauses little must be left to catch up with."""

STEPS_SECONDS: Final = 6.0
"""Two steps of the presents of what is idle."""

OFFSET: Final = "ioc_worker_clock_offset_seconds"
PRESENT: Final = "ioc_present_timestamp_seconds"
WATCHED: Final = House(settings={"idle_seconds": 2, "idle_step_seconds": 3})


def other_clocks(stage: Stage) -> None:
    """Workers with wrong clocks take over one after another, until no clock is right; then one is set back."""
    faces = [stage.bed.folder / "slow", stage.bed.folder / "fast"]
    stage.share()
    stage.work()
    for face, seconds in zip(faces, (SLOW, FAST), strict=True):
        face.write_text(f"{seconds:+d}")
        stage.fault(f"a worker whose clock is {seconds} s off", lambda face=face: join(stage, face))  # type: ignore[misc]
        stage.terminate(stage.bed.awake[0])
        stage.share()
        stage.fault("no input for a while", lambda: quiet(stage))
        told(stage, stage.bed.awake[-1], seconds)
    stage.fault("the fast clock is set back by an hour", lambda: faces[1].write_text(f"{BACK:+d}"))
    told(stage, stage.bed.awake[-1], BACK)
    stage.fault("no input for a while", lambda: quiet(stage))
    stage.work()


def join(stage: Stage, face: Path) -> Worker:
    """A worker whose clock is off by what the file says, also when that changes; its monotonic clock is as it was."""
    return stage.bed.join(settings={
        "LD_PRELOAD": library(), "FAKETIME_TIMESTAMP_FILE": face, "FAKETIME_CACHE_DURATION": 1,
        "FAKETIME_DONT_FAKE_MONOTONIC": 1})


@cache
def library() -> str:
    """What faketime loads into a process; the program itself would stand between us and the worker's signals."""
    done = subprocess.run(["faketime", "-f", "+0", "sh", "-c", 'echo "$LD_PRELOAD"'], stdout=subprocess.PIPE, text=True,
                          check=True)
    return done.stdout.strip()


def told(stage: Stage, worker: Worker, seconds: int) -> None:
    """Waits until a worker's page tells how far its clock is off."""
    def offsets() -> list[float]:
        return [sample.value for sample in some(worker, [OFFSET])]

    stage.bed.until(lambda: any(abs(offset - seconds) < WITHIN_SECONDS for offset in offsets()), TOLD_SECONDS,
                    lambda: f"{worker.name} tells that its clock is {seconds} s off, it says {offsets()}")


def quiet(stage: Stage) -> None:
    """Nothing is sent until every present has gone on by itself; none may lie in the future."""
    stage.load.pausing.set()
    try:
        before = presents(stage)
        stage.bed.until(lambda: moved(before, presents(stage)), QUIET_SECONDS,
                        lambda: f"every present goes on without input; not {stuck(before, presents(stage))}")
        ahead = max(presents(stage).values()) - time.time()
        if ahead > WITHIN_SECONDS:
            stage.remarks.append(f"a present lies {ahead:.0f} s in the future")
    finally:
        stage.load.pausing.clear()


Lane = tuple[str, str, str]


def presents(stage: Stage) -> dict[Lane, float]:
    """The present of each topic, partition and provenance that is shown, in seconds; the latest of two."""
    found: dict[Lane, float] = {}
    for worker in stage.bed.awake:
        for sample in some(worker, [PRESENT]):
            lane = sample.labels["topic"], sample.labels["partition"], sample.labels["provenance"]
            found[lane] = max(sample.value, found.get(lane, sample.value))
    return found


def stuck(before: dict[Lane, float], now: dict[Lane, float]) -> list[Lane]:
    """The lanes whose present has not gone on by the steps that are waited for."""
    return [lane for lane, present in before.items() if now.get(lane, present) < present + STEPS_SECONDS]


def moved(before: dict[Lane, float], now: dict[Lane, float]) -> bool:
    """Whether every present has gone on."""
    return bool(before) and not stuck(before, now)


SCENARIOS: Final = (
    Scenario("T26", "Đồng hồ tiến trình sai −10 phút, +10 phút, rồi lùi lại 1 giờ",
             "Workers whose clocks are 10 min slow and 10 min fast, then set back by 1 h",
             "numbers as without, presents go on and never into the future; each worker tells how far its clock is off",
             other_clocks, 8, rate=RATE, house=WATCHED, hindered=no_faketime,
             parts=("HMAC windows: there is no gateway yet",)),
)
