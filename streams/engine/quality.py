"""What is counted per source: fates by hour of arrival, newest event and arrival, slots with an event, its state.

The four words of 1709/BKHCN-CĐSQG, 21/5/2025: đúng (validity), đủ (completeness), sạch (quality), sống (state).
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from schemas import conditions
from schemas.errors import Fate
from streams.engine.plan import DAY, KEPT_HOURS, Plan
from streams.engine.state import Lane, SourceFigures, State

HOUR = 3_600_000
READ, ACCEPTED, REJECTED, FLAGGED = range(4)
STATES = ("live", "delayed", "stale", "clock_fault", "off")


def note(lane: Lane, source: str, fate: Fate, append: int) -> None:
    """Count one record of a source that was not accepted."""
    counts = _counts(lane, source, append)
    counts[READ] += 1
    if fate is Fate.REJECTED:
        counts[REJECTED] += 1


def note_accepted(lane: Lane, source: str, append: int, number: int, flagged: int, newest: int) -> None:
    """Count accepted records of a source that came in one clock hour; `append` the newest stamp, `newest` time."""
    counts = _counts(lane, source, append)
    counts[READ] += number
    counts[ACCEPTED] += number
    counts[FLAGGED] += flagged
    figures = lane.sources[source]
    if figures.last_event is None or newest > figures.last_event:
        figures.last_event = newest


def note_accepted_together(
    lane: Lane, source: str, appends: Sequence[int], between: tuple[int, int], newest: int
) -> None:
    """Count accepted records of a source that carry no flag; `newest` is the newest of their times."""
    first, last = between
    is_one = first // HOUR == last // HOUR
    hours = {first: len(appends)} if is_one else Counter(stamp // HOUR * HOUR for stamp in appends)
    for stamp, number in hours.items():
        note_accepted(lane, source, stamp, number, 0, newest)
    figures = lane.sources[source]
    figures.last_arrival = max(figures.last_arrival, last)


def _counts(lane: Lane, source: str, append: int) -> list[int]:
    """The counts of the clock hour of an arrival; notes the arrival, and that no clock fault is known of it."""
    figures = lane.sources.get(source)
    if figures is None:
        figures = lane.sources[source] = SourceFigures()
    if append > figures.last_arrival:
        figures.last_arrival = append
    figures.fault = False
    hour = append // HOUR
    counts = figures.hours.get(hour)
    if counts is None:
        counts = figures.hours[hour] = [0, 0, 0, 0]
        for old in [kept for kept in figures.hours if kept <= hour - KEPT_HOURS]:
            del figures.hours[old]
    return counts


def fault(lane: Lane, source: str) -> None:
    """Note that the newest record of a source came from the future."""
    lane.sources[source].fault = True


def note_slots(plan: Plan, lane: Lane, source: str, seen: Iterable[tuple[str, int]]) -> None:
    """Note the slots in which entities of a source had an accepted event, by (entity, time)."""
    slots, interval = lane.sources[source].slots, plan.interval
    for entity, time in seen:
        slot = time // interval(entity)
        known = slots.get(entity)
        if not known:  # new, or all its slots were left behind
            slots[entity] = [slot]
        elif slot > known[-1]:
            known.append(slot)
        elif slot != known[-1] and known[place := bisect_left(known, slot)] != slot:
            known.insert(place, slot)


def forget(plan: Plan, lane: Lane) -> None:
    """Drop slots that the present has left behind."""
    if not plan.counts_slots or lane.present is None:
        return
    for figures in lane.sources.values():
        for entity, seen in figures.slots.items():
            every = plan.interval(entity)
            first = lane.present // every - DAY // every
            if seen and seen[0] < first:
                del seen[: bisect_left(seen, first)]


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
    if plan.counts_slots and lane.present is not None:
        stations = [row.station_id for row in plan.reference.stations.in_force(lane.present) if row.source == source]
        if stations:
            seen = sum(_seen(plan, entity, slots, lane.present) for entity, slots in figures.slots.items())
            yield "completeness", seen, sum(DAY // plan.interval(station) for station in set(stations))


def _seen(plan: Plan, entity: str, slots: list[int], present: int) -> int:
    """How many of the slots of the 24 hours before the present's slot saw the entity."""
    every = plan.interval(entity)
    last = present // every
    return sum(last - DAY // every <= slot < last for slot in slots)


def interval(plan: Plan, source: str) -> int | None:
    """How often a source sends, in milliseconds, if its row of reference data says so."""
    row = plan.reference.source(source)
    return row.every_s * 1000 if row is not None and row.every_s else None


def state_of(plan: Plan, source: str, last_event: int | None, is_fault: bool, now: int) -> str:
    """How a source lives, at the broker's clock."""
    row = plan.reference.source(source)
    if row is not None and plan.reference.source(source, now) is None:
        return "off"
    if is_fault:
        return "clock_fault"
    if last_event is None:
        return "stale"
    own = interval(plan, source)
    age = now - last_event if own else conditions.length(plan.feed.every, last_event, now, plan.calendar)
    limit = 4 * own if own else plan.feed.stale_after
    if age is None or age >= limit:
        return "stale"
    return "live" if 2 * age < limit else "delayed"


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
