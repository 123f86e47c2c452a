"""Three brokers that are one cluster: T07, T08, T15, X3."""

from typing import Final

from tools.broker import Broker
from tools.faults.bed import GROUP, SESSION_SECONDS
from tools.faults.cluster import Cluster
from tools.faults.durable import STATE, alter, committed
from tools.faults.house import House
from tools.faults.judge import ends_of
from tools.faults.scenario import Scenario
from tools.faults.stage import Stage
from tools.faults.waiting import NotSeen
from tools.faults.watch import shown

WHOLE_SECONDS: Final = 60.0
RECOVER_SECONDS: Final = 60.0
STABLE_SECONDS: Final = 30.0
ROUNDS: Final = 2
KILLS: Final = 3
REFUSED_SECONDS: Final = 15.0
UNDER_WAY_SECONDS: Final = 12.0
"""What was confirmed before the broker counted as lost may still appear within this."""

RATE: Final = 300.0
"""Three brokers share the cores with load and workers."""


def cluster(stage: Stage) -> Cluster:
    """The brokers of a house with several.

    Raises:
        NotSeen: there is one.
    """
    if isinstance(stage.bed.broker, Cluster):
        return stage.bed.broker
    raise NotSeen("this scenario needs a cluster")


def roll_brokers(stage: Stage) -> None:
    """Each broker is ended in good order and started again, twice; no member of the group has to move for it."""
    house = cluster(stage)
    stage.share()
    stage.work()
    stage.watch.look()
    before = stage.watch.totals()["rebalances"]
    for _ in range(ROUNDS):
        for member in house.members:
            stage.fault(f"stop broker {member.port}", member.stop)
            stage.fault(f"start broker {member.port}", member.start)
            stage.from_now()
            house.whole(WHOLE_SECONDS)
            stage.recover(RECOVER_SECONDS)
            stage.work()
    stage.watch.look()
    if more := stage.watch.totals()["rebalances"] - before:
        stage.remarks.append(f"{more} rebalances for a broker that went in good order")


def kill_leaders(stage: Stage) -> None:
    """The leader of a partition that is read dies, and comes back; three times."""
    house = cluster(stage)
    for number in range(KILLS):
        stage.share()
        stage.work()
        topic, partition = stage.random.choice(sorted(shown(stage.bed.awake)))
        _kill(stage, house, house.leader(topic, partition), f"leader of {topic}/{partition}, number {number + 1}")


def kill_coordinators(stage: Stage) -> None:
    """The broker that coordinates the group dies, twice; the group goes on, and commits advance."""
    house = cluster(stage)
    for number in range(ROUNDS):
        stage.share()
        stage.work()
        partition = slot(GROUP) % OFFSETS
        before = committed(house.address)
        _kill(stage, house, house.leader("__consumer_offsets", partition), f"coordinator, number {number + 1}")
        ends = ends_of(house.address, {place[0] for place in before})
        stage.bed.until(lambda before=before: sum(committed(house.address).values()) > sum(before.values()),  # type: ignore[misc]
                        STABLE_SECONDS, lambda before=before, ends=ends:  # type: ignore[misc]
                        f"commits advance from {sum(before.values())}, the logs end at {sum(ends.values())}")


def refused_state(stage: Stage) -> None:
    """No snapshot is taken: nothing newer is shown, nothing is committed, no worker says it is ready."""
    house = cluster(stage)
    stage.share()
    stage.work()
    alter(house.address, STATE, {"min.insync.replicas": "3"})
    stage.fault("kill -9 a broker: the state topic has too few copies", house.members[2].kill)
    stage.bed.wait(UNDER_WAY_SECONDS)
    pages, commits = shown(stage.bed.awake), committed(stage.bed.broker.address)
    stage.admit()
    stage.bed.wait(REFUSED_SECONDS)
    now, later = shown(stage.bed.awake), committed(stage.bed.broker.address)
    stage.remarks += [f"{place} is shown up to {now[place]}, not confirmed beyond {offsets}"
                      for place, offsets in pages.items() if place in now and now[place] > offsets]
    stage.remarks += [f"{place} is committed up to {later[place]}, not confirmed beyond {offset}"
                      for place, offset in commits.items() if later[place] > max(offset, *pages.get(place, [0]))]
    stage.fault("start the broker: snapshots are taken again", house.members[2].start)
    stage.from_now()
    stage.recover(RECOVER_SECONDS)
    stage.bed.until(lambda: all(worker.settled for worker in stage.bed.awake), RECOVER_SECONDS, "every worker is ready")
    house.whole(WHOLE_SECONDS)


OFFSETS: Final = 4
"""Partitions of __consumer_offsets, as deploy/kafka/server.properties says."""


def slot(group: str) -> int:
    """The hash that Kafka gives a group: that of a string in Java, without its sign."""
    value = 0
    for letter in group:
        value = (31 * value + ord(letter)) & 0xFFFFFFFF
    return value & 0x7FFFFFFF


def _kill(stage: Stage, house: Cluster, member: Broker, what: str) -> None:
    stage.fault(f"kill -9 {what}", member.kill)
    stage.recover(RECOVER_SECONDS)
    stage.bed.wait(SESSION_SECONDS)
    stage.fault(f"start {what}", member.start)
    house.whole(WHOLE_SECONDS)


THREE: Final = House(brokers=3)

SCENARIOS: Final = (
    Scenario("T07", "Ba broker lần lượt dừng và chạy lại, hai vòng", "Each of three brokers stopped and started, twice",
             "no rebalance; nothing twice in the topics", roll_brokers, 12, rate=RATE,
             house=House(brokers=3, settings={"session_seconds": 30})),
    Scenario("T08", "Broker dẫn đầu bị kill -9 ba lần", "The leader killed with -9 three times, of three brokers", "",
             kill_leaders, 6, rate=RATE, house=THREE),
    Scenario("T15", "Broker điều phối nhóm bị kill -9 hai lần", "The coordinator of the group killed with -9 twice",
             "commits advance within 30 s", kill_coordinators, 4, rate=RATE, house=THREE),
    Scenario("X3", "Chủ đề trạng thái thiếu bản sao: không nhận bản chụp nào", "The state topic below min.insync",
             "nothing newer shown or committed; not ready meanwhile", refused_state, 2, rate=RATE, house=THREE),
)
