"""One drain of IOC-1, ours or a contestant's: every window compared, and how many were rejected, repeated and late."""

from collections import Counter
from collections.abc import Mapping

from benchmarks.ioc1.log import FEEDS, feed
from benchmarks.ioc1.recount import FATES
from benchmarks.result import Run
from benchmarks.ysb.contest import Bed, counts_of, drain_task, drained, measured_by, run_of, said_by, worker_on
from benchmarks.ysb.log import topic_of
from benchmarks.ysb.snapshots import lanes, plan_of, windows_of
from streams.engine.labels import SEPARATOR

PATIENT = {"IOC_IDLE_SECONDS": "3600"}
"""The log is stored minutes before it is read: the present of an idle partition would go on by as much, and the page's
window of 15 minutes let go of the beginning while another partition is still read."""


def ours(bed: Bed, state_topic: str, more: Mapping[str, str]) -> Run:
    """The shipped worker on the declared feed, from where it begins to read until it shows every event."""
    number = bed.stored.events
    found = drained(worker_on(bed, state_topic, {**PATIENT, **more}, FEEDS), number)
    truth = bed.stored.truth[number]
    shown = found.page.total("ioc_ioc1_views", window="15m")
    is_shown = shown == sum(count for name, count in truth.items() if name not in FATES)
    return run_of(found, number, is_exact=is_shown and counted(bed, state_topic) == truth)


def counted(bed: Bed, state_topic: str) -> Counter[str]:
    """Every window and every fate that the confirmed snapshots in Kafka hold."""
    plan = plan_of(feed(), bed.reference)
    kept = lanes(bed.broker, state_topic, plan)
    found = windows_of(plan, kept)
    for lane in kept:
        for name, number in lane.fates.items():
            fate = name.rpartition(SEPARATOR)[2]
            if fate in FATES:
                found[fate] += number
    return found


def peer(bed: Bed, command: tuple[str, ...], *, number: int, warm: int = 0) -> Run:
    """A contestant that measures itself."""
    said = said_by(command, drain_task(bed, topic_of(number, bed.stored.events, feed()), number - warm, warm))
    is_exact = whole(counts_of(said)) == bed.stored.truth[number] and said["events"] in (number, number - warm)
    return measured_by(said, number - warm, is_exact=is_exact)


def whole(counts: Mapping[str, int]) -> Counter[str]:
    """Counts in which a fate stands once: one may have counted it by windows, as everything else."""
    found = Counter[str]()
    for name, number in counts.items():
        fate = name.partition(":")[0]
        found[fate if fate in FATES else name] += number
    return found
