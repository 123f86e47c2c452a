"""How far event time has come in a lane, and the present at which its numbers are read."""

from schemas.windows import HOME
from streams.engine.plan import FOREVER, Plan
from streams.engine.state import Lane, State


def follow(plan: Plan, lane: Lane, time: int, append: int) -> None:
    """Let an accepted record move the watermark: never beyond its own arrival, so one bad clock moves nothing."""
    reached = min(time, append)
    if append > lane.arrival:
        lane.arrival = append
    if lane.watermark is None or reached > lane.watermark:
        lane.watermark = reached
        if lane.present is None or reached > lane.present:
            lane.present = reached
        if reached >= lane.border:
            reach(plan, lane, reached)


def reach(plan: Plan, lane: Lane, watermark: int) -> None:
    """Work out which moments the windows still reach, and until when that answer holds."""
    for number, (pane, windows) in enumerate(plan.spans):
        if watermark >= lane.borders[number]:
            lane.firsts[number] = min(window.first(watermark) for window in windows)
            lane.borders[number] = ((watermark + HOME) // pane + 1) * pane - HOME
    lane.oldest = min(lane.firsts, default=FOREVER)
    lane.border = min(lane.borders, default=FOREVER)


def advance(state: State, now_ms: int, idle_ms: int) -> bool:
    """Move the present of idle lanes on by the time since their newest record; True if anything moved.

    `now_ms`: by the clock that stamps the records, the broker's. Call it only while the partition is caught up.
    """
    moved = False
    for lane in state.lanes.values():
        if lane.watermark is None or lane.present is None or now_ms - max(lane.arrival, lane.heard) < idle_ms:
            continue
        present = lane.watermark + now_ms - lane.arrival
        if present > lane.present:
            lane.present, moved = present, True
    state.version += moved
    return moved
