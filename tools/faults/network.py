"""Connections that are slow, cut, deaf or false: T11, T12, T17, T18, X1."""

import signal
import time
from collections.abc import Callable
from typing import Final

from schemas.catalogue import load_feeds
from tools.faults.bed import SESSION_SECONDS
from tools.faults.durable import beyond, committed
from tools.faults.house import House
from tools.faults.judge import ends_of
from tools.faults.machine import Cable, no_cable
from tools.faults.proxy import OFFSET_COMMIT, PRODUCE, Harm, Proxy
from tools.faults.scenario import Scenario
from tools.faults.stage import Stage
from tools.faults.waiting import NotSeen, until
from tools.faults.watch import Place, counted, offsets
from tools.faults.worker import Worker

SLOW_SECONDS: Final = 40.0
SLOWEST: Final = 200.0
"""Events a second that must be counted over a slow, narrow line that breaks."""

SLOW: Final = Harm(delay=0.1, rate=3e6 / 8, resets=0.01)
DEAF_SECONDS: Final = 20.0
COMMIT_SECONDS: Final = 15.0
BEGIN_SECONDS: Final = 15.0
WORK_SECONDS: Final = 6.0
UNPLUGGED_SECONDS: Final = 30.0
TAKE_OVER_SECONDS: Final = SESSION_SECONDS + 10.0
RECOVER_SECONDS: Final = 60.0
FLIPS: Final = 8
UNDER_WAY: Final = 3000
"""Records whose snapshot was on its way when the line broke."""


def proxy(stage: Stage) -> Proxy:
    """The proxy of a house that has one.

    Raises:
        NotSeen: it has none.
    """
    if isinstance(stage.bed.way, Proxy):
        return stage.bed.way
    raise NotSeen("this scenario needs a proxy")


def slow_line(stage: Stage) -> None:
    """Each way takes a tenth of a second, 3 Mbit/s pass, and one request in a hundred breaks its connection."""
    between = proxy(stage)
    stage.share()
    stage.work()
    before = counted(stage.bed.awake)
    stage.fault("100 ms each way, 3 Mbit/s, 1 % of requests cut", lambda: _harm(between, SLOW))
    began = time.monotonic()
    stage.bed.wait(SLOW_SECONDS)
    rate = (counted(stage.bed.awake) - before) / (time.monotonic() - began)
    _happened(between, "reset", "delayed")
    stage.fault("the line is good again", lambda: _harm(between, Harm()))
    stage.recover(RECOVER_SECONDS)
    if rate < SLOWEST:
        stage.remarks.append(f"{rate:.0f} events a second were counted meanwhile, {SLOWEST:.0f} are needed")


def lost_commits(stage: Stage) -> None:
    """Commits vanish for a while, and the input stops meanwhile; what was read is committed without new input.

    The second time nobody is left who could try again: all workers are killed before the line is good.
    """
    between = proxy(stage)
    for kills in (False, True):
        stage.share()
        stage.work()
        done = between.done["dropped"]
        stage.fault("every OffsetCommit vanishes", lambda: _harm(between, Harm(dropped=frozenset({OFFSET_COMMIT}))))
        until(lambda done=done: between.done["dropped"] > done, COMMIT_SECONDS,  # type: ignore[misc]
              "a commit that vanishes")
        stage.load.pausing.set()
        stage.bed.wait(DEAF_SECONDS)
        workers = list(stage.bed.awake) if kills else []
        for worker in workers:
            stage.leave(worker, signal.SIGKILL)
        _harm(between, Harm())
        for _ in workers:
            stage.bed.join()
        _all_committed(stage, COMMIT_SECONDS + (SESSION_SECONDS + BEGIN_SECONDS) * kills)
        stage.load.pausing.clear()
    stage.work()


def _all_committed(stage: Stage, seconds: float) -> None:
    brokers = stage.bed.broker.address
    ends = ends_of(brokers, {feed.topic for feed in load_feeds()})

    def missing() -> dict[Place, int]:
        known = committed(brokers)
        return {place: end for place, end in ends.items() if known.get(place, 0) != end}

    stage.bed.until(lambda: not missing(), seconds, lambda: f"all ends committed without new input; {missing()}")


def in_flight(stage: Stage) -> None:
    """Nothing that workers write arrives, while they read on; so killed, they have committed nothing of it."""
    between = proxy(stage)
    for _ in range(2):
        stage.work()
        stage.fault("every Produce vanishes", lambda: _harm(between, Harm(dropped=frozenset({PRODUCE}))))
        before = counted(stage.bed.awake)
        stage.bed.wait(WORK_SECONDS)
        _happened(between, "dropped")
        if (now := counted(stage.bed.awake)) > before + UNDER_WAY:
            stage.remarks.append(f"{now - before} records were shown that no snapshot contained")
        for worker in list(stage.bed.awake):
            stage.kill(worker)
        stage.remarks += beyond(stage.bed)
        _harm(between, Harm())
        stage.from_now()
        stage.bed.join()
        stage.recover(RECOVER_SECONDS)


def flipped_bytes(stage: Stage) -> None:
    """A byte of what is fetched is another one, again and again: the checksum tells, and it is fetched anew."""
    between = proxy(stage)
    for number in range(1, FLIPS + 1):
        stage.share()
        stage.work()
        stage.fault("a byte of a fetch is flipped", lambda: _harm(between, Harm(flips=1)))
        until(lambda number=number: between.done["flipped"] >= number, 20, "a byte flipped")  # type: ignore[misc]
    stage.recover(RECOVER_SECONDS)
    stage.work()


def unplugged(stage: Stage) -> None:
    """The cable of one of two workers is taken out; then what it sends vanishes, and no reset tells anybody."""
    cable = stage.bed.way
    if not isinstance(cable, Cable):
        raise NotSeen("this scenario needs a cable")
    inner = stage.bed.awake[0]
    outer = stage.bed.join(straight=True)
    _lonely(stage, inner, outer, "cable out", cable.unplug, cable.plug)
    inner = next((worker for worker in stage.bed.awake if worker is not outer), inner)
    _lonely(stage, inner, outer, "black hole", cable.swallow, cable.forward)


def _lonely(stage: Stage, inner: Worker, outer: Worker, how: str, begin: Callable[[], None],
            end: Callable[[], None]) -> None:
    stage.share()
    stage.work()

    def leave() -> None:
        inner.asleep = True  # its page cannot be reached
        begin()

    def back() -> None:
        end()
        inner.asleep = False

    stage.fault(f"{how}: {inner.name}", leave)
    stage.bed.until(lambda: len(offsets(outer)) == stage.partitions, TAKE_OVER_SECONDS,
                    lambda: f"{outer.name} shows all partitions, it shows {len(offsets(outer))}")
    stage.bed.wait(UNPLUGGED_SECONDS - (time.monotonic() - stage.hit))
    stage.fault(f"{how} ends", back)
    stage.recover(RECOVER_SECONDS)
    stage.share()


def _harm(between: Proxy, harm: Harm) -> None:
    between.harm = Harm(**vars(harm))


def _happened(between: Proxy, *names: str) -> None:
    if missing := [name for name in names if not between.done[name]]:
        raise NotSeen(f"the proxy has not done what it should: {missing}; it did {dict(between.done)}")


PROXIED: Final = House(way="proxy")

SCENARIOS: Final = (
    Scenario("T11", "Rút cáp mạng của một tiến trình 30 giây; rồi mọi gói nó gửi biến mất 30 giây",
             "The cable of one worker taken out for 30 s; then what it sends vanishes for 30 s",
             "the other has taken over after session + 10 s; both share again", unplugged, 4, workers=1,
             house=House(way="cable"), hindered=no_cable),
    Scenario("T12", "Mạng chậm: 100 ms mỗi chiều, 3 Mbit/s, 1 % yêu cầu bị cắt",
             "A slow line: 100 ms each way, 3 Mbit/s, 1 % of requests cut", "at least 200 events/s counted meanwhile",
             slow_line, 2, house=PROXIED, rate=400),
    Scenario("T17", "OffsetCommit biến mất 20 giây, dữ liệu vào ngừng; lần hai mọi tiến trình bị kill -9 trước khi hết",
             "Commits vanish for 20 s while the input stops; the second time all workers are killed before it ends",
             "all committed within 15 s of healing (30 s more for new workers), without new input", lost_commits, 2,
             house=PROXIED, quick=True),
    Scenario("T18", "Kết quả ghi chưa được xác nhận, đọc tiếp, rồi kill -9; hai lần",
             "Writes not confirmed, read on with poison behind, then killed with -9; twice",
             "nothing committed beyond the newest snapshot, nothing shown of it", in_flight, 4, workers=1,
             house=PROXIED),
    Scenario("X1", "Một byte dữ liệu đọc về bị đổi, tám lần", "A byte of a fetch flipped, eight times", "",
             flipped_bytes, FLIPS, house=PROXIED),
)
