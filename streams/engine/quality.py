"""What is counted per source: fates by hour of arrival, newest event and arrival, slots with an event, its state.

The four words of 1709/BKHCN-CĐSQG, 21/5/2025: đúng (validity), đủ (completeness), sạch (quality), sống (state).
"""

from collections.abc import Iterable, Iterator

from schemas import conditions
from schemas.decode import Event
from schemas.errors import Fate
from streams.engine.plan import KEPT_HOURS, Plan, Slots
from streams.engine.state import Lane, SourceFigures, State

HOUR = 3_600_000
READ, ACCEPTED, REJECTED, FLAGGED = range(4)
STATES = ("live", "delayed", "stale", "clock_fault", "off")


def note(plan: Plan, lane: Lane, source: str, fate: Fate, append: int, event: Event | None, flagged: bool) -> None:
    """Count one record of a source; `event` if it was accepted."""
    figures = lane.sources.get(source)
    if figures is None:
        figures = lane.sources[source] = SourceFigures()
    if append > figures.last_arrival:
        figures.last_arrival = append
    hour = append // HOUR
    counts = figures.hours.get(hour)
    if counts is None:
        counts = figures.hours[hour] = [0, 0, 0, 0]
        for old in [kept for kept in figures.hours if kept <= hour - KEPT_HOURS]:
            del figures.hours[old]
    counts[READ] += 1
    figures.fault = False
    if event is not None:
        counts[ACCEPTED] += 1
        counts[FLAGGED] += flagged
        if figures.last_event is None or event.time > figures.last_event:
            figures.last_event = event.time
        if plan.slots is not None:
            _slot(plan.slots, figures, event.row[plan.key], event.time)
    elif fate is Fate.REJECTED:
        counts[REJECTED] += 1


def fault(lane: Lane, source: str) -> None:
    """Note that the newest record of a source came from the future."""
    lane.sources[source].fault = True


def _slot(how: Slots, figures: SourceFigures, entity: str, time: int) -> None:
    slot = time // how.every
    seen = figures.slots.get(slot)
    if seen is None:
        figures.slots[slot] = [entity]
    elif entity not in seen:
        seen.append(entity)


def forget(plan: Plan, lane: Lane) -> None:
    """Drop slots that the present has left behind."""
    if plan.slots is None or lane.present is None:
        return
    first = lane.present // plan.slots.every - plan.slots.number
    for figures in lane.sources.values():
        for slot in [slot for slot in figures.slots if slot < first]:
            del figures.slots[slot]


def ratios(plan: Plan, lane: Lane, source: str) -> Iterator[tuple[str, int, int]]:
    """(name, numerator, denominator) of validity, quality and completeness; only those with a denominator."""
    figures = lane.sources[source]
    newest = lane.heard // HOUR
    hours = [counts for hour, counts in figures.hours.items() if newest - KEPT_HOURS < hour <= newest]
    accepted, rejected, flagged = (sum(counts[kind] for counts in hours) for kind in (ACCEPTED, REJECTED, FLAGGED))
    if accepted + rejected:
        yield "validity", accepted, accepted + rejected
    if accepted:
        yield "quality", accepted - flagged, accepted
    if plan.slots is not None and lane.present is not None:
        stations = sum(station.source == source for station in plan.reference.stations.in_force(lane.present))
        if stations:
            last = lane.present // plan.slots.every
            seen = sum(len(ids) for slot, ids in figures.slots.items() if last - plan.slots.number <= slot < last)
            yield "completeness", seen, stations * plan.slots.number


def state_of(plan: Plan, source: str, last_event: int | None, is_fault: bool, wall: int) -> str:
    """How a source lives, at the wall clock."""
    row = plan.reference.source(source)
    if row is not None and plan.reference.source(source, wall) is None:
        return "off"
    if is_fault:
        return "clock_fault"
    if last_event is None:
        return "stale"
    age = conditions.length(plan.feed.every, last_event, wall, plan.calendar)
    if age is None or age >= plan.feed.stale_after:
        return "stale"
    return "live" if 2 * age < plan.feed.stale_after else "delayed"


def living(states: Iterable[State]) -> dict[tuple[str, str], tuple[int | None, bool]]:
    """(provenance, source) -> newest event and clock fault, over the partitions given."""
    found: dict[tuple[str, str], tuple[int, int | None, bool]] = {}
    for state in states:
        for provenance, lane in state.lanes.items():
            for source, figures in lane.sources.items():
                arrival, event, is_fault = found.get((provenance, source), (-1, None, False))
                newest = max((time for time in (event, figures.last_event) if time is not None), default=None)
                latest = figures.last_arrival > arrival
                found[provenance, source] = (
                    max(arrival, figures.last_arrival),
                    newest,
                    figures.fault if latest else is_fault,
                )
    return {key: (event, is_fault) for key, (_, event, is_fault) in found.items()}
