"""Programs with a bug, with another clock, with another group: T19, T26, T32."""

import json
import shutil
from typing import Final

from schemas.catalogue import load_feeds
from streams.publisher import written
from tools.faults.house import House
from tools.faults.judge import ends_of
from tools.faults.load import Mark, mark
from tools.faults.machine import no_faketime
from tools.faults.scenario import Scenario
from tools.faults.stage import Stage
from tools.faults.waiting import NotSeen, until
from tools.faults.watch import offsets, shown

REPLAYED: Final = 30
CATCH_UP_SECONDS: Final = 90.0
SKEWS: Final = ("-10m", "+10m", "-1h")


def a_bug(stage: Stage) -> None:
    """A bug in the fold and one in the reader: those events are dead letters, their neighbours are not."""
    stage.share()
    for _ in range(3):
        stage.fault("a bug for one event in fifty", stage.work)
    if stage.bed.mended:
        stage.remarks.append(f"a worker ended for it: {stage.bed.mended[0]}")


def other_clocks(stage: Stage) -> None:
    """Workers whose clocks are wrong take over one after another; then two that differ."""
    faketime = shutil.which("faketime") or "faketime"
    honest = {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    stage.share()
    stage.work()
    for skew in SKEWS:
        stage.fault(f"a worker whose clock is {skew} off", lambda skew=skew: stage.bed.join(  # type: ignore[misc]
            before=[faketime, "-f", skew], settings=honest))
        stage.terminate(stage.bed.awake[0])
        stage.share()
        stage.work()


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


CLOCK: Final = (
    "it fails: the present of an idle partition goes on by the worker's own clock, and that of a clock ten minutes "
    "fast stands in the snapshot; the windows of idle partitions are those of a wrong moment")

SCENARIOS: Final = (
    Scenario("T19", "Lỗi cài sẵn: phần tính và phần đọc báo lỗi với 1 % sự kiện",
             "A planted bug: the fold and the reader raise for one event in a hundred each",
             "those are dead letters `internal_error`; no worker ends", a_bug, 3, house=House(bug="raises")),
    Scenario("T26", "Đồng hồ tiến trình sai −10 phút, +10 phút, −1 giờ",
             "Workers whose clocks are 10 min slow, fast, 1 h slow",
             "numbers as without", other_clocks, 6, hindered=no_faketime, known=CLOCK,
             parts=("HMAC windows: there is no gateway yet", "ClockSkew: there is no such alert yet")),
    Scenario("T32", "Nhóm mới đọc lại từ đầu; bản ghi bị loại được gửi lại",
             "A new group from offset 0; dead letters driven again", "the same numbers; a second replay is refused",
             read_anew, 1,
             parts=(("a topic deleted and made anew: the recount cannot judge records that no topic holds any more; "
                    "tests/contract/test_transport_topics.py does"),)),
)
