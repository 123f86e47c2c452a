"""What was visible when, and how long an event waited to be part of it.

Counts do not tell which events they hold. So the k-th view by plan is set against the first moment at which k views
were visible. That is the view's own latency as long as the partitions are read abreast; of partitions that are not, it
is the latency at which as many views were there, and differs from a view's own by how far the partitions are apart.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from math import ceil, inf


class Timeline:
    """How many views were visible at which moments; written by one thread and read by another."""

    def __init__(self) -> None:
        self.moments: list[float] = []
        self.totals: list[int] = []

    def add(self, moment: float, total: int) -> None:
        """So many were visible; kept only if it is news."""
        if total != self.latest:
            self.totals.append(total)
            self.moments.append(moment)  # last: whoever sees the moment finds its total

    @property
    def latest(self) -> int:
        """How many are visible now."""
        return self.totals[-1] if self.totals else 0

    def reached(self, total: int, since: float) -> float | None:
        """The first moment after `since` at which so many were visible; None if there was none."""
        first = bisect_right(self.moments, since)
        return next((moment for moment, there in zip(self.moments[first:], self.totals[first:], strict=False)
                     if there >= total), None)

    def scraped(self, each: float) -> "Timeline":
        """The same as somebody saw it who looked at whole multiples of `each` seconds only."""
        found = Timeline()
        for moment, total in zip(self.moments, self.totals, strict=True):
            look = ceil(moment / each) * each
            if found.moments and found.moments[-1] == look:
                found.totals[-1] = total
            else:
                found.add(look, total)
        return found

    def excess(self, due: Sequence[float]) -> int:
        """By how many more views were ever visible than were due by then; 0 if never."""
        return max((total - bisect_right(due, moment)
                    for moment, total in zip(self.moments, self.totals, strict=True)), default=0)


def waits(due: Sequence[float], before: int, timeline: Timeline) -> Iterator[float]:
    """Seconds from the planned moment of each view until it was visible; infinite if it never was.

    `due` are the moments of the views with the numbers `before` + 1, `before` + 2 and so on, in order.
    """
    shown = iter(zip(timeline.moments, timeline.totals, strict=True))
    moment, total = 0.0, 0
    for number, planned in enumerate(due, before + 1):
        while total < number:
            moment, total = next(shown, (inf, number))
        yield moment - planned


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all do not exceed (nearest rank); `ordered` ascends."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
