"""An ordinary Monday: dossiers at the counters, reports of citizens, river and rain, calls between systems.

Every figure is invented; places, stations, services, procedures and sources are those of reference/. So that the ways
of a bad record are seen as well, there are, on purpose:

| when | what | becomes |
|---|---|---|
| every 20 minutes | a rain reading sent twice | duplicate |
| every 30 minutes | a reading of station LC-X-9999 | rejected `unknown_entity` |
| every 30 minutes | a reading under the key of no station | rejected `wrong_key` |
| every hour | negative rain | rejected `schema_violation` |
| every hour | a reading of four days ago | late |
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import pi, sin
from random import Random
from typing import Any, Final

from schemas.reference import Reference
from schemas.reference.rows import Procedure, Service, Station
from streams.simulator.scenarios.scenario import MINUTE, Act

HOUR: Final = 60
DAY: Final = 24 * HOUR
PAC: Final = "//laocai.gov.vn/pac/igate"
CITIZENS: Final = "//laocai.gov.vn/1022/phananh"
GATEWAYS: Final = {"api": "//laocai.gov.vn/skhcn/lgsp", "ndxp": "//laocai.gov.vn/skhcn/ndxp",
                   "sign_in": "//laocai.gov.vn/skhcn/sso"}
LONG_AGO: Final = 4 * DAY * MINUTE


def born(minute: int, random: Random, reference: Reference) -> Iterator[Act]:
    """What begins in a minute."""
    now = minute * MINUTE
    busy = reference.calendar.covers(now) and reference.calendar.is_working(now)
    if minute % 10 == 0:
        yield from readings(minute, random, reference)
    yield from faults(minute, random, reference)
    yield from calls(minute, random, reference, busy=busy)
    for _ in range(_times(random, 2.0 if busy else 0.4)):
        yield from dossier(minute, random, reference)
    for _ in range(_times(random, 0.5 if busy else 0.25)):
        yield from report(minute, random, reference)


# Rain and rivers.


def stations(reference: Reference, now: int) -> list[Station]:
    """The province's own stations in force."""
    return [station for station in reference.stations.in_force(now) if station.status != "foreign"]


def readings(minute: int, random: Random, reference: Reference) -> Iterator[Act]:
    """One reading of every station."""
    now = minute * MINUTE
    for station in stations(reference, now):
        act = reading(station, now, measured(station, minute, random))
        yield replace(act, again=20_000) if station.station_id == "LC-R-0001" and minute % 20 == 0 else act


def reading(station: Station, now: int, data: dict[str, Any]) -> Act:
    """One reading, at its place."""
    unit = (station.commune, station.admin_version) if station.commune else None
    return Act(now, "hydromet", "observed", station.source, station.agency,
               {"station_id": station.station_id, **data, "quality": "ok"}, unit)


def measured(station: Station, minute: int, random: Random) -> dict[str, Any]:
    """A tide of a day, a shower now and then."""
    wave = sin(2 * pi * (minute % DAY) / DAY)
    data: dict[str, Any] = {}
    if "rain" in station.measures:
        shower = random.random() < 0.25
        data |= {"rain_mm": round(random.expovariate(0.8), 1) if shower else 0.0, "period_s": 600}
    if "level" in station.measures:
        low = station.level_min_m if station.level_min_m is not None else 1.0
        level = low + 2 + 0.3 * wave + random.uniform(-0.02, 0.02)
        data |= {"level_m": round(level, 2), "datum": station.datum or "vn"}
    if "temperature" in station.measures:
        data |= {"temperature_c": round(18 + 5 * wave + random.uniform(-0.3, 0.3), 1)}
    return data


def faults(minute: int, random: Random, reference: Reference) -> Iterator[Act]:
    """What goes wrong on purpose, see above."""
    now = minute * MINUTE + 30_000
    gauges = [station for station in stations(reference, now) if "rain" in station.measures]
    if not gauges:
        return
    good = reading(random.choice(gauges), now, {"rain_mm": 0.2, "period_s": 600})
    if minute % 30 == 11:
        yield replace(good, data={**good.data, "station_id": "LC-X-9999"}, faulty=True)
    if minute % 30 == 17:
        yield replace(good, key="khong-phai-tram", faulty=True)
    if minute % HOUR == 23:
        yield replace(good, data={**good.data, "rain_mm": -3.5}, faulty=True)
    if minute % HOUR == 31:
        yield replace(good, time=now - LONG_AGO, faulty=True)


# Calls between systems.


def calls(minute: int, random: Random, reference: Reference, *, busy: bool) -> Iterator[Act]:
    """Summaries of the minute before, by service and consumer; of the hour before for the national platform."""
    now = minute * MINUTE
    for service in reference.services.in_force(now):
        if service.status == "foreign" or (service.kind == "ndxp" and minute % HOUR):
            continue
        window = 3600 if service.kind == "ndxp" else 60
        for consumer in ("pac", "commune"):
            summary = _summary(service, consumer, random, scale=window / 60 * (40 if busy else 8))
            times = {"window_start": now - window * 1000, "window_s": window}
            if summary["calls"] > summary["errors_4xx"] + summary["errors_5xx"]:
                times["last_success_at"] = now - random.randrange(window * 1000)
            data = {**summary, **times, **(_sign_ins(summary, random) if service.kind == "sign_in" else {})}
            yield Act(now, "exchange", "summarised", GATEWAYS[service.kind], service.agency, data)
        if minute % DAY == len(service.service_id) * HOUR:
            data = {"kind": service.kind, "service_id": service.service_id}
            yield Act(now, "exchange", "published", GATEWAYS[service.kind], service.agency, data)


def _sign_ins(summary: dict[str, Any], random: Random) -> dict[str, Any]:
    failed: int = summary["errors_4xx"] + summary["errors_5xx"]
    return {"success": summary["calls"] - failed, "failures_password": summary["errors_4xx"],
            "failures_upstream": summary["errors_5xx"], "mfa_ratio": round(random.uniform(0.55, 0.65), 2),
            "vneid_ratio": round(random.uniform(0.3, 0.4), 2), "users": random.randint(50, 400)}


def _summary(service: Service, consumer: str, random: Random, *, scale: float) -> dict[str, Any]:
    number = _times(random, scale)
    broken = sum(random.random() < 0.01 for _ in range(min(number, 500)))
    middle = random.randint(60, 180)
    data: dict[str, Any] = {
        "kind": service.kind, "service_id": service.service_id, "consumer": consumer, "calls": number,
        "bytes": number * random.randint(800, 4000), "errors_5xx": broken,
        "errors_4xx": min(number - broken, number // 50),
    }  # fmt: skip
    if number:
        data |= {"p50_ms": middle, "p95_ms": middle * random.randint(2, 5)}
    return data


# Dossiers.


def dossier(minute: int, random: Random, reference: Reference) -> Iterator[Act]:
    """The life of one dossier; one in twenty stays unfinished, one in ten ends late."""
    at = minute * MINUTE + random.randrange(60) * 1000
    procedure = random.choice([row for row in reference.procedures.in_force(at) if row.status != "foreign"])
    name = f"SIM-{minute}-{random.randrange(16**6):06x}"
    due = _due(procedure, at, reference)
    channel = random.choices(("online", "counter", "postal"), (6, 3, 1))[0]
    unit = random.choice(_communes(reference, at)) if procedure.agency == "commune" else None

    def step(after: float, action: str, **data: Any) -> Act:
        data = {"dossier_id": name, **data}
        return Act(at + int(after * MINUTE), "dossier", action, PAC, procedure.agency, data, unit)

    counters = [row.counter for row in reference.counters.in_force(at) if row.agency == procedure.agency]
    counters = counters or [row.counter for row in reference.counters.in_force(at)]
    where = {"counter_id": random.choice(counters)} if channel == "counter" and counters else {}
    yield step(0, "received", procedure_code=procedure.procedure_code, domain=procedure.domain, channel=channel,
               service_level=procedure.service_level, received_at=at, original_due_at=due, due_at=due, **where)
    accepted = random.uniform(3, 40)
    waited = {"queue_s": random.randrange(30, 1800), **where} if where else {}
    yield step(accepted, "accepted", fee_vnd=random.choice((0, 8000, 50_000)), paid_online=channel == "online",
               digitised=random.random() < 0.8, **waited)
    yield step(accepted + random.uniform(1, 20), "assigned")
    fate = random.random()
    if fate < 0.05:
        return
    if fate < 0.12:
        yield step(accepted + 20.5, "supplement_requested")
    elif fate < 0.16:
        yield step(accepted + 20.5, "extended", due_at=due + DAY * MINUTE)
        yield step(accepted + 20.8, "apologised")
    ended = accepted + 21 + min(random.expovariate(1 / 240), 40 * HOUR)
    yield step(ended, "returned" if fate > 0.97 else "resolved", resolved_at=at + int(ended * MINUTE))
    if random.random() < 0.3:
        stars = random.choices((5, 4, 3, 2, 1), (60, 25, 8, 4, 3))[0]
        yield step(ended + random.uniform(1, 60), "rated", rating=stars)


def _due(procedure: Procedure, at: int, reference: Reference) -> int:
    hours = (procedure.working_days or 3) * 8 if at % 10_000 else 1  # one in ten is promised for the same hour
    known = reference.calendar.covers(at)
    return reference.calendar.add(at, int(hours * HOUR * MINUTE)) if known else at + DAY * MINUTE


# Reports of citizens.


def report(minute: int, random: Random, reference: Reference) -> Iterator[Act]:
    """The life of one report; hazards are urgent."""
    at = minute * MINUTE + random.randrange(60) * 1000
    category = random.choice([row for row in reference.categories.in_force(at) if row.status != "foreign"])
    name = f"SIM-{minute}-{random.randrange(16**6):06x}"
    urgency = "urgent" if category.hazard else random.choices(("normal", "complex"), (8, 2))[0]
    unit = random.choice(_communes(reference, at))

    def step(after: float, action: str, **data: Any) -> Act:
        data = {"report_id": name, **data}
        return Act(at + int(after * MINUTE), "feedback", action, CITIZENS, "commune", data, unit)

    hazard = "yes" if category.hazard else "no"
    level = reference.service_level("feedback.resolve", at_ms=at, urgency=urgency, hazard=hazard)
    due = level.deadline(at, reference.calendar) if level and reference.calendar.covers(at) else at + DAY * MINUTE
    moved = {"people_evacuated": random.randint(3, 60)} if category.category == "evacuation" else {}
    yield step(0, "received", category=category.category, received_at=at, original_due_at=due, due_at=due, **moved,
               channel=random.choices(("app", "1022", "zalo", "commune"), (5, 3, 2, 1))[0])
    accepted = min(random.expovariate(1 / 60), 8 * HOUR) + 1
    yield step(accepted / 2, "classified", urgency=urgency)
    yield step(accepted, "accepted")
    yield step(accepted + 2, "assigned")
    if random.random() < 0.08:
        return
    ended = accepted + 3 + min(random.expovariate(1 / (90 if category.hazard else 400)), 40 * HOUR)
    if random.random() < 0.7:
        yield step(ended - 1, "evidence_attached", evidence_count=random.randint(1, 4))
    yield step(ended, "resolved")
    if random.random() < 0.05:
        yield step(ended + 30, "reopened")
        yield step(ended + 90, "resolved")
    if random.random() < 0.4:
        stars = random.choices((5, 4, 3, 2, 1), (50, 25, 12, 8, 5))[0]
        yield step(ended + random.uniform(2, 120), "rated", rating=stars)


def _communes(reference: Reference, at: int) -> Sequence[tuple[str, str]]:
    """The communes that have a station: enough places for a wall, and not too many series."""
    places = [(station.commune, station.admin_version) for station in stations(reference, at) if station.commune]
    return tuple(dict.fromkeys(places))


def _times(random: Random, mean: float) -> int:
    """How often something happens that happens `mean` times on average; a rough Poisson."""
    if mean > 8:
        return max(0, round(random.gauss(mean, mean**0.5)))
    return sum(random.random() < mean / 16 for _ in range(16))
