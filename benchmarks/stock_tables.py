"""Stock Faust in its own idiom: typed topics, agents, tables and windowed tables as its documentation shows.

BENCH_TABLES=kpi keeps each KPI in a table of its own, updated by `table[key] += value`; `packed` keeps all sums of one
key in one value of one table, the kindest form for Faust, which writes every update of every window to its changelog.

It counts and sums what the four feeds' KPIs count and sum, with coarser windows than ours (docs/benchmarks.md lists
what it leaves out). Everything it leaves out is work it does not do.
"""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from operator import add
from typing import Any

import faust
from faust.models.fields import FloatField, IntegerField, StringField

from benchmarks.contestant import PARTITIONS, PREFIX, Race, app, start

IS_PACKED = os.environ.get("BENCH_TABLES", "kpi") == "packed"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)

program = app("stock-tables")
race = Race()


class Event(faust.Record, abstract=True, serializer="json", validation=True,  # type: ignore[misc, call-arg]
            coerce=True):
    """The envelope."""

    specversion: str
    id: str = StringField(max_length=128)
    source: str = StringField(max_length=128)
    type: str = StringField(max_length=128)
    time: datetime
    agency: str = StringField(max_length=64)
    subject: str | None = None
    dataschema: str | None = None
    adminunit: str | None = None
    adminversion: str | None = None


class DossierData(faust.Record, validation=True, coerce=True):  # type: ignore[misc, call-arg]
    """One step of a dossier."""

    dossier_id: str = StringField(max_length=128)
    procedure_code: str | None = None
    domain: str | None = None
    service_level: str | None = None
    channel: str | None = None
    received_at: datetime | None = None
    original_due_at: datetime | None = None
    due_at: datetime | None = None
    resolved_at: datetime | None = None
    fee_vnd: int = IntegerField(min_value=0, max_value=10**15, required=False, default=None)
    paid_online: bool | None = None
    digitised: bool | None = None
    counter_id: str | None = None
    queue_s: int = IntegerField(min_value=0, max_value=604_800, required=False, default=None)
    rating: int = IntegerField(min_value=1, max_value=5, required=False, default=None)


class FeedbackData(faust.Record, validation=True, coerce=True):  # type: ignore[misc, call-arg]
    """One step of a report."""

    report_id: str = StringField(max_length=128)
    category: str | None = None
    urgency: str | None = None
    channel: str | None = None
    lat: float = FloatField(min_value=-90, max_value=90, required=False, default=None)
    lon: float = FloatField(min_value=-180, max_value=180, required=False, default=None)
    received_at: datetime | None = None
    original_due_at: datetime | None = None
    due_at: datetime | None = None
    evidence_count: int = IntegerField(min_value=0, max_value=1000, required=False, default=None)
    rating: int = IntegerField(min_value=1, max_value=5, required=False, default=None)


class HydrometData(faust.Record, validation=True, coerce=True):  # type: ignore[misc, call-arg]
    """What one station read."""

    station_id: str = StringField(max_length=64)
    quality: str
    rain_mm: float = FloatField(min_value=0, max_value=1000, required=False, default=None)
    period_s: int = IntegerField(min_value=1, max_value=86_400, required=False, default=None)
    level_m: float = FloatField(min_value=-100, max_value=4000, required=False, default=None)
    datum: str | None = None
    temperature_c: float = FloatField(min_value=-60, max_value=70, required=False, default=None)


class ExchangeData(faust.Record, validation=True, coerce=True):  # type: ignore[misc, call-arg]
    """Calls of one minute."""

    service_id: str = StringField(max_length=64)
    kind: str
    consumer: str | None = None
    window_start: datetime | None = None
    window_s: int = IntegerField(min_value=1, max_value=86_400, required=False, default=None)
    calls: int = IntegerField(min_value=0, required=False, default=None)
    bytes: int = IntegerField(min_value=0, required=False, default=None)
    errors_timeout: int = IntegerField(min_value=0, required=False, default=None)
    errors_4xx: int = IntegerField(min_value=0, required=False, default=None)
    errors_5xx: int = IntegerField(min_value=0, required=False, default=None)
    errors_schema: int = IntegerField(min_value=0, required=False, default=None)
    p50_ms: float = FloatField(min_value=0, required=False, default=None)
    p95_ms: float = FloatField(min_value=0, required=False, default=None)
    last_success_at: datetime | None = None
    success: int = IntegerField(min_value=0, required=False, default=None)
    failures_password: int = IntegerField(min_value=0, required=False, default=None)
    mfa_ratio: float = FloatField(min_value=0, max_value=1, required=False, default=None)
    vneid_ratio: float = FloatField(min_value=0, max_value=1, required=False, default=None)
    users: int = IntegerField(min_value=0, required=False, default=None)


class Dossier(Event):
    """A dossier event."""

    data: DossierData


class Feedback(Event):
    """A report event."""

    data: FeedbackData


class Hydromet(Event):
    """A reading."""

    data: HydrometData


class Exchange(Event):
    """A summary."""

    data: ExchangeData


def table(name: str, default: Any = int) -> Any:
    """A plain table."""
    return program.Table(name, default=default, partitions=PARTITIONS)


def windows(name: str, size: timedelta, step: timedelta | None, field: Any, default: Any = int) -> Any:
    """A windowed table in event time: hopping, or tumbling without a step."""
    made = table(name, default)
    wrapped = made.tumbling(size, expires=size * 2) if step is None else made.hopping(size, step, expires=size * 2)
    return wrapped.relative_to_field(field)


class Sums:
    """Sums over one kind of window, by key."""

    def __init__(self, name: str, time: Any, measures: tuple[str, ...], size: timedelta,
                 step: timedelta | None = None) -> None:
        self.measures = measures
        self.packed = windows(name, size, step, time, list) if IS_PACKED else None
        self.single = {} if IS_PACKED else {
            measure: windows(f"{name}-{measure}", size, step, time) for measure in measures}

    def add(self, key: str, values: Mapping[str, float]) -> None:
        """Adds the measures an event has."""
        if self.packed is not None:
            self.packed[key].apply(_summed, [values.get(measure, 0) for measure in self.measures])
            return
        for measure, value in values.items():
            self.single[measure][key] += value


def _summed(before: list[float], more: list[float]) -> list[float]:
    return list(map(add, before, more)) if before else more


ERRORS = ("errors_timeout", "errors_4xx", "errors_5xx", "errors_schema")
BOUNDS = (28_800, 57_600, 86_400, 144_000, 288_000, 432_000)

counted = table("counted")
dossiers = table("dossiers", dict)
dossiers_open = table("dossiers-open")
dossier_days = Sums("dossier-days", Dossier.time, (
    "received", "online", "resolved", "on_time", "on_time_extended", "paid_online", "digitised", "rated", "satisfied"),
    DAY)
resolution = Sums("resolution", Dossier.time, ("le_1", "le_2", "le_3", "le_5", "le_10", "le_15", "sum", "count"), DAY)
queue = Sums("queue", Dossier.time, ("count", "sum"), HOUR, timedelta(minutes=10))
reports = table("reports", dict)
reports_open = table("reports-open")
report_days = Sums("report-days", Feedback.time, (
    "response_s", "responses", "resolved", "on_time", "with_evidence", "rated", "satisfied"), DAY)
rain = Sums("rain", Hydromet.time, ("rain_mm",), HOUR, timedelta(minutes=10))
warmth = Sums("temperature", Hydromet.time, ("sum", "count"), DAY)
levels = table("levels", float)
calls = Sums("calls", Exchange.time, ("calls", *ERRORS, "up"), timedelta(minutes=5), timedelta(minutes=1))
slowest = windows("slowest", timedelta(minutes=5), timedelta(minutes=1), Exchange.time)
sign_ins = Sums("sign-ins", Exchange.time, ("calls", "success", "failures_password"), timedelta(minutes=5),
                timedelta(minutes=1))
latest = table("latest", dict)


def action_of(event: Any) -> str:
    """The action in the type."""
    return str(event.type.split(".")[3])


async def counts(feed: str) -> None:
    """One more event of a feed; the last one ends the race."""
    counted[feed] += 1
    if race.counted():
        await program.producer.flush()
        race.finish(counted=sum(counted.values()))


@program.agent(program.topic(f"{PREFIX}dossier", value_type=Dossier))  # type: ignore[untyped-decorator]
async def take_dossiers(stream: Any) -> None:
    """Open dossiers and the ratios of a day."""
    async for event in stream:
        data, action = event.data, action_of(event)
        case = dict(dossiers[data.dossier_id])
        if action == "received":
            case |= {"opened": event.time.timestamp(), "domain": data.domain,
                     "original": data.original_due_at.timestamp(), "due": data.due_at.timestamp()}
            dossiers_open[event.agency] += 1
            dossier_days.add(event.agency, {"received": 1, "online": data.channel == "online"})
        elif action == "accepted":
            case |= {"paid_online": data.paid_online, "digitised": data.digitised}
            if data.queue_s is not None:
                queue.add(data.counter_id, {"count": 1, "sum": data.queue_s})
        elif action == "resolved":
            resolved(event, case)
        elif action == "rated":
            dossier_days.add(event.agency, {"rated": 1, "satisfied": data.rating >= 4})
        dossiers[data.dossier_id] = case | {"state": action, "agency": event.agency}
        await counts("dossier")


def resolved(event: Any, case: Mapping[str, Any]) -> None:
    """A dossier is done."""
    now = event.time.timestamp()
    took = now - case.get("opened", now)
    dossiers_open[event.agency] -= 1
    dossier_days.add(event.agency, {
        "resolved": 1, "on_time": now <= case.get("original", now), "on_time_extended": now <= case.get("due", now),
        "paid_online": bool(case.get("paid_online")), "digitised": bool(case.get("digitised"))})
    found = {name: int(took <= bound) for name, bound in zip(resolution.measures, BOUNDS, strict=False)}
    resolution.add(case.get("domain") or "", {**found, "sum": took, "count": 1})


@program.agent(program.topic(f"{PREFIX}feedback", value_type=Feedback))  # type: ignore[untyped-decorator]
async def take_reports(stream: Any) -> None:
    """Open reports and the ratios of a day."""
    async for event in stream:
        data, action, now = event.data, action_of(event), event.time.timestamp()
        case = dict(reports[data.report_id])
        place = f"{event.adminunit}|{case.get('urgency') or data.urgency}"
        if action == "received":
            case |= {"opened": now, "urgency": data.urgency, "category": data.category,
                     "original": data.original_due_at.timestamp()}
            reports_open[place] += 1
        elif action == "accepted" and "accepted" not in case:
            case["accepted"] = now
            report_days.add(case.get("category") or "", {"responses": 1, "response_s": now - case.get("opened", now)})
        elif action == "evidence_attached":
            case["evidence"] = data.evidence_count
        elif action == "resolved":
            reports_open[place] -= 1
            report_days.add(event.agency, {"resolved": 1, "on_time": now <= case.get("original", now),
                                           "with_evidence": bool(case.get("evidence"))})
        elif action == "rated":
            report_days.add(event.agency, {"rated": 1, "satisfied": data.rating >= 4})
        reports[data.report_id] = case | {"state": action}
        await counts("feedback")


@program.agent(program.topic(f"{PREFIX}hydromet", value_type=Hydromet))  # type: ignore[untyped-decorator]
async def take_readings(stream: Any) -> None:
    """Rain of an hour, mean temperature of a day, newest level."""
    async for event in stream:
        data = event.data
        if data.rain_mm is not None:
            rain.add(data.station_id, {"rain_mm": data.rain_mm})
        if data.temperature_c is not None:
            warmth.add(data.station_id, {"sum": data.temperature_c, "count": 1})
        if data.level_m is not None:
            levels[data.station_id] = data.level_m
        await counts("hydromet")


@program.agent(program.topic(f"{PREFIX}exchange", value_type=Exchange))  # type: ignore[untyped-decorator]
async def take_summaries(stream: Any) -> None:
    """Calls, errors and latency of five minutes; newest figures of a service."""
    async for event in stream:
        data = event.data
        service = data.service_id
        slowest[service].apply(max, data.p95_ms)
        if data.kind == "sign_in":
            sign_ins.add(service, {"calls": data.calls, "success": data.success,
                                   "failures_password": data.failures_password})
            latest[service] = {"users": data.users, "mfa": data.mfa_ratio, "vneid": data.vneid_ratio}
        else:
            errors = {name: getattr(data, name) for name in ERRORS}
            calls.add(service, {"calls": data.calls, **errors, "up": sum(errors.values()) < data.calls})
            latest[service] = {"last_success": data.last_success_at.timestamp()}
        await counts("exchange")


if __name__ == "__main__":
    start(program)
