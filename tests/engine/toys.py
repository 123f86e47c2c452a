"""Two small feeds that together have every kind of KPI, and a way to write logs of them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired

from schemas import (
    All,
    Before,
    Case,
    Check,
    Count,
    Day,
    Due,
    Elapsed,
    Entity,
    Feed,
    Has,
    Histogram,
    Id,
    Is,
    Kpi,
    Lacks,
    Latest,
    Max,
    Mean,
    Metres,
    Millimetres,
    Min,
    Now,
    Open,
    Past,
    Payload,
    Plausible,
    Rolling,
    Share,
    Station,
    Sum,
    Text,
    Time,
    Working,
)
from schemas.event import millis
from schemas.reference import Reference, load_reference
from streams.engine.batch import Batch
from streams.engine.plan import Plan
from streams.engine.state import State

ROOT = Path(__file__).parents[2]
WORD = Text("chữ", "word")
HOUR = Rolling(timedelta(hours=1), step=timedelta(minutes=10))
MONTH = Rolling(timedelta(days=30), step=timedelta(days=1))
OFFICE = ("agency", "commune", "admin_version")


class Step(Payload):
    """One step of a case."""

    case_id: Id
    channel: NotRequired[Literal["online", "counter"]]
    due_at: NotRequired[Time]


class Look(Payload):
    """One reading of a station."""

    station_id: Station
    level_m: NotRequired[Metres]
    rain_mm: NotRequired[Annotated[Millimetres, Plausible(0, 60)]]
    period_s: NotRequired[int]
    quality: Literal["ok", "bad"]


def broken(row: Look, before: Mapping[str, Any]) -> bool:
    """A reading the instrument itself doubts."""
    return row["quality"] != "ok"


def jump(row: Look, before: Mapping[str, Any]) -> bool:
    """A change beyond three metres."""
    return "level_m" in row and abs(row["level_m"] - before.get("level_m", row["level_m"])) > 3


CASES = Feed(
    name="toycase",
    title=WORD,
    payload=Step,
    key="case_id",
    every=Working(1),
    duty="pac",
    actions=("received", "moved", "closed", "reopened", "thanked"),
    entity=Case(
        "case_id",
        opens=("received",),
        closes=("closed",),
        reopens=("reopened",),
        states=("received", "moved"),
        remembers=(*OFFICE, "channel", "due_at"),
        first={"moved_at": ("moved",)},
        last={"thanked_at": ("thanked",)},
        deadlines={"take_by": Working(8)},
    ),
    kpis=(
        Kpi("open", WORD, Count(), over=Open(), by=(*OFFICE, "state")),
        Kpi("overdue", WORD, Count(), over=Open(), where=Past("due_at"), by=OFFICE),
        Kpi("long_overdue", WORD, Count(), over=Open(), where=All(Past("due_at", by=Working(16)), Lacks("thanked_at"))),
        Kpi("due_soon", WORD, Count(), over=Open(), where=Due("due_at", within=Working(24)), by=OFFICE),
        Kpi("unmoved", WORD, Count(), over=Open(), where=All(Past("take_by"), Lacks("moved_at"))),
        Kpi("oldest", WORD, Min("opened_at"), over=Open()),
        Kpi("lateness", WORD, Share(Past("due_at")), over=Open(), by=("agency",)),
        Kpi("reopened", WORD, Share(Has("reopened_at")), over=Now(), where=Has("closed_at"), by=("agency",)),
        Kpi("on_time", WORD, Share(Before("due_at")), over=MONTH, where=Is("action", "closed"), by=("agency",)),
        Kpi(
            "taking",
            WORD,
            Histogram(Elapsed("opened_at", "time", working=True), bounds=(3600, 28800, 86400)),
            over=MONTH,
            where=Is("action", "closed"),
        ),
        Kpi("online", WORD, Share(Is("channel", "online")), over=MONTH, where=Is("action", "received")),
    ),
    example={
        "specversion": "1.0",
        "id": "1",
        "source": "//laocai.gov.vn/pac/igate",
        "agency": "pac",
        "type": "vn.laocai.toycase.received.v1",
        "time": "2026-01-05T08:00:00+07:00",
        "data": {"case_id": "a"},
    },
)
STATIONS = Feed(
    name="toystation",
    title=WORD,
    payload=Look,
    key="station_id",
    every=timedelta(minutes=10),
    duty="disaster",
    actions=("observed",),
    covers="period_s",
    entity=Entity("station_id", remembers=("level_m", "rain_mm")),
    checks=(Check(broken, WORD, effect="hold"), Check(jump, WORD, effect="confirm")),
    kpis=(
        Kpi("rain", WORD, Sum("rain_mm"), over=(HOUR, Day(starts=time(19))), by=("station_id",)),
        Kpi("level", WORD, Latest("level_m"), over=Now(), by=("station_id",)),
        Kpi("highest", WORD, Max("level_m"), over=Now()),
        Kpi("mean", WORD, Mean("level_m"), over=HOUR, by=("quality",)),
        Kpi("looks", WORD, Count(), over=HOUR),
    ),
    example={
        "specversion": "1.0",
        "id": "1",
        "source": "//laocai.gov.vn/kttv/vrain",
        "agency": "kttv",
        "type": "vn.laocai.toystation.observed.v1",
        "time": "2026-01-05T08:00:00+07:00",
        "data": {"station_id": "LC-R-0042", "rain_mm": 1.5, "period_s": 600, "quality": "ok"},
    },
)


@cache
def reference() -> Reference:
    """The province's reference data, whose sources may send the toys too."""
    whole = load_reference(ROOT / "reference", ROOT / "reference" / "foreign")
    rows = {
        source: tuple(replace(row, feeds=(*row.feeds, CASES.name, STATIONS.name)) for row in found)
        for source, found in whole.sources.by_id.items()
    }
    whole.sources.by_id = rows
    return whole


@cache
def plan_of(feed_name: str) -> Plan:
    """The compiled toy of that name."""
    return Plan(CASES if feed_name == CASES.name else STATIONS, reference())


Record = tuple[int, bytes | None, bytes | None]
"""Append stamp, key, value."""


def record(
    feed: Feed,
    number: int | str,
    action: str,
    at: str | int,
    *,
    append: int | None = None,
    key: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    **data: Any,
) -> Record:
    """One event as a record; `at` is a text, or milliseconds since the epoch."""
    text = at if isinstance(at, str) else stamp(at)
    body = {
        **feed.example,
        "id": f"e{number}",
        "type": f"vn.laocai.{feed.name}.{action}.v1",
        "time": text,
        **(attributes or {}),
        "data": data,
    }
    return append if append is not None else millis(text), (key or data[feed.key]).encode(), json.dumps(body).encode()


def stamp(ms: int) -> str:
    """Milliseconds since the epoch as RFC 3339."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def batch(feed: Feed, records: Iterable[Record], first: int = 0) -> Batch:
    """Records as one batch that begins at an offset."""
    rows = list(records)
    return Batch(
        feed.topic,
        0,
        first,
        first + len(rows),
        list(range(first, first + len(rows))),
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
    )


def fresh(feed: Feed) -> State:
    """A state that has read nothing."""
    return State(feed.topic, 0)
