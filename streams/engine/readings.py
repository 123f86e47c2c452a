"""A state at its present, as numbers with labels: everything that one snapshot lets us show."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from schemas import conditions, names
from schemas.aggregates import Histogram
from schemas.errors import Fate
from schemas.feed import Feed
from schemas.kpi import Kpi
from schemas.text import Text
from streams.engine import quality, standing
from streams.engine.giving import as_of
from streams.engine.labels import SEPARATOR, split
from streams.engine.panes import read
from streams.engine.plan import Plan
from streams.engine.state import Lane, State

Labels = tuple[tuple[str, str], ...]


class Family(NamedTuple):
    """The name of a metric, its type in the text format, and what it means."""

    name: str
    kind: str
    help: str


class Reading(NamedTuple):
    """One number to show: name of the sample, labels in order, value."""

    name: str
    labels: Labels
    value: float


COMMON = (
    Family("ioc_next_offset", "gauge", "First offset the shown state does not contain."),
    Family("ioc_watermark_timestamp_seconds", "gauge", "How far event time has come / Mốc thời gian sự kiện."),
    Family("ioc_present_timestamp_seconds", "gauge", "Moment at which the numbers are read / Thời điểm tính số liệu."),
    Family("ioc_feed_records", "gauge", "Records so far by source and fate / Bản ghi theo hệ thống gửi và kết quả."),
    Family("ioc_feed_last_event_timestamp_seconds", "gauge", "Newest event time / Sự kiện mới nhất xảy ra lúc."),
    Family("ioc_feed_last_arrival_timestamp_seconds", "gauge", "Last arrival / Nhận gần nhất lúc."),
    *(
        Family(f"ioc_feed_{ratio}_ratio_{part}", "gauge", f"{text}, {part}.")
        for ratio, text in (
            ("validity", "Độ đúng 24 giờ / Validity 24 h"),
            ("quality", "Độ sạch 24 giờ / Quality 24 h"),
            ("completeness", "Độ đủ 24 giờ / Completeness 24 h"),
        )
        for part in ("numerator", "denominator")
    ),
    Family("ioc_feed_state", "gauge", "State of a source, 1 for the one that holds / Trạng thái luồng dữ liệu."),
    Family("ioc_feed_expected_interval_seconds", "gauge", "Expected interval / Chu kỳ gửi quy định."),
)
"""What every feed shows beside its KPIs."""


def families(feed: Feed) -> tuple[Family, ...]:
    """The metrics a feed's readings belong to, each once."""
    found: dict[str, Family] = {}
    for kpi in feed.kpis:
        for family in _families(feed, kpi):
            found.setdefault(family.name, family)
    return tuple(found.values())


def _families(feed: Feed, kpi: Kpi) -> Iterator[Family]:
    name, title = feed.metric(kpi), _words(kpi.title)
    match kpi.aggregate.shape:
        case "buckets":
            yield Family(name, "histogram", f"{title}.")
        case "ratio":
            yield Family(f"{name}_numerator", "gauge", f"{title}, numerator.")
            yield Family(f"{name}_denominator", "gauge", f"{title}, denominator.")
        case _:
            yield Family(name, "gauge", f"{title}.")
    if feed.by_entity(kpi):
        yield Family(names.metric(feed.name, kpi.name, "known"), "gauge", f"{title}: known 1, unknown 0.")
        yield Family(names.metric(feed.name, kpi.name, "as_of_timestamp_seconds"), "gauge", f"{title}: as of.")


def _words(text: Text) -> str:
    return f"{text.vi} / {text.en}"


def readings(plan: Plan, state: State) -> tuple[Reading, ...]:
    """Everything a state shows, from this one moment of it."""
    place = (("topic", state.topic), ("partition", str(state.partition)))
    found = [Reading("ioc_next_offset", place, state.next_offset)]
    for provenance, lane in state.lanes.items():
        where = (*place, ("provenance", provenance))
        found += _figures(plan, lane, where)
        if lane.present is not None:
            found += _windows(plan, lane, lane.present, where)
            found += _standing(plan, lane, lane.present, where)
            found += _known(plan, lane, lane.present, where)
    return tuple(found)


def _figures(plan: Plan, lane: Lane, where: Labels) -> Iterator[Reading]:
    if lane.watermark is not None and lane.present is not None:
        yield Reading("ioc_watermark_timestamp_seconds", where, lane.watermark / 1000)
        yield Reading("ioc_present_timestamp_seconds", where, lane.present / 1000)
    feed = ("feed", plan.feed.name)
    for source, figures in lane.sources.items():
        labels = (feed, ("source", source), *where)
        for fate in Fate:
            count = lane.fates.get(f"{source}{SEPARATOR}{fate}", 0)
            yield Reading("ioc_feed_records", (feed, ("source", source), ("fate", fate), *where), count)
        if figures.last_event is not None:
            yield Reading("ioc_feed_last_event_timestamp_seconds", labels, figures.last_event / 1000)
        yield Reading("ioc_feed_last_arrival_timestamp_seconds", labels, figures.last_arrival / 1000)
        for name, numerator, denominator in quality.ratios(plan, lane, source):
            yield Reading(f"ioc_feed_{name}_ratio_numerator", labels, numerator)
            yield Reading(f"ioc_feed_{name}_ratio_denominator", labels, denominator)


def _windows(plan: Plan, lane: Lane, present: int, where: Labels) -> Iterator[Reading]:
    for entry in plan.windowed:
        for labels, panes in lane.cells[entry.index].items():
            fields = tuple(split(labels, entry.kpi.by))
            if entry.proof and not _entity_known(plan, lane, dict(fields)[plan.key], entry.proof, present):
                continue
            named = _named(fields, entry.kpi)
            for window in entry.windows:
                whole = read(entry, panes, window, present)
                if whole is not None:
                    yield from _samples(plan, entry.kpi, whole, (*named, ("window", window.label), *where))


def _entity_known(plan: Plan, lane: Lane, entity: str, proof: tuple[str, ...], present: int) -> bool:
    memory = lane.entities.get(entity)
    moment = as_of(plan, proof, memory) if memory is not None else None
    return moment is not None and plan.known(entity, moment, present)


def _standing(plan: Plan, lane: Lane, present: int, where: Labels) -> Iterator[Reading]:
    if not plan.standing:
        return
    if lane.view is None:
        lane.view = standing.View(plan, lane)
    for entry, labels, whole in lane.view.read(lane, present):
        yield from _samples(plan, entry.kpi, whole, (*_named(split(labels, entry.kpi.by), entry.kpi), *where))


def _named(fields: Iterable[tuple[str, str]], kpi: Kpi) -> Labels:
    return (*((names.label(field), value) for field, value in fields), *kpi.labels.items())


def _samples(plan: Plan, kpi: Kpi, state: list[int], labels: Labels) -> Iterator[Reading]:
    """The samples of one state of an aggregate, in the unit of the metric."""
    name, per = plan.feed.metric(kpi), plan.feed.unit(kpi).per
    if isinstance(kpi.aggregate, Histogram):
        yield from _buckets(name, per, kpi.aggregate, state, labels)
        return
    numbers = kpi.aggregate.read(state)
    if not numbers:
        return
    if kpi.aggregate.shape == "ratio":
        numerator, denominator = numbers
        yield Reading(f"{name}_numerator", labels, numerator / per)
        yield Reading(f"{name}_denominator", labels, denominator)
    else:
        yield Reading(name, labels, numbers[0] / per if per != 1 else numbers[0])


def _buckets(name: str, per: int, histogram: Histogram, state: list[int], labels: Labels) -> Iterator[Reading]:
    total = 0
    for bound, count in zip((*histogram.bounds, float("inf")), state, strict=False):
        total += count
        le = "+Inf" if bound == float("inf") else repr(float(bound))
        yield Reading(f"{name}_bucket", (*labels, ("le", le)), total)
    yield Reading(f"{name}_sum", labels, state[-1] / per)
    yield Reading(f"{name}_count", labels, total)


def _known(plan: Plan, lane: Lane, present: int, where: Labels) -> Iterator[Reading]:
    """Known or unknown, and as of when, of every entity that ever carried what a KPI measures."""
    label = names.label(plan.key)
    for name, constant, proof in plan.proofs:
        for entity, memory in lane.entities.items():
            moment = as_of(plan, proof, memory)
            if moment is not None:
                labels, known = ((label, entity), *constant, *where), plan.known(entity, moment, present)
                yield Reading(names.metric(plan.feed.name, name, "known"), labels, int(known))
                yield Reading(names.metric(plan.feed.name, name, "as_of_timestamp_seconds"), labels, moment / 1000)


def source_states(plan: Plan, states: Iterable[State], now_ms: int) -> tuple[Reading, ...]:
    """How each source of the feed lives, over the partitions given, at the broker's clock."""
    found = []
    feed = ("feed", plan.feed.name)
    for (provenance, source), (last_event, is_fault) in quality.living(states).items():
        labels = (feed, ("source", source), ("provenance", provenance))
        now = quality.state_of(plan, source, last_event, is_fault, now_ms)
        found += [Reading("ioc_feed_state", (*labels, ("state", name)), int(name == now)) for name in quality.STATES]
        interval = quality.interval(plan, source) or conditions.millis(plan.feed.every)
        found.append(Reading("ioc_feed_expected_interval_seconds", labels, interval / 1000))
    return tuple(found)
