"""Declarations in words: windows, conditions and aggregates as a reader of the documentation meets them."""

from datetime import timedelta

from schemas.aggregates import Aggregate, Elapsed, Histogram, Measure, Ratio
from schemas.conditions import All, Before, Condition, Due, Has, Is, Lacks, Past, Stretch, Working
from schemas.entities import Now, Open
from schemas.kpi import Kpi


def over(kpi: Kpi) -> str:
    """The set of rows: windows by their label, or entities as they stand."""
    match kpi.over:
        case Now():
            return "hiện tại / now"
        case Open():
            return "đang mở / open"
    return ", ".join(f"`{window.label}`" for window in kpi.windows)


def aggregate(what: Aggregate) -> str:
    """The aggregate and what it takes."""
    measures = (what.numerator, what.denominator) if isinstance(what, Ratio) else what.measures
    inner = ", ".join(measure(each) for each in measures)
    bounds = f"; ≤ {', '.join(f'{bound:g}' for bound in what.bounds)}" if isinstance(what, Histogram) else ""
    return f"{type(what).__name__}({inner}{bounds})"


def measure(what: Measure) -> str:
    """A field, a stretch of time, or a condition."""
    match what:
        case str():
            return what
        case Elapsed():
            return f"{what.until} - {what.since}{', working time' if what.working else ''}"
    return condition(what)


def condition(what: Condition | None) -> str:
    """A condition in a line; a named function by its own sentence."""
    match what:
        case None:
            return ""
        case Is():
            return f"{what.field} = {' | '.join(str(value) for value in what.values)}"
        case Has():
            return f"has {what.field}"
        case Lacks():
            return f"no {what.field}"
        case Past():
            return f"past {what.field}{f' by {stretch(what.by)}' if what.by else ''}"
        case Before():
            return f"not past {what.field}"
        case Due():
            return f"{what.field} within {stretch(what.within)}"
        case All():
            return "; ".join(condition(part) for part in what.conditions)
    lines = (what.__doc__ or what.__name__).strip().splitlines()
    return f"{what.__name__}: {lines[0].rstrip('.')}"


def stretch(length: Stretch) -> str:
    """A length of time on its clock."""
    if isinstance(length, Working):
        return f"{length.hours:g} working h"
    return span(length)


def span(length: timedelta) -> str:
    """A length of time in its largest whole unit."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
