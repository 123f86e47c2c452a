"""Topics deleted and made anew under their names, under running workers and while none runs: T32b."""

from collections.abc import Collection
from contextlib import closing
from typing import Final

from kafka.admin import KafkaAdminClient

from schemas.catalogue import load_feeds
from streams.publisher import BOOTSTRAP_MS, connect
from tools.faults.gone import DEAD
from tools.faults.judge import ends_of, uncommitted
from tools.faults.scenario import Scenario
from tools.faults.stage import Stage
from tools.faults.waiting import NotSeen, until
from tools.faults.watch import Place, counted, shown

COUNT_SECONDS: Final = 30.0
NOTICE_SECONDS: Final = 30.0
"""The broker is asked for the ids of topics every ten seconds."""

RECOVER_SECONDS: Final = 60.0


def made_anew(stage: Stage) -> None:
    """A topic under running workers, and again while it is empty; then that one and another while nobody runs."""
    stage.share()
    first, second = stage.random.sample([feed.topic for feed in load_feeds()], 2)
    stage.work()
    _close(stage, {first})
    stage.fault(f"{first} deleted and made anew", lambda: _make_anew(stage, {first}))
    _begins_again(stage, {first})
    stage.fault(f"{first} deleted and made anew, still empty", lambda: _make_anew(stage, {first}))
    _open(stage)
    stage.work()
    _close(stage, {first, second})
    number = len(stage.bed.awake)
    for worker in list(stage.bed.awake):
        stage.kill(worker)
    stage.fault(f"{first} and {second} deleted and made anew, nobody runs", lambda: _make_anew(stage, {first, second}))
    _open(stage)
    for _ in range(number):
        stage.bed.join()
    stage.from_now()
    _begins_again(stage, {first, second})
    stage.recover(RECOVER_SECONDS)
    stage.work()
    if stage.bed.mended:
        stage.remarks.append(f"a worker ended for it: {stage.bed.mended[0]}")


def _close(stage: Stage, topics: set[str]) -> None:
    """Sends nothing more to some topics, and waits until all that they hold is counted."""
    load = stage.load
    load.closed = frozenset(topics)
    sent = load.sent
    until(lambda: load.sent > sent + 1, COUNT_SECONDS, "what was in hand is handed over")
    for entry in list(load.entries):
        if entry.mark[0] in topics and entry.sent is not None:
            entry.sent.receipt()
    stage.bed.until(lambda: not _uncounted(stage, topics), COUNT_SECONDS,
                    lambda: f"all is counted: {_uncounted(stage, topics)}")
    stage.bed.until(lambda: not uncommitted(stage.bed, ends_of(stage.bed.broker.address, topics)), COUNT_SECONDS,
                    lambda: f"all is committed: {uncommitted(stage.bed, ends_of(stage.bed.broker.address, topics))}")


def _open(stage: Stage) -> None:
    stage.load.closed = frozenset()


def _uncounted(stage: Stage, topics: Collection[str]) -> list[Place]:
    pages = shown(stage.bed.awake)
    return [place for place, end in ends_of(stage.bed.broker.address, topics).items() if pages.get(place) != [end]]


def _make_anew(stage: Stage, topics: set[str]) -> None:
    """Copies what topics hold, deletes them, makes them as an operator does."""
    brokers = stage.bed.broker.address
    for topic in topics:
        stage.bed.gone.keep(brokers, topic, ends_of(brokers, [topic + DEAD]))
        stage.watch.begin_anew(topic)
    with closing(connect(KafkaAdminClient, brokers, bootstrap_timeout_ms=BOOTSTRAP_MS)) as admin:
        admin.delete_topics(sorted(topics))
        until(lambda: not topics & set(admin.list_topics()), COUNT_SECONDS, f"{topics} deleted")
    done = stage.bed.ioc("topics")
    if done.returncode:
        raise NotSeen(f"`ioc topics` failed: {done.stdout[-300:]}")


def _begins_again(stage: Stage, topics: Collection[str]) -> None:
    """Waits until the offsets of some topics are shown anew; from there on it is told what more is counted."""
    gone, brokers = stage.bed.gone, stage.bed.broker.address

    def unseen() -> list[Place]:
        pages, ends = shown(stage.bed.awake), ends_of(brokers, topics)
        return [place for place, end in ends.items() if not 0 <= max(pages.get(place, [-1])) <= end]

    stage.bed.until(lambda: not unseen(), NOTICE_SECONDS, lambda: f"shown from the first record: {unseen()}, "
                    f"{[gone.length(place) for place in unseen()]} records are gone")
    stage.hit_at = stage.counted = counted(stage.bed.awake)


SCENARIOS: Final = (
    Scenario("T32b", "Chủ đề sự kiện bị xóa và tạo lại: khi đang chạy, khi còn rỗng, khi không ai chạy",
             "Event topics deleted and made anew: under running workers, while empty, while nobody runs",
             "what was counted stays, the new records count from the first; recounted with a copy of the old ones",
             made_anew, 5),
)
