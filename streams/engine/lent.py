"""What KPIs ask of a row beside the fields of its event: an event that says all of it need not be laid over memory."""

from collections.abc import Collection, Iterable, Iterator

from schemas import conditions
from schemas.aggregates import Aggregate, Elapsed
from schemas.kpi import Kpi


def lent(kpis: Collection[Kpi], names: Iterable[str], filled: Collection[str] = ()) -> tuple[str, ...] | None:
    """Those of the fields `names`, which memory may lend, that KPIs over windows ask for; None: maybe any of them.

    Fields in `filled` are filled where nobody says them. To a label that makes no difference, to a condition it does,
    and then the row must be laid whole.
    """
    if any(map(calls, kpis)) or any(field in filled for kpi in kpis for field in _judged(kpi)):
        return None
    asked = {field for kpi in kpis for field in (*kpi.by, *_judged(kpi))}
    return tuple(name for name in names if name in asked)


def calls(kpi: Kpi) -> bool:
    """Whether a KPI over windows runs a function of the feed's own file, which may raise, and may ask for anything."""
    asked = (kpi.where, *kpi.aggregate.measures)
    return type(kpi.aggregate).__module__ != Aggregate.__module__ or any(map(conditions.calls, asked))


def _judged(kpi: Kpi) -> Iterator[str]:
    """Fields of conditions and stretches of time; a field that is measured is the event's own."""
    yield from conditions.fields(kpi.where)
    for measure in kpi.aggregate.measures:
        if isinstance(measure, Elapsed):
            yield from (measure.since, measure.until)
        elif not isinstance(measure, str):
            yield from conditions.fields(measure)
