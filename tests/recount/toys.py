"""Small feeds, records and pages to try the recount on, without Kafka."""

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, TypeAdapter

from schemas import (
    Agency,
    Aggregate,
    Before,
    Case,
    Category,
    Check,
    Count,
    Day,
    Due,
    Elapsed,
    Entity,
    Feed,
    Histogram,
    Is,
    Kpi,
    Latest,
    Max,
    Mean,
    Metres,
    Millimetres,
    Min,
    Month,
    Now,
    Open,
    Past,
    Payload,
    Plausible,
    Ratio,
    Rolling,
    Seconds,
    ServiceLevel,
    Share,
    State,
    Station,
    Sum,
    Text,
    Time,
    Working,
    Year,
)
from schemas.event import envelope
from schemas.reference import Reference, load_reference
from schemas.reference.tables import Table
from streams.recount.kpis import Expected, Series, expect
from streams.recount.lanes import Replay
from streams.recount.moments import parse_time
from streams.recount.validity import Examiner, Record
from streams.recount.worktime import WorkTime, load_worktime

HOME = Path(__file__).parents[2] / "reference"
REFERENCE: Reference = load_reference(HOME)
WORKTIME: WorkTime = load_worktime(REFERENCE, [HOME])
T = Text("Chữ", "Text")
STATIONS = list(dict.fromkeys(row.station_id for row in REFERENCE.stations.rows))[:3]
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
MAX_BYTES, FUTURE_MS, HORIZON_MS = 10_000, 300_000, HOUR


class Rise(Aggregate):
    """A feed's own aggregate: metres an hour from the first to the last reading."""

    shape = "max"

    def zero(self) -> State:
        return []

    def add(self, state: State, at: int, *values: int) -> None:
        mine = [at, *values]
        state[:] = [*min(state[:2] or mine, mine), *max(state[2:] or mine, mine)]

    def read(self, state: State) -> tuple[float, ...]:
        hours = (state[2] - state[0]) / HOUR
        return ((state[3] - state[1]) / hours,) if hours else ()


class Reading(Payload):
    """What a station read."""

    station_id: Station
    rain_mm: NotRequired[Annotated[Millimetres, Field(ge=0), Plausible(0, 300)]]
    period_s: NotRequired[Annotated[int, Field(ge=0)]]
    level_m: NotRequired[Metres]
    quality: Literal["ok", "suspect"]


def not_ok(row: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    return bool(row["quality"] != "ok")


def jump(row: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    return "level_m" in row and abs(row["level_m"] - before.get("level_m", row["level_m"])) > 3


STATION = ("station_id",)
RIVER = Feed(
    name="river",
    title=T,
    payload=Reading,
    actions=("observed",),
    key="station_id",
    every=timedelta(minutes=10),
    covers="period_s",
    entity=Entity("station_id", remembers=("level_m", "rain_mm")),
    checks=(Check(not_ok, T, effect="hold"), Check(jump, T, effect="confirm")),
    duty="disaster",
    kpis=(
        Kpi(
            "rain",
            T,
            Sum("rain_mm"),
            over=(Rolling(timedelta(hours=1), timedelta(minutes=10)), Day(time(19))),
            by=STATION,
        ),
        Kpi("level", T, Latest("level_m"), over=Now(), by=STATION),
        Kpi(
            "rise",
            T,
            Rise("level_m"),
            over=Rolling(timedelta(hours=1), timedelta(minutes=10)),
            by=STATION,
            unit="meters_per_hour",
        ),
        Kpi("highest", T, Max("level_m"), over=Now()),
        Kpi("lowest", T, Min("level_m"), over=Now()),
    ),
    example={
        "specversion": "1.0",
        "id": "a",
        "source": "//laocai.gov.vn/kttv/vrain",
        "time": "2026-01-05T08:00:00Z",
        "type": "vn.laocai.river.observed.v1",
        "agency": "kttv",
        "data": {"station_id": STATIONS[0], "quality": "ok"},
    },
)


class Step(Payload):
    """A step of a case."""

    dossier_id: Annotated[str, Field(min_length=1, max_length=64)]
    due_at: NotRequired[Time]
    urgency: NotRequired[Literal["urgent", "normal", "complex"]]
    category: NotRequired[Category]
    wait_s: NotRequired[Seconds]
    pages: NotRequired[int]
    scans: NotRequired[int]


def quick(row: Mapping[str, Any]) -> bool:
    return bool(row.get("wait_s", 1000) <= 10)


MONTH = Rolling(timedelta(days=30), timedelta(days=1))
CASES = Feed(
    name="cases",
    title=T,
    payload=Step,
    actions=("received", "resolved", "reopened", "noted"),
    key="dossier_id",
    every=Working(1),
    duty="pac",
    entity=Case(
        "dossier_id",
        opens=("received",),
        closes=("resolved",),
        reopens=("reopened",),
        remembers=("agency", "due_at", "urgency", "category"),
        states=("received", "resolved"),
        deadlines={
            "accept_by": ServiceLevel("feedback.accept", by="urgency", hazard="category"),
            "answer_by": Working(8),
        },
    ),
    kpis=(
        Kpi("open", T, Count(), over=Open(), by=("agency",)),
        Kpi("overdue", T, Count(), over=Open(), where=Past("due_at"), by=("agency",)),
        Kpi("forgotten_soon", T, Count(), over=Now(), by=("state",)),
        Kpi("unanswered", T, Count(), over=Open(), where=Past("answer_by")),
        Kpi("due_soon", T, Count(), over=Open(), where=Due("due_at", within=Working(24)), by=("agency",)),
        Kpi("long_overdue", T, Count(), over=Open(), where=Past("due_at", by=Working(8))),
        Kpi("lateness", T, Share(Past("due_at")), over=Open(), by=("agency",)),
        Kpi(
            "on_time",
            T,
            Share(Before("due_at")),
            over=MONTH,
            where=Is("action", "resolved"),
            by=("agency",),
            labels={"basis": "extended"},
        ),
        Kpi(
            "resolution",
            T,
            Histogram(Elapsed("opened_at", "time", working=True), bounds=(3600, 28800)),
            over=(Month(), Year()),
            where=Is("action", "resolved"),
        ),
        Kpi("wait", T, Histogram("wait_s", bounds=(5, 10)), over=MONTH),
        Kpi("mean_wait", T, Mean("wait_s"), over=MONTH),
        Kpi("quick", T, Share(quick), over=MONTH, where=Is("action", "received")),
        Kpi("scanned", T, Ratio("scans", "pages"), over=MONTH),
    ),
    example={
        "specversion": "1.0",
        "id": "a",
        "source": "//laocai.gov.vn/pac/igate",
        "time": "2026-01-05T08:00:00Z",
        "type": "vn.laocai.cases.received.v1",
        "agency": "pac",
        "data": {"dossier_id": "1"},
    },
)


class Call(Payload):
    """A call, of no entity."""

    line: str
    caller: NotRequired[Agency]


CALLS = Feed(
    name="calls",
    title=T,
    payload=Call,
    actions=("called",),
    key="line",
    every=timedelta(minutes=1),
    duty="it",
    kpis=(
        Kpi("calls", T, Count(), over=Rolling(timedelta(minutes=5)), by=("caller",)),
        Kpi("by_place", T, Count(), over=Day(), by=("commune", "admin_version")),
    ),
    example={
        "specversion": "1.0",
        "id": "a",
        "source": "//laocai.gov.vn/skhcn/lgsp",
        "time": "2026-01-05T08:00:00Z",
        "type": "vn.laocai.calls.called.v1",
        "agency": "skhcn",
        "data": {"line": "1"},
    },
)

SOURCES = {
    "river": "//laocai.gov.vn/kttv/vrain",
    "cases": "//laocai.gov.vn/pac/igate",
    "calls": "//laocai.gov.vn/skhcn/lgsp",
}


def accepted_by(feed: Feed) -> Reference:
    """The reference data of the house, in which the source of a toy feed is registered."""
    rows = [
        replace(row, feeds=(*row.feeds, feed.name)) if row.source == SOURCES[feed.name] else row
        for row in REFERENCE.sources.rows
    ]
    sources = Table("sources", rows)
    return replace(REFERENCE, sources=sources, tables={**REFERENCE.tables, "sources": sources})


def new_replay(feed: Feed, worktime: WorkTime = WORKTIME) -> Replay:
    """An empty replay of a partition."""
    reference = accepted_by(feed)
    schema = TypeAdapter(envelope(feed.payload)).json_schema()
    examiner = Examiner(feed, reference, schema, max_bytes=MAX_BYTES, future_ms=FUTURE_MS)
    return Replay(feed, reference, worktime, examiner, HORIZON_MS)


def at(text: str) -> int:
    """Milliseconds of a local time, `2026-03-02 08:00` or with seconds."""
    day, clock = text.split()
    clock = clock if clock.count(":") == 2 else f"{clock}:00"
    moment = parse_time(f"{day}T{clock}+07:00")
    assert moment is not None
    return moment


def stamp(moment: int) -> str:
    """A moment as an event writes it."""
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_ids = itertools.count()


def event(feed: Feed, when: int, data: Mapping[str, Any], *, action: str | None = None, **more: Any) -> bytes:
    """The bytes of an event."""
    body = {
        "specversion": "1.0",
        "id": f"e{next(_ids)}",
        "source": SOURCES[feed.name],
        "agency": feed.example["agency"],
        "type": f"vn.laocai.{feed.name}.{action or feed.actions[0]}.v1",
        "time": stamp(when),
        "data": dict(data),
    }
    return json.dumps({name: value for name, value in (body | more).items() if value is not None}).encode()


def log(feed: Feed, *events: tuple[int, bytes]) -> list[Record]:
    """Records of (append stamp, value) with the right key, from offset 0."""
    return [Record(offset, append, _key(feed, value), value) for offset, (append, value) in enumerate(events)]


def _key(feed: Feed, value: bytes) -> bytes | None:
    try:
        return str(json.loads(value)["data"][feed.key]).encode()
    except (ValueError, KeyError, TypeError):
        return None


def fates(replay: Replay) -> list[str]:
    """The fates in the order of the log, with the first reason of what was refused."""
    return [
        f"{fate} {replay.dead[offset].reasons[0]}" if fate == "rejected" else fate
        for offset, fate in replay.fates.items()
    ]


def numbers(replay: Replay, present: int | None = None, lane: str = "real") -> dict[str, float]:
    """What must be shown of one lane: short text of each series of a KPI or figure -> number."""
    presents = {} if present is None else {lane: present}
    expected = expect(replay, presents, {"topic": replay.feed.topic, "partition": "0"})
    return {
        _short(key): value.steps / value.per for key, value in expected.items() if ("provenance", lane) in key.labels
    }


def _short(key: Series) -> str:
    hidden = {"topic", "partition", "provenance", "feed"}
    inner = ",".join(f"{name}={value}" for name, value in key.labels if name not in hidden)
    return f"{key.name.removeprefix('ioc_')}{{{inner}}}"


def write_page(
    expected: Expected, topic: str, next_offset: int, presents: Mapping[str, int], partition: int = 0
) -> str:
    """A page that shows exactly this."""
    lines = ["# HELP ioc_next_offset x", f'ioc_next_offset{{topic="{topic}",partition="{partition}"}} {next_offset}']
    lines += [
        f'ioc_present_timestamp_seconds{{topic="{topic}",partition="{partition}",provenance="{lane}"}} {at_ms / 1000!r}'
        for lane, at_ms in presents.items()
    ]
    lines += [f"{key.name}{{{_labels(key.labels)}}} {value.steps / value.per!r}" for key, value in expected.items()]
    return "\n".join([*lines, "process_cpu_seconds_total 1.5", ""])


def _labels(labels: Iterable[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in labels)


def page_of(replay: Replay, next_offset: int, presents: dict[str, int] | None = None, partition: int = 0) -> str:
    """What a worker would show that counted as this replay did."""
    presents = presents or {name: lane.watermark for name, lane in replay.lanes.items() if lane.watermark is not None}
    expected = expect(replay, presents, {"topic": replay.feed.topic, "partition": str(partition)})
    return write_page(expected, replay.feed.topic, next_offset, presents, partition)
