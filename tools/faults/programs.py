"""Programs with a bug, with another group: T19, T32."""

import json
from typing import Final

from schemas.catalogue import load_feeds
from streams.publisher import written
from tools.faults.house import House
from tools.faults.judge import ends_of
from tools.faults.load import Mark, mark
from tools.faults.scenario import Scenario
from tools.faults.stage import Stage
from tools.faults.waiting import NotSeen, until
from tools.faults.watch import offsets, shown

REPLAYED: Final = 30
CATCH_UP_SECONDS: Final = 90.0


def a_bug(stage: Stage) -> None:
    """A bug in the fold and one in the reader: those events are dead letters, their neighbours are not."""
    stage.share()
    for _ in range(3):
        stage.fault("a bug for one event in fifty", stage.work)
    if stage.bed.mended:
        stage.remarks.append(f"a worker ended for it: {stage.bed.mended[0]}")


def read_anew(stage: Stage) -> None:
    """Another group reads everything from the start and comes to the same; dead letters are driven again."""
    stage.share()
    for _ in range(3):
        stage.work()
    stage.fault("dead letters sent again", lambda: _replay(stage))
    stage.work()
    stage.load.pausing.set()
    brokers = stage.bed.broker.address
    ends = ends_of(brokers, {place[0] for place in shown(stage.bed.awake)})
    other = {"IOC_GROUP": "ioc-anew", "IOC_STATE_TOPIC": "ioc.state.anew.v1"}
    done = stage.bed.ioc("topics", settings=other)
    if done.returncode:
        raise NotSeen(f"`ioc topics` failed: {done.stdout[-300:]}")
    before = list(stage.bed.workers)
    reader = stage.bed.join(settings=other)
    stage.bed.workers.remove(reader)  # it shows what others show; it is judged by itself
    try:
        until(lambda: offsets(reader) == ends, CATCH_UP_SECONDS, lambda: f"all read anew; {offsets(reader)}", pause=0.5)
        targets = stage.bed.folder / "anew.json"
        targets.write_text(json.dumps([{"targets": [reader.address]}]))
        done = stage.bed.ioc("recount", "--json", settings={**other, "IOC_TARGETS": targets})
        if done.returncode:
            (stage.bed.folder / "anew.recount.json").write_text(done.stdout)
            stage.remarks.append(f"read anew, the recount ends with code {done.returncode}: {done.stdout[:300]}")
    finally:
        reader.process.kill()
        reader.process.wait()
    stage.load.pausing.clear()
    if stage.bed.workers != before:
        stage.remarks.append("a worker ended meanwhile")
    stage.work()


def _replay(stage: Stage) -> None:
    """Sends some dead letters again, and once more: the second time they are refused."""
    brokers, chosen = stage.bed.broker.address, dict[str, Mark]()
    for topic in (feed.topic for feed in load_feeds()):
        for record in written(brokers, f"{topic}.dead"):
            headers = dict(record.headers)
            if headers["ioc-reason"] in {b"late", b"unknown_entity", b"schema_violation", b"id_conflict"}:
                chosen.setdefault(headers["ioc-origin"].decode(), mark(topic, record.key, record.value))
    some = dict(list(chosen.items())[:REPLAYED])
    if len(some) < REPLAYED:
        raise NotSeen(f"{REPLAYED} dead letters that can be sent again, there are {len(some)}")
    stage.load.known += some.values()
    done = stage.bed.ioc("dlq", "replay", *some)
    if done.returncode:
        raise NotSeen(f"`ioc dlq replay` failed: {done.stdout[-300:]}")
    again = stage.bed.ioc("dlq", "replay", *list(some)[:3])
    if not again.returncode:
        stage.remarks.append(f"a second replay was not refused: {again.stdout[-200:]}")


SCENARIOS: Final = (
    Scenario("T19", "Lỗi cài sẵn: phần tính và phần đọc báo lỗi với 1 % sự kiện",
             "A planted bug: the fold and the reader raise for one event in a hundred each",
             "those are dead letters `internal_error`; no worker ends", a_bug, 3, house=House(bug="raises")),
    Scenario("T32", "Nhóm mới đọc lại từ đầu; bản ghi bị loại được gửi lại",
             "A new group from offset 0; dead letters driven again", "the same numbers; a second replay is refused",
             read_anew, 1),
)
