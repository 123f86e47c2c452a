"""The next version takes over worker by worker, and the former comes back: T30b. The next one has a KPI more."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import schemas
from schemas.catalogue import load_feeds
from tools.faults.judge import ends_of
from tools.faults.scenario import Scenario
from tools.faults.stage import Stage
from tools.faults.waiting import NotSeen
from tools.faults.watch import shown
from tools.faults.worker import Worker

CATCH_UP_SECONDS: Final = 60.0
FEED: Final = "hydromet"
MORE: Final = f"ioc_{FEED}_rain_most"
"""What the names of the further metric begin with."""

SAME: Final = "from schemas.feeds.{name} import FEED\n"
NEXT: Final = f'''"""The feed with a KPI more."""
from dataclasses import replace

from schemas import Kpi, Max, Text
from schemas.feeds import {FEED} as former

MORE = Kpi("rain_most", Text("Mưa lớn nhất mỗi lần đo", "Most rain of a reading"), Max("rain_mm"),
           over=former.ONE_HOUR, by=former.STATION)
FEED = replace(former.FEED, kpis=(*former.FEED.kpis, MORE))
'''


def upgrade(stage: Stage) -> None:
    """Each worker of this version gives way to one of the next; then each of those to one of this version again."""
    coming = {"IOC_FEEDS": _next_feeds(stage.bed.folder / "next")}
    stage.share()
    stage.work()
    for settings in (coming, {}):
        for worker, leave in zip(list(stage.bed.awake), (stage.terminate, stage.kill), strict=True):
            _replace(stage, worker, leave, settings)
        if settings:
            _judge_next(stage, settings)
    if any(MORE in worker.ask("/metrics")[1] for worker in stage.bed.awake):
        stage.remarks.append("a worker of the former version shows what it does not know")
    if stage.bed.mended:
        stage.remarks.append(f"a worker ended by itself: {stage.bed.mended[0]}")


def _next_feeds(home: Path) -> Path:
    """Makes the folder of the next version's feeds."""
    folder = home / "feeds"
    folder.mkdir(parents=True)
    shutil.copytree(Path(schemas.__file__).parent / "published", home / "published")
    for feed in load_feeds():
        (folder / f"{feed.name}.py").write_text(NEXT if feed.name == FEED else SAME.format(name=feed.name))
    return folder


def _replace(stage: Stage, worker: Worker, leave: Callable[[Worker], None], settings: Mapping[str, object]) -> None:
    """A worker of one version goes, one of the other comes; both versions share the partitions after the first."""
    leave(worker)
    stage.fault(f"a worker of {'the next' if settings else 'the former'} version joins",
                lambda: stage.bed.join(settings=settings))
    stage.share()
    stage.work()


def _judge_next(stage: Stage, settings: Mapping[str, object]) -> None:
    """The next version alone: its recount differs in the further KPI alone, of which nobody has counted the past."""
    stage.load.pausing.set()
    topics = {feed.topic for feed in load_feeds()}
    expected = {place: [end] for place, end in ends_of(stage.bed.broker.address, topics).items()}
    stage.bed.until(lambda: shown(stage.bed.awake) == expected, CATCH_UP_SECONDS, "the next version has read all")
    stage.bed.list_workers()
    done = stage.bed.ioc("recount", "--json", settings=settings)
    (stage.bed.folder / "next.recount.json").write_text(done.stdout)
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise NotSeen(f"the recount of the next version ended with code {done.returncode}: {done.stdout[-300:]}"
                      ) from None
    wrong = [f"{one['where']}: {one['text']}" for feed in said["feeds"] for one in feed["differences"]
             if not one["text"].startswith(MORE)]
    wrong += [reason for feed in said["feeds"] for reason in feed["not_judged"]]
    stage.remarks += [f"the next version: {text}" for text in [*wrong, *said["unreachable"]][:5]]
    if not any(MORE in worker.ask("/metrics")[1] for worker in stage.bed.awake):
        stage.remarks.append(f"no worker of the next version shows {MORE}")
    stage.load.pausing.clear()


SCENARIOS: Final = (
    Scenario("T30b", "Phiên bản sau (thêm một chỉ số) thay dần phiên bản này khi đang chạy, rồi trở lại",
             "The next version, with a KPI more, takes over worker by worker under load; then back again",
             "both side by side; each recounted: only the further KPI lacks the past; state kept through both changes",
             upgrade, 8,
             parts=("a next version whose snapshots have another format: there is none yet",)),
)
