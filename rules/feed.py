"""Recording rules of one feed: each exposed KPI as one province-wide number, whatever the number of workers."""

from collections.abc import Iterator

from rules import promql
from rules.promql import Rule
from schemas import names
from schemas.feed import Feed, Kpi

BUCKETS = ("_bucket", "_sum", "_count")


def labels(feed: Feed, metric: str) -> tuple[str, ...]:
    """The labels of a KPI's metric without those of place and provenance: of all its variants."""
    found: dict[str, None] = {}
    for kpi in feed.kpis:
        if feed.metric(kpi) == metric:
            found.update(dict.fromkeys(names.label(name) for name in kpi.by))
            found.update(dict.fromkeys(kpi.labels))
            found.update(dict.fromkeys(("window",) if kpi.windows else ()))
    return tuple(found)


def rules(feed: Feed) -> list[Rule]:
    """The recording rules of a feed, in order; variants of one name share a rule."""
    found: dict[str, Rule] = {}
    for kpi in feed.kpis:
        for rule in (*_numbers(feed, kpi), *_knowledge(feed, kpi)):
            found.setdefault(rule["record"], rule)
    return list(found.values())


def _numbers(feed: Feed, kpi: Kpi) -> Iterator[Rule]:
    metric = feed.metric(kpi)
    by = labels(feed, metric)
    match kpi.aggregate.shape:
        case "ratio":
            yield _rule(feed, kpi, metric, promql.ratio(metric, by))
        case "buckets":
            for suffix in BUCKETS:
                more = ("le",) if suffix == "_bucket" else ()
                yield _rule(feed, kpi, metric + suffix, promql.merged(metric + suffix, (*by, *more), "sum"))
        case "sum" | "max" | "min" as how:
            yield _rule(feed, kpi, metric, promql.merged(metric, by, how))


def _rule(feed: Feed, kpi: Kpi, metric: str, expression: str) -> Rule:
    """A KPI by an entity is withheld by the worker while that is unknown; any other by the state of its sources."""
    whole = expression if feed.by_entity(kpi) else promql.withheld(expression, feed.name)
    return {"record": names.recorded(metric), "expr": whole}


def _knowledge(feed: Feed, kpi: Kpi) -> Iterator[Rule]:
    """Whether a KPI by an entity is known, and as of when."""
    if feed.by_entity(kpi):
        for part in ("known", "as_of_timestamp_seconds"):
            metric = names.metric(feed.name, kpi.name, part)
            yield {"record": names.recorded(metric), "expr": promql.newest(metric, (names.label(feed.key),))}
