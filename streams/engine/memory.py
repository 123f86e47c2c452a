"""What an event does to the memory of its entity: newest value per field, told times, turns of a case, deadlines."""

from schemas.decode import Event
from schemas.errors import Flag
from streams.engine.plan import Plan
from streams.engine.state import Lane, Memory


def find(plan: Plan, lane: Lane, entity: str) -> Memory | None:
    """The memory of an entity as the watermark sees it: a case forgotten by then is not there."""
    memory = lane.entities.get(entity)
    if memory is not None and lane.watermark is not None and forgotten(plan, memory, lane.watermark):
        return None
    return memory


def forgotten(plan: Plan, memory: Memory, at: int) -> bool:
    """Whether a case that is not open is older than it is kept."""
    return plan.case is not None and not memory.is_open and at > memory.seen + plan.kept_ms


def remember(plan: Plan, memory: Memory, event: Event) -> tuple[bool, tuple[str, ...]]:
    """Lay an event over memory; tells whether it was news, and the flags that follow from it."""
    news = _fields(plan, memory, event)
    for name, earliest in plan.life[event.action]:
        before = memory.values.get(name)
        if before is None or (event.time < before if earliest else event.time > before):
            memory.values[name] = event.time
            memory.times[name] = event.time
            news = True
    if plan.case is None:
        return news, ()
    turned, flags = _turn(plan, memory, event)
    return news or turned, flags


def _fields(plan: Plan, memory: Memory, event: Event) -> bool:
    """Newer values overwrite, older ones fill blanks."""
    row, time, values, times, news = event.row, event.time, memory.values, memory.times, False
    for name in plan.remembers:
        if name in row and (name not in times or time >= times[name]):
            values[name], times[name], news = row[name], time, True
    return news


def _turn(plan: Plan, memory: Memory, event: Event) -> tuple[bool, tuple[str, ...]]:
    """State, opening and closing of a case, and the deadlines that follow."""
    case, values, news = plan.case, memory.values, False
    assert case is not None
    if event.action in case.states and event.time >= memory.times.get("state", event.time):
        values["state"], memory.times["state"], news = event.action, event.time, True
    closes = event.action in case.closes
    if (closes or event.action in case.reopens) and (memory.turn is None or event.time >= memory.turn):
        memory.turn, memory.reopened, news = event.time, not closes, True
    opened = values.get("opened_at")
    if opened is not None:
        opening = event.action in case.opens
        for name, deadline, fields in plan.deadlines:
            if not opening and name in values and not any(field in event.row for field in fields):
                continue
            due = deadline(values, opened)
            if due is not None:
                values[name] = memory.times[name] = due
            elif name in values:
                del values[name], memory.times[name]
    return news, _backwards(memory)


def _backwards(memory: Memory) -> tuple[str, ...]:
    """The flag of the event that shows a case closed before it was opened, once."""
    opened, closed = memory.values.get("opened_at"), memory.values.get("closed_at")
    if memory.backwards or opened is None or closed is None or closed >= opened:
        return ()
    memory.backwards = True
    return (Flag.CLOSED_BEFORE_OPENED,)
