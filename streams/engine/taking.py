"""What an accepted event does: memory of its entity, checks, watermark, panes. Whole, or not at all if it raises."""

from typing import Any, Literal

from schemas.decode import Event
from schemas.entities import Check
from streams.engine import memory as memories
from streams.engine.panes import Share, add, shares
from streams.engine.plan import NO_UNIT, Doing, Plan
from streams.engine.state import Lane, Memory
from streams.engine.watermark import follow

Flags = tuple[str, ...]
NONE: Flags = ()
NOTHING: dict[str, Any] = {}
NO_SHARES: list[Share] = []


def take(plan: Plan, lane: Lane, event: Event, append: int) -> Flags | None:
    """Fold an event of a lane and tell its flags; None, and nothing changed, if it is late."""
    if plan.feed.entity is not None:
        return _take_of_entity(plan, lane, event, append)
    moment = moment_of(plan, event)
    if lane.watermark is not None and moment < lane.oldest:
        return None
    found = _given(plan.doings[event.action], NOTHING, event.row, moment)
    follow(plan, lane, event.time, append)
    add(lane, found, moment, event.time)
    return event.flags


def _take_of_entity(plan: Plan, lane: Lane, event: Event, append: int) -> Flags | None:
    row, flags, doing = event.row, event.flags, plan.doings[event.action]
    name = row[plan.key]
    before = lane.entities.get(name)
    if before is None:
        memory = Memory()
    elif lane.watermark is not None and memories.forgotten(plan, before, lane.watermark):
        memory, before = Memory(before.home), None  # as if it were new, but a block still has what it was
    else:
        memory = before
    doubts: list[Check] = []
    for check in plan.checks:
        if check.doubts(row, memory.values):
            doubts.append(check)  # noqa: PERF401  # nearly always there is none
    if memory is before and (doing.calls or doubts or before.waiting is not None):
        memory = before.copy()  # until it is sure that nothing raises, and that the event is not late
    if doubts:
        flags = (*flags, *[check.name for check in doubts])
        waiting = _released(memory, event, doubts)
        if waiting is False:
            if memory.waiting is not None:
                lane.entities[name] = memory
                lane.fresh[name] = None
            follow(plan, lane, event.time, append)
            return flags
        if waiting is not None:
            return _take_both(plan, lane, memory, waiting, event, append, flags)
    memory.waiting = None
    news, more = memories.remember(plan, doing, memory, event)
    moment = event.time if plan.covers is None else moment_of(plan, event)
    found = _given(doing, memory.values, row, moment) if doing.groups else NO_SHARES
    if not news and before is not None and moment < lane.oldest and lane.watermark is not None:
        return None
    follow(plan, lane, event.time, append)
    add(lane, found, moment, event.time)
    _enter(lane, name, memory, event.time)
    return (*flags, *more) if more else flags


def _take_both(
    plan: Plan, lane: Lane, memory: Memory, waiting: Event, event: Event, append: int, flags: Flags
) -> Flags | None:
    """Take the event that waited, then the one that agrees with it."""
    earlier, _, _, first = _laid(plan, memory, waiting)
    moment, news, more, found = _laid(plan, memory, event)
    if not news and moment < lane.oldest:
        return None
    follow(plan, lane, event.time, append)
    add(lane, first, earlier, waiting.time)
    add(lane, found, moment, event.time)
    _enter(lane, event.row[plan.key], memory, max(waiting.time, event.time))
    return (*flags, *more)


def _enter(lane: Lane, name: str, memory: Memory, time: int) -> None:
    """Put a memory in its place, and tell snapshots and the view of standing KPIs that it changed."""
    if time > memory.seen:
        memory.seen = time
    lane.entities[name] = memory
    lane.fresh[name] = None
    if lane.view is not None:
        lane.view.changed.add(name)


def _laid(plan: Plan, memory: Memory, event: Event) -> tuple[int, bool, Flags, list[Share]]:
    """Lay an event over memory: its moment, whether it was news, flags that follow, and what it gives to the KPIs."""
    doing = plan.doings[event.action]
    news, flags = memories.remember(plan, doing, memory, event)
    moment = moment_of(plan, event)
    return moment, news, flags, _given(doing, memory.values, event.row, moment)


def _given(doing: Doing, known: dict[str, Any], own: dict[str, Any], moment: int) -> list[Share]:
    """What an event gives to the KPIs over windows: what these ask of memory is laid under the event's own fields."""
    row = own
    if doing.lent is None:
        row = {**NO_UNIT, **known, **own}
    else:
        for name in doing.lent:
            if name not in row and name in known:
                if row is own:
                    row = own.copy()
                row[name] = known[name]
    return shares(doing.groups, row, own, moment)


def _released(memory: Memory, event: Event, doubts: list[Check]) -> Event | Literal[False] | None:
    """Whether a doubted event may be taken: False not now, None alone, an event after that one, which it confirms."""
    if any(check.effect == "hold" for check in doubts):
        return False
    waiting = memory.waiting
    confirm = next((check for check in doubts if check.effect == "confirm"), None)
    if confirm is None:
        return None
    if waiting is None or waiting[0] != confirm.name or confirm.doubts(event.row, waiting[1]):
        memory.waiting = [confirm.name, event.row, event.action, event.time]
        return False
    memory.waiting = None
    return Event("", "", "", waiting[2], waiting[3], waiting[1], NONE)


def moment_of(plan: Plan, event: Event) -> int:
    """The moment of a row: its time, or the beginning of the period it covers."""
    covers = plan.covers
    if covers is None or (seconds := event.row.get(covers)) is None:
        return event.time
    return event.time - int(seconds) * 1000
