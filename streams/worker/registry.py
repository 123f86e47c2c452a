"""Reference data in force now, as metrics: what rules join and walls name. Read again when a file changes.

Only what is shown here follows the files: decoding and folding keep the reference data of the start of the process, for
the fate of a record must not change in its middle. Knows neither Kafka nor Faust.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from schemas import names
from schemas.entities import Entity
from schemas.errors import DeclarationError
from schemas.feed import Feed
from schemas.reference import Reference
from schemas.reference.rows import LABELS, Limit, Row, Station, Target

LOOK_SECONDS = 3.0
BASIS_BYTES = 120
"""Bytes of a basis that are shown: label values have a limit where they are scraped."""

SUBJECTS = tuple(LABELS)
TITLES = ("title_vi", "title_en")

Signature = tuple[tuple[str, int, int, int], ...]

log = logging.getLogger(__name__)


class Registry:
    """Shows reference data; asked from one thread at a time, that of the page.

    `read` answers the reference data of the folder anew, and raises DeclarationError naming file, line and field.
    """

    def __init__(self, reference: Reference, feeds: Sequence[Feed], folder: Path, read: Callable[[], Reference], *,
                 partitions: int, wall: Callable[[], float] = time.time,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self.reference = reference
        self.feeds = feeds
        self.folder = folder
        self.read = read
        self.partitions = partitions
        self.wall = wall
        self.clock = clock
        self.valid = True
        self._signature = signature(folder)
        self._looked = clock()

    def families(self) -> Iterator[Metric]:
        """Every family of now; looks at the files at most every few seconds."""
        if self.clock() - self._looked >= LOOK_SECONDS:
            self._looked = self.clock()
            self._look()
        yield gauge("reference_valid", "1 while the files of reference data hold; 0: the last valid ones stay in force "
                                       "/ Dữ liệu tham chiếu hợp lệ.", (), [((), int(self.valid))])
        yield gauge("feed_partitions", "Partitions that the topic must have / Số phân vùng phải có.", ("feed", "topic"),
                    [((feed.name, feed.topic), self.partitions) for feed in self.feeds])
        now = int(self.wall() * 1000)
        for part in (limits, targets, stations, lists):
            yield from part(self.reference, self.feeds, now)

    def _look(self) -> None:
        found = signature(self.folder)
        if found == self._signature:
            return
        self._signature = found
        try:
            self.reference = self.read()
        except (DeclarationError, OSError) as error:
            self.valid = False
            # as text: the worker takes an error of ours in a log for its own end, and says it once
            log.error("reference data not taken over, the last valid stays in force: %s", str(error))
        else:
            self.valid = True
            log.warning("reference data read again: limits, targets and titles are those of the files now")


def signature(folder: Path) -> Signature:
    """What changes when a file does: name, inode, size and time of each."""
    found = []
    for path in sorted(folder.rglob("*.csv")):
        try:
            about = path.stat()
        except FileNotFoundError:  # replaced this moment: seen at the next look
            continue
        found.append((str(path), about.st_ino, about.st_size, about.st_mtime_ns))
    return tuple(found)


Sample = tuple[Iterable[str], float]
R = TypeVar("R", bound=Row)


def gauge(name: str, text: str, labels: Sequence[str], samples: Iterable[Sample]) -> Metric:
    """One family; labels without a value are left to be empty."""
    family = GaugeMetricFamily(names.metric(name), text, labels=labels)
    for values, value in samples:
        family.add_metric(list(values), value)
    return family


def limits(reference: Reference, feeds: Sequence[Feed], now: int) -> Iterator[Metric]:  # noqa: ARG001  # one form for all
    """Limits in force, each in the unit of the KPI it guards, whether it is assumed, and on what it rests."""
    rows = reference.limits.in_force(now)
    key = ("limit", "level", *SUBJECTS)
    yield gauge("limit_value", "Limit in the unit of its KPI / Ngưỡng.", (*key, "status", "unit"),
                [((*limit_key(row), row.status, row.unit), row.value) for row in rows])
    yield gauge("limit_assumed", "1 if the limit is only assumed / Ngưỡng giả định.", key,
                [(limit_key(row), int(row.status == "assumed")) for row in rows])
    yield gauge("limit_info", "On what a limit rests / Căn cứ của ngưỡng.", (*key, "status", "unit", "basis"),
                [((*limit_key(row), row.status, row.unit, shortened(row.basis)), 1) for row in rows])


def shortened(basis: str) -> str:
    """The text, or as much of it as a label may hold."""
    raw = basis.encode()
    return basis if len(raw) <= BASIS_BYTES else raw[:BASIS_BYTES - 3].decode(errors="ignore") + "…"


def limit_key(row: Limit) -> tuple[str, ...]:
    """Which limit, of whom."""
    return row.limit, row.level, *subject(row)


def subject(row: Limit | Target) -> tuple[str, ...]:
    """The subject under its own label, the other labels empty."""
    return tuple(row.subject if row.label == label else "" for label in SUBJECTS)


def targets(reference: Reference, feeds: Sequence[Feed], now: int) -> Iterator[Metric]:
    """Targets in force; a share has one from 0 to 1, anything else one in the unit of its KPI."""
    units = {kpi.target.name: feed.unit(kpi).suffix for feed in feeds for kpi in feed.kpis if kpi.target}
    rows = reference.targets.in_force(now)
    for name, is_ratio, text in (("ratio", True, "Mục tiêu (tỷ lệ) / Target ratio."),
                                 ("value", False, "Mục tiêu (giá trị) / Target value.")):
        yield gauge(f"kpi_target_{name}", text, ("kpi", "period", *SUBJECTS, "status"),
                    [((kpi_of(row), row.period, *subject(row), row.status), row.value) for row in rows
                     if (units.get(row.target, "ratio") == "ratio") == is_ratio])


def kpi_of(row: Target) -> str:
    """The id of a target's KPI: dossier_on_time."""
    return row.target.replace(".", "_")


def stations(reference: Reference, feeds: Sequence[Feed], now: int) -> Iterator[Metric]:
    """What each station is, and which KPIs of it are expected."""
    rows = reference.stations.in_force(now)
    labels = ("station", *TITLES, "river", "commune", "admin_version", "agency", "source", "status")
    yield gauge("station_info", "What a station is / Trạm.", labels,
                [((row.station_id, row.title_vi, row.title_en, row.river, row.commune, row.admin_version, row.agency,
                   row.source, row.status), 1) for row in rows])
    yield gauge("station_expected", "1 for a KPI that a station should measure / Trạm phải đo.",
                ("feed", "kpi", "station"),
                [((feed.name, kpi, row.station_id), 1) for feed in feeds for row in rows
                 for kpi in expected(feed, row, reference)])


def expected(feed: Feed, row: Station, reference: Reference) -> Iterator[str]:
    """The KPIs of a feed that a station should measure: those named in `measures`, and those from the same reading."""
    listed = feed.listed(feed.key)
    source = reference.source(row.source)
    if listed is None or listed.name != "stations" or not isinstance(feed.entity, Entity) or row.status == "foreign":
        return
    if source is None or feed.name not in source.feeds:
        return
    proofs = {feed.proof(kpi) for kpi in feed.kpis if kpi.name in row.measures}
    yield from dict.fromkeys(kpi.name for kpi in feed.kpis if feed.by_entity(kpi) and feed.proof(kpi) in proofs)


def lists(reference: Reference, feeds: Sequence[Feed], now: int) -> Iterator[Metric]:  # noqa: ARG001  # one form for all
    """Titles of communes, agencies, services and sources."""
    yield gauge("commune_info", "What a commune is / Xã, phường.",
                ("commune", "admin_version", "district", *TITLES),
                [((row.code, row.admin_version, row.district, row.title_vi, row.title_en), 1)
                 for row in unique(reference.communes.rows, lambda row: (row.code, row.admin_version), now)])
    yield gauge("agency_info", "What an agency is / Cơ quan.", ("agency", *TITLES),
                [((row.agency, row.title_vi, row.title_en), 1)
                 for row in unique(reference.agencies.rows, lambda row: row.agency, now)])
    yield gauge("service_info", "What a service is / Dịch vụ.",
                ("service", "kind", "agency", "critical", *TITLES, "status"),
                [((row.service_id, row.kind, row.agency, yes_or_no(row.critical), row.title_vi, row.title_en,
                   row.status), 1) for row in reference.services.in_force(now)])
    yield gauge("source_info", "Who sends a feed / Hệ thống gửi.",
                ("source", "feed", "agency", "critical", *TITLES, "status"),
                [((row.source, feed, row.agency, yes_or_no(row.critical), row.title_vi, row.title_en, row.status), 1)
                 for row in reference.sources.in_force(now) for feed in row.feeds])


def unique(rows: Iterable[R], key: Callable[[R], object], now: int) -> list[R]:
    """One row per key: that in force, else the newest: old numbers keep their names."""
    found: dict[object, R] = {}
    for row in sorted(rows, key=lambda row: (row.in_force(now), row.valid_from)):
        found[key(row)] = row
    return list(found.values())


def yes_or_no(value: bool) -> str:
    """As the files write it."""
    return "yes" if value else "no"
