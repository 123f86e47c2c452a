"""A week of the province, invented and repeatable: valid events of the four feeds, in the order in which they happen.

The same seed and beginning give the same bytes. Every event is acceptable: places, stations, services and sources are
those of reference/, nothing repeats, nothing comes late.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from heapq import heappop, heappush
from itertools import count
from math import pi, sin
from random import Random
from typing import Any, NamedTuple

from schemas import names
from schemas.feed import Feed
from schemas.reference import Reference
from schemas.reference.rows import Procedure, Service, Station

MINUTE = 60_000
HOUR = 60 * MINUTE
HOME = timezone(timedelta(hours=7))
BEGINNING = 1_767_574_800_000  # Monday, 5 January 2026, 08:00 in Lào Cai
SEED = 15
STATIONS_EVERY = 2  # minutes
DOSSIERS_A_MINUTE = 2.0
REPORTS_A_MINUTE = 1.0

PAC = "//laocai.gov.vn/pac/igate"
CITIZENS = "//laocai.gov.vn/1022/phananh"
GATEWAYS = {"api": "//laocai.gov.vn/skhcn/lgsp", "sign_in": "//laocai.gov.vn/skhcn/sso"}
CONSUMERS = ("pac", "commune")
MEASURES = ("rain", "level", "temperature")


class Record(NamedTuple):
    """One event as it is published."""

    feed: str
    key: bytes
    value: bytes


class Step(NamedTuple):
    """Something that happens: what the event says before it is written down."""

    at: int
    feed: str
    action: str
    source: str
    agency: str
    data: dict[str, Any]
    unit: tuple[str, str] | None = None


class World:
    """The parts of the reference data that events speak of, in force at the beginning."""

    def __init__(self, reference: Reference, at: int) -> None:
        self.stations = [row for row in reference.stations.in_force(at)
                         if row.status != "foreign" and any(name in row.measures for name in MEASURES)]
        self.services = [row for row in reference.services.in_force(at)
                         if row.status != "foreign" and row.kind in GATEWAYS]
        self.procedures = [row for row in reference.procedures.in_force(at) if row.status != "foreign"]
        self.categories = [row for row in reference.categories.in_force(at) if row.status != "foreign"]
        self.counters = [row.counter for row in reference.counters.in_force(at) if row.status != "foreign"]
        places = [(row.commune, row.admin_version) for row in self.stations if row.commune]
        self.places = list(dict.fromkeys(places))


def records(reference: Reference, feeds: dict[str, Feed], *, seed: int = SEED,
            since: int = BEGINNING) -> Iterator[Record]:
    """The events from a moment on, in order, without end."""
    world, random, order = World(reference, since), Random(seed), count()
    waiting: list[tuple[int, int, Step]] = []
    write = writer(feeds)
    for minute in count(since // MINUTE):
        for step in born(world, random, minute):
            heappush(waiting, (step.at, next(order), step))
        while waiting and waiting[0][0] < (minute + 1) * MINUTE:
            yield write(heappop(waiting)[2])


def open_dossiers(reference: Reference, feeds: dict[str, Feed], number: int, *, seed: int = SEED,
                  since: int = BEGINNING) -> Iterator[Record]:
    """So many dossiers received, a second apart, and not yet resolved."""
    world, random, write = World(reference, since), Random(seed), writer(feeds)
    for place in range(number):
        yield write(next(dossier(world, random, since + place * 1000)))


def writer(feeds: dict[str, Feed]) -> Callable[[Step], Record]:
    """How a step becomes a record; ids count up."""
    order = count(1)

    def write(step: Step) -> Record:
        feed = feeds[step.feed]
        name = f"{step.source.rsplit('/', 1)[1]}-{next(order):09d}"
        return Record(step.feed, str(step.data[feed.key]).encode(), encode(step, feed, name))

    return write


def encode(step: Step, feed: Feed, name: str) -> bytes:
    """A step as CloudEvents JSON."""
    unit = {} if step.unit is None else {"adminunit": step.unit[0], "adminversion": step.unit[1]}
    data = {field: text_of(value) if field in feed.times else value for field, value in step.data.items()}
    event = {
        "specversion": "1.0",
        "id": name,
        "source": step.source,
        "type": names.event_type(feed.name, step.action, feed.version),
        "subject": step.data[feed.key],
        "time": text_of(step.at),
        "agency": step.agency,
        "dataschema": names.data_schema(feed.name, feed.version),
        **unit,
        "data": data,
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def text_of(at: int) -> str:
    """A moment on the wire: local time, whole seconds."""
    return datetime.fromtimestamp(at // 1000, UTC).astimezone(HOME).isoformat()


def born(world: World, random: Random, minute: int) -> Iterator[Step]:
    """What begins in a minute, with what follows from it later."""
    now = minute * MINUTE
    if minute % STATIONS_EVERY == 0:
        for station in world.stations:
            yield reading(station, random, now)
    for service in world.services:
        for consumer in CONSUMERS:
            yield summary(service, consumer, random, now)
    for _ in range(_times(random, DOSSIERS_A_MINUTE)):
        yield from dossier(world, random, now + random.randrange(MINUTE))
    for _ in range(_times(random, REPORTS_A_MINUTE)):
        yield from report(world, random, now + random.randrange(MINUTE))


def reading(station: Station, random: Random, now: int) -> Step:
    """What one station measured: a tide of a day, a shower now and then."""
    wave = sin(2 * pi * (now % (24 * HOUR)) / (24 * HOUR))
    data: dict[str, Any] = {"station_id": station.station_id, "quality": "ok"}
    if "rain" in station.measures:
        shower = random.random() < 0.25
        data |= {"rain_mm": round(random.expovariate(2), 1) if shower else 0.0, "period_s": 60 * STATIONS_EVERY}
    if "level" in station.measures:
        low = station.level_min_m if station.level_min_m is not None else 1.0
        data |= {"level_m": round(low + 2 + 0.3 * wave + random.uniform(-0.02, 0.02), 2), "datum": "vn"}
    if "temperature" in station.measures:
        data |= {"temperature_c": round(18 + 5 * wave + random.uniform(-0.3, 0.3), 1)}
    unit = (station.commune, station.admin_version) if station.commune else None
    return Step(now, "hydromet", "observed", station.source, station.agency, data, unit)


def summary(service: Service, consumer: str, random: Random, now: int) -> Step:
    """What one consumer asked of one service in the minute before."""
    calls = 20 + _times(random, 16)
    middle = random.randint(60, 180)
    data: dict[str, Any] = {
        "service_id": service.service_id, "kind": service.kind, "consumer": consumer, "window_start": now - MINUTE,
        "window_s": 60, "calls": calls, "p50_ms": middle, "p95_ms": middle * random.randint(2, 5),
    }  # fmt: skip
    data |= _sign_ins(calls, random) if service.kind == "sign_in" else _answers(calls, random, now)
    return Step(now, "exchange", "summarised", GATEWAYS[service.kind], "skhcn", data)


def _sign_ins(calls: int, random: Random) -> dict[str, Any]:
    wrong = min(calls, _times(random, 1.0))
    return {"success": calls - wrong, "failures_password": wrong, "mfa_ratio": 0.4, "vneid_ratio": 0.35,
            "users": random.randint(200, 900)}


def _answers(calls: int, random: Random, now: int) -> dict[str, Any]:
    return {"bytes": calls * random.randint(800, 4000), "errors_timeout": 0, "errors_4xx": calls // 20,
            "errors_5xx": int(random.random() < 0.1), "errors_schema": 0, "last_success_at": now - 1000}


def dossier(world: World, random: Random, at: int) -> Iterator[Step]:
    """The life of one dossier; one in twenty stays unfinished."""
    procedure: Procedure = random.choice(world.procedures)
    name = f"H15-{at // 1000:x}-{random.randrange(16**6):06x}"
    at -= at % 1000
    due = at + (procedure.working_days or 3) * 24 * HOUR
    channel = random.choices(("online", "counter", "postal"), (6, 3, 1))[0]

    def step(after: int, action: str, **data: Any) -> Step:
        return Step(at + after - after % 1000, "dossier", action, PAC, procedure.agency, {"dossier_id": name, **data})

    yield step(0, "received", procedure_code=procedure.procedure_code, domain=procedure.domain, channel=channel,
               service_level=procedure.service_level, received_at=at, original_due_at=due, due_at=due)
    accepted = random.randrange(3 * MINUTE, 40 * MINUTE)
    waited = {"counter_id": random.choice(world.counters), "queue_s": random.randrange(30, 1800)}
    yield step(accepted, "accepted", fee_vnd=random.choice((0, 8000, 50_000)), paid_online=channel == "online",
               digitised=random.random() < 0.8, **(waited if channel == "counter" else {}))
    yield step(accepted + 20 * MINUTE, "assigned")
    if random.random() < 0.05:
        return
    ended = accepted + 21 * MINUTE + min(int(random.expovariate(1 / (8 * HOUR))), 72 * HOUR)
    yield step(ended, "resolved", resolved_at=at + ended - ended % 1000)
    if random.random() < 0.3:
        stars = random.choices((5, 4, 3, 2), (6, 3, 1, 1))[0]
        yield step(ended + random.randrange(MINUTE, HOUR), "rated", rating=stars)


def report(world: World, random: Random, at: int) -> Iterator[Step]:
    """The life of one report of a citizen; hazards are urgent."""
    category = random.choice(world.categories)
    name = f"1022-{at // 1000:x}-{random.randrange(16**6):06x}"
    at -= at % 1000
    unit = random.choice(world.places)
    due = at + 72 * HOUR

    def step(after: int, action: str, **data: Any) -> Step:
        data = {"report_id": name, **data}
        return Step(at + after - after % 1000, "feedback", action, CITIZENS, "commune", data, unit)

    yield step(0, "received", category=category.category, received_at=at, original_due_at=due, due_at=due,
               urgency="urgent" if category.hazard else random.choices(("normal", "complex"), (8, 2))[0],
               channel=random.choices(("app", "1022", "zalo", "commune"), (5, 3, 2, 1))[0],
               lat=round(random.uniform(21.6, 22.6), 4), lon=round(random.uniform(103.7, 104.5), 4))
    accepted = min(int(random.expovariate(1 / HOUR)), 24 * HOUR)
    yield step(accepted, "accepted")
    yield step(accepted + 2 * MINUTE, "assigned")
    if random.random() < 0.08:
        return
    ended = accepted + 3 * MINUTE + min(int(random.expovariate(1 / (5 * HOUR))), 48 * HOUR)
    if random.random() < 0.7:
        yield step(ended - MINUTE, "evidence_attached", evidence_count=random.randint(1, 4))
    yield step(ended, "resolved")
    if random.random() < 0.4:
        stars = random.choices((5, 4, 3, 2), (5, 3, 1, 1))[0]
        yield step(ended + random.randrange(2 * MINUTE, 2 * HOUR), "rated", rating=stars)


def _times(random: Random, mean: float) -> int:
    """How often something happens that happens `mean` times on average; a rough Poisson."""
    return sum(random.random() < mean / 32 for _ in range(32))
