"""Where an event stands in the reference data of its moment: its source, its agency, its administrative unit.

Most events of a source say the same of these, so an answer is remembered until the next moment at which a row of the
reference data begins or ends.
"""

from bisect import bisect_right
from itertools import chain
from typing import Final, NamedTuple

from schemas.errors import Reason, Rejection
from schemas.labels import OTHER
from schemas.reference import Reference
from schemas.reference.rows import FOREVER

KNOWN_MOST: Final = 50_000
NO_FLAGS: tuple[str, ...] = ()


class Placed(NamedTuple):
    """What holds from one moment to before another; `agency` is `other` if it is not listed then.

    `commune` and `version` are None if the event names no unit.
    """

    since: int
    until: int
    source: str
    agency: str
    commune: str | None
    version: str | None
    flags: tuple[str, ...]
    unlisted: bool


class Placing:
    """Places the events of one feed; `known` are the answers remembered, by what the event says."""

    def __init__(self, feed: str, reference: Reference) -> None:
        self._feed, self._reference = feed, reference
        self._sources = {
            source: spans
            for source, rows in reference.sources.by_id.items()
            if (spans := tuple((row.valid_from, row.valid_to) for row in rows if feed in row.feeds))
        }
        edges = {-FOREVER, FOREVER}.union(*chain(*self._sources.values()), *chain(*reference.agencies.spans.values()))
        edges.update(chain(*((row.valid_from, row.valid_to) for row in reference.versions)))
        edges.update(chain(*((unit.valid_from, unit.valid_to) for unit in reference.units.values())))
        self._edges = sorted(edges)
        self.known: dict[tuple[str, str, str | None, str | None], Placed] = {}

    def place(self, source: str, agency: str, unit: str | None, version: str | None, time: int) -> Placed | Rejection:
        """Where the event stands; remembered if it is good and says nothing that is not in the lists."""
        if not any(since <= time < until for since, until in self._sources.get(source, ())):
            return Rejection(Reason.UNKNOWN_SOURCE, "/source", f"{source!r} is not registered for {self._feed!r}")
        asked, commune, flags = version, None, NO_FLAGS
        if unit is not None:
            verdict = self._reference.commune(unit, version, time)
            if verdict.reason is not None:
                return Rejection(verdict.reason, "/adminunit", f"{unit!r} in version {verdict.version}")
            commune, version, flags = verdict.commune, verdict.version, verdict.flags
        unlisted = not self._reference.agencies.known(agency, time)
        place = bisect_right(self._edges, time)
        since, until = self._edges[place - 1], self._edges[place]
        placed = Placed(since, until, source, OTHER if unlisted else agency, commune, version, flags, unlisted)
        if not unlisted:
            if len(self.known) >= KNOWN_MOST:
                self.known.clear()
            self.known[source, agency, unit, asked] = placed
        return placed
