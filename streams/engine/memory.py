"""What an event does to the memory of its entity: newest value per field, told times, turns of a case, deadlines."""

from schemas.decode import Event
from schemas.errors import Flag
from streams.engine.plan import Doing, Plan
from streams.engine.state import Memory


def forgotten(plan: Plan, memory: Memory, at: int) -> bool:
    """Whether a case that is not open is older than it is kept: at that watermark it is as if it were not there."""
    return plan.case is not None and at > memory.seen + plan.kept_ms and not memory.is_open


def remember(  # noqa: PLR0912  # a call an event costs as much as a step
    plan: Plan, doing: Doing, memory: Memory, event: Event
) -> tuple[bool, tuple[str, ...]]:
    """Lay an event over memory; tells whether it was news, and the flags that follow from it.

    Newer values overwrite, older ones fill blanks.
    """
    row, time, values, times, news = event.row, event.time, memory.values, memory.times, False
    for name in plan.remembers:
        if name in row and (name not in times or time >= times[name]):
            values[name], times[name], news = row[name], time, True
    for name, earliest in doing.life:
        before = values.get(name)
        if before is None or (time < before if earliest else time > before):
            values[name], times[name], news = time, time, True
    if plan.case is None:
        return news, ()
    if doing.is_state and ("state" not in times or time >= times["state"]):
        values["state"], times["state"], news = event.action, time, True
    if (doing.closes or doing.reopens) and (memory.turn is None or time >= memory.turn):
        memory.turn, memory.reopened, news = time, not doing.closes, True
    opened = values.get("opened_at")
    if opened is None:
        return news, ()
    for name, deadline, fields in plan.deadlines:
        if doing.opens or name not in values or not fields.isdisjoint(row):
            due = deadline(values, opened)
            if due is not None:
                values[name] = times[name] = due
            elif name in values:
                del values[name], times[name]
    if memory.backwards or values.get("closed_at", opened) >= opened:
        return news, ()
    memory.backwards = True  # the flag of the event that shows it, once
    return news, (Flag.CLOSED_BEFORE_OPENED,)
