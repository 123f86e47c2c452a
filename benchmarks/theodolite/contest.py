"""One drain of UC2, ours or a contestant's: the statistics of every window compared."""

from collections.abc import Mapping, Sequence
from math import isclose

from benchmarks.result import Run
from benchmarks.theodolite.log import FEEDS, feed
from benchmarks.theodolite.readings import WINDOW_MS
from benchmarks.ysb.contest import Bed, counts_of, drain_task, drained, measured_by, run_of, said_by, worker_on
from benchmarks.ysb.log import topic_of
from benchmarks.ysb.snapshots import lanes, plan_of
from schemas.windows import HOME
from streams.engine.labels import SEPARATOR

STEPS = 1000
"""Of ours in a watt: a sum of steps has no error of rounding."""

Windows = Mapping[str, Sequence[float]]


def ours(bed: Bed, state_topic: str, more: Mapping[str, str]) -> Run:
    """The shipped worker on the declared feed, from where it begins to read until it shows every reading."""
    number = bed.stored.events
    found = drained(worker_on(bed, state_topic, more, FEEDS), number)
    shown = found.page.total("ioc_uc2_power_count", window="1h")
    is_exact = shown == number and is_same(windows(bed, state_topic), bed.stored.truth[number])
    return run_of(found, number, is_exact=is_exact)


def windows(bed: Bed, state_topic: str) -> dict[str, list[float]]:
    """The six statistics of every sensor and window that the confirmed snapshots in Kafka hold, as they are shown."""
    plan = plan_of(feed(), bed.reference)
    found: dict[str, list[float]] = {}
    for lane in lanes(bed.broker, state_topic, plan):
        for labels, panes in lane.cells[0].items():
            sensor = labels.split(SEPARATOR)[0]
            for pane, count in panes.items():
                total, (least,), (most,), (sum_of_mean, number), spread = (
                    cells[labels][pane] for cells in lane.cells[1:])
                [variance] = plan.windowed[-1].aggregate.read(spread)
                start = pane * plan.windowed[0].pane - HOME
                found[f"{sensor}:{start // WINDOW_MS}"] = [
                    count, total / STEPS, least / STEPS, most / STEPS, sum_of_mean / STEPS / number, variance / STEPS,
                ]  # fmt: skip
    return found


def peer(bed: Bed, command: tuple[str, ...], *, number: int, warm: int = 0) -> Run:
    """A contestant that measures itself."""
    said = said_by(command, drain_task(bed, topic_of(number, bed.stored.events, feed()), number - warm, warm))
    truth = bed.stored.truth[number]
    is_exact = said["events"] in (number, number - warm) and is_same(counts_of(said), truth)
    return measured_by(said, number - warm, is_exact=is_exact)


def is_same(found: Windows, truth: Windows) -> bool:
    """Whether the windows are the same, and of each all statistics, but for the last digits."""
    return found.keys() == truth.keys() and all(
        len(found[name]) == len(wanted)
        and all(isclose(one, other, rel_tol=1e-9, abs_tol=1e-6) for one, other in zip(found[name], wanted, strict=True))
        for name, wanted in truth.items()
    )
