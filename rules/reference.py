"""Reference data as recorded series: limits, targets, titles, as the workers read them; kept while none lives."""

from collections.abc import Iterator

from rules import promql
from rules.promql import Rule
from schemas import names
from schemas.reference.rows import LABELS

SUBJECTS = tuple(LABELS)
ROW = ("limit", "level", *SUBJECTS)

INFO = {
    "station": ("station", "title_vi", "title_en", "river", "commune", "admin_version", "agency", "source", "status"),
    "commune": ("commune", "admin_version", "district", "title_vi", "title_en"),
    "agency": ("agency", "title_vi", "title_en"),
    "service": ("service", "kind", "agency", "critical", "title_vi", "title_en", "status"),
    "source": ("source", "feed", "agency", "critical", "title_vi", "title_en", "status"),
}
"""Labels of the info metrics; the first says of what."""


def rules() -> list[Rule]:
    """The rules, once for all feeds."""
    return [*_limits(), *_targets(), *_lists()]


def _limits() -> Iterator[Rule]:
    for name in ("value", "assumed"):
        metric = names.metric("limit", name)
        record = names.recorded(metric)
        yield {"record": record, "expr": promql.remembered(metric, ROW)}
        general = ", ".join(f'{label}=""' for label in SUBJECTS)
        yield {"record": f"{record}:general", "expr": f"max by (limit, level) ({record}{{{general}}})"}
    yield _rule("ioc_limit_info", (*ROW, "status", "unit", "basis"))


def _targets() -> Iterator[Rule]:
    for name in ("value", "ratio"):
        yield _rule(names.metric("kpi", "target", name), ("kpi", "period", *SUBJECTS, "status"))


def _lists() -> Iterator[Rule]:
    for name, labels in INFO.items():
        yield _rule(names.metric(name, "info"), labels)
    yield _rule("ioc_station_expected", ("feed", "kpi", "station"))
    # one place a station, also while two workers read different versions of the file: joins need one
    place = 'max by (station, commune, admin_version) (ioc:station_info{commune!=""})'
    yield {"record": "ioc:station_place", "expr": f"topk by (station) (1, {place})"}


def _rule(metric: str, labels: tuple[str, ...]) -> Rule:
    return {"record": names.recorded(metric), "expr": promql.remembered(metric, labels)}
