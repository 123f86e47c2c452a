"""What KPIs ask of a row beside the fields of its event: an event that says all of it need not be laid over memory."""

from collections.abc import Collection, Iterable, Iterator

from schemas import conditions
from schemas.aggregates import Aggregate, Elapsed
from schemas.kpi import Kpi


def lent(kpis: Collection[Kpi], names: Iterable[str]) -> frozenset[str] | None:
    """Those of the fields `names`, which memory may lend, that KPIs over windows ask for; None: maybe any of them."""
    if any(map(calls, kpis)):
        return None
    return frozenset(field for kpi in kpis for field in _asked(kpi)).intersection(names)


def calls(kpi: Kpi) -> bool:
    """Whether a KPI over windows runs a function of the feed's own file, which may raise, and may ask for anything."""
    asked = (kpi.where, *kpi.aggregate.measures)
    return type(kpi.aggregate).__module__ != Aggregate.__module__ or any(map(conditions.calls, asked))


def _asked(kpi: Kpi) -> Iterator[str]:
    """Fields of labels, conditions and stretches of time; a field that is measured is the event's own."""
    yield from kpi.by
    yield from conditions.fields(kpi.where)
    for measure in kpi.aggregate.measures:
        if isinstance(measure, Elapsed):
            yield from (measure.since, measure.until)
        elif not isinstance(measure, str):
            yield from conditions.fields(measure)
