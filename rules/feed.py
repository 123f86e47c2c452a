"""Rules of one feed: each exposed KPI as one province-wide number, whatever the number of workers, and its alerts."""

from collections.abc import Iterator

from rules import judgement, promql
from rules.judgement import AlertRule, Judged
from rules.promql import LabelledRule, Rule
from schemas import names
from schemas.feed import Feed
from schemas.kpi import Kpi

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
    whole = expression if feed.by_entity(kpi) else promql.withheld(expression, feed.name, feed.topic)
    return {"record": names.recorded(metric), "expr": whole}


def _knowledge(feed: Feed, kpi: Kpi) -> Iterator[Rule]:
    """Whether a KPI by an entity is known, and as of when."""
    if not feed.by_entity(kpi):
        return
    label = names.label(feed.key)
    for part in ("known", "as_of_timestamp_seconds"):
        metric = names.metric(feed.name, kpi.name, part)
        expression = promql.newest(metric, (label,))
        if part == "known" and expected(feed):
            expression = f"{expression} or {_never_heard(feed, kpi)}"
        yield {"record": names.recorded(metric), "expr": expression}


def expected(feed: Feed) -> bool:
    """Whether reference data says which entities should be heard of: stations do, by what they measure."""
    listed = feed.listed(feed.key)
    return listed is not None and listed.name == "stations"


def _never_heard(feed: Feed, kpi: Kpi) -> str:
    """0 for each station that should measure it: one that never spoke is as unknown as one that fell silent."""
    label = names.label(feed.key)
    rows = f'ioc_station_expected{{feed="{feed.name}", kpi="{kpi.name}"}}'
    return f'label_replace(0 * max by ({label}) ({rows}), "{promql.PROVENANCE}", "real", "", "")'


def attainments(feed: Feed) -> Iterator[Rule]:
    """Value against target, for each KPI that has one."""
    for kpi in feed.kpis:
        if kpi.target is not None:
            metric = feed.metric(kpi)
            fixed = ", ".join(f'{name}="{value}"' for name, value in kpi.labels.items())
            value = names.recorded(metric) + (f"{{{fixed}}}" if fixed else "")
            higher = kpi.target.better == "higher"
            target = kpi.target.name.replace(".", "_")
            expression = promql.attainment(value, target, labels(feed, metric), higher=higher)
            yield {"record": f"{names.recorded(metric)}:attainment", "expr": expression}


def life(feed: Feed) -> LabelledRule:
    """Whether the feed lives and every partition of it is shown: what a KPI that is not by an entity is held by."""
    return {
        "record": "ioc:feed_living",
        "expr": promql.living(feed.name, feed.topic),
        "labels": {"feed": feed.name},
    }


def judged(feed: Feed, kpi: Kpi) -> Judged:
    """A KPI as a number on which its alerts are judged."""
    metric = feed.metric(kpi)
    if feed.by_entity(kpi):
        entity = names.label(feed.key)
        known, as_of = (
            names.recorded(names.metric(feed.name, kpi.name, part)) for part in ("known", "as_of_timestamp_seconds")
        )
        life = f"{known} == 1"
        asked: tuple[str, ...] = (entity,)
        moment = f"{as_of}{{{entity}=%q, {promql.PROVENANCE}=%q}}"
    else:
        life, asked = f'ioc:feed_living{{feed="{feed.name}"}} == 1', ()
        moment = f'ioc:present_timestamp_seconds{{topic="{feed.topic}", {promql.PROVENANCE}=%q}}'
    return Judged(
        feed=feed.name,
        record=names.recorded(metric),
        labels=labels(feed, metric),
        title=kpi.title,
        unit=feed.unit(kpi).suffix,
        life=life,
        life_labels=asked,
        as_of=moment,
        as_of_labels=(*asked, promql.PROVENANCE),
        duty=feed.duty,
        basis=kpi.basis,
        fixed=kpi.labels,
    )


def judgement_rules(feed: Feed) -> Iterator[Rule | AlertRule]:
    """Held values, limits and alerts of a feed, in the order in which they build on each other."""
    judged_kpis = {kpi.name: (judged(feed, kpi), kpi.alerts) for kpi in feed.kpis if kpi.alerts}
    yield from judgement.chain(judged_kpis.values())
