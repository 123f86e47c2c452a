"""What one line of each list says, and which lists there are."""

import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from typing import ClassVar, Final, Literal

from schemas.calendars import HOUR_MS, LOCAL_OFFSET_MS, Calendar

FOREVER: Final = 1 << 62
"""`valid_to` of a row whose end is open."""

LOCAL: Final = timezone(timedelta(milliseconds=LOCAL_OFFSET_MS))

Status = Literal["official", "derived", "assumed", "foreign"]
"""official: printed in a named source; derived: computed from one; assumed: not verified; foreign: of a replay only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of one file, in force for the moments [valid_from, valid_to)."""

    KEY: ClassVar[tuple[str, ...]] = ()  # what may stand only once at a moment; its first field is the id
    REFERS: ClassVar[Mapping[str, str]] = {}  # field -> list that must contain its value

    valid_from: int
    valid_to: int = FOREVER
    basis: str
    status: Status
    origin: str = field(default="", compare=False)  # "reference/stations.csv, line 7"

    def in_force(self, at_ms: int) -> bool:
        """Tell whether the row is in force at a moment."""
        return self.valid_from <= at_ms < self.valid_to


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency(Row):
    """A body that sends events or answers for them; communes share the id `commune`."""

    KEY = ("agency",)
    agency: str
    title_vi: str
    title_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminVersion(Row):
    """One version of the administrative units: whose codes they are and when it is assumed."""

    KEY = ("admin_version",)
    admin_version: str
    province: str
    title_vi: str
    title_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Province(Row):
    """The code of a province in one version: tells a foreign place from a code that does not exist."""

    KEY = ("code", "admin_version")
    REFERS = types.MappingProxyType({"admin_version": "admin_versions"})
    code: str
    admin_version: str
    title_vi: str
    title_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commune(Row):
    """An administrative unit of commune or district level; key = (code, admin_version), never the name."""

    KEY = ("code", "admin_version")
    REFERS = types.MappingProxyType({"admin_version": "admin_versions"})
    code: str
    admin_version: str
    title_vi: str
    title_en: str
    district: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitChange(Row):
    """Dates of one unit that differ from those of its version: a commune abolished earlier, for example."""

    KEY = ("code", "admin_version")
    REFERS = types.MappingProxyType({"admin_version": "admin_versions", "code": "communes"})
    code: str
    admin_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source(Row):
    """A system that sends events; `every_s` is its own expected interval where it differs from the feed's."""

    KEY = ("source",)
    REFERS = types.MappingProxyType({"agency": "agencies"})
    source: str
    agency: str
    feeds: tuple[str, ...]
    title_vi: str
    title_en: str
    critical: bool
    every_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Station(Row):
    """A measuring station; `measures` are the kinds of reading expected of it: rain, level, temperature, ..."""

    KEY = ("station_id",)
    REFERS = types.MappingProxyType({"agency": "agencies", "source": "sources"})
    station_id: str
    title_vi: str
    title_en: str
    river: str = ""
    commune: str = ""
    admin_version: str = ""
    agency: str
    source: str
    measures: tuple[str, ...]
    datum: str = ""
    level_min_m: float | None = None  # lowest and highest level seen, for the plausible range
    level_max_m: float | None = None
    flood_region: int | None = None  # region of QĐ 18/2021/QĐ-TTg; not verified for any station
    every_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service(Row):
    """A service of the data-sharing platforms, or an application behind the sign-on; `every_s` as for a source."""

    KEY = ("service_id",)
    REFERS = types.MappingProxyType({"agency": "agencies"})
    service_id: str
    kind: Literal["api", "ndxp", "sign_in"]
    agency: str
    title_vi: str
    title_en: str
    critical: bool
    every_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter(Row):
    """A one-stop counter that receives dossiers."""

    KEY = ("counter",)
    REFERS = types.MappingProxyType({"agency": "agencies"})
    counter: str
    agency: str
    commune: str = ""
    admin_version: str = ""
    title_vi: str
    title_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain(Row):
    """A field of administration; at most twelve."""

    KEY = ("domain",)
    domain: str
    title_vi: str
    title_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Category(Row):
    """A category of field feedback; at most twenty. Hazard categories run on a clock that never stops."""

    KEY = ("category",)
    category: str
    hazard: bool
    title_vi: str
    title_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure(Row):
    """An administrative procedure and its legal period in working days, where known."""

    KEY = ("procedure_code",)
    REFERS = types.MappingProxyType({"agency": "agencies", "domain": "domains"})
    procedure_code: str
    domain: str
    agency: str
    service_level: Literal["full", "partial"]
    working_days: float | None = None
    title_vi: str
    title_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel(Row):
    """A deadline by default: so many hours on the working or the calendar clock, for the cases its labels name."""

    KEY = ("name", "labels")
    name: str
    labels: tuple[str, ...] = ()  # "urgency=urgent", "hazard=yes"; empty = every case
    clock: Literal["working", "calendar"]
    hours: float
    title_vi: str
    title_en: str

    @property
    def span_ms(self) -> int:
        """Length in whole milliseconds of its clock."""
        return round(self.hours * HOUR_MS)

    def deadline(self, at_ms: int, calendar: Calendar) -> int:
        """Return the moment at which a case that begins at `at_ms` is due."""
        return calendar.add(at_ms, self.span_ms) if self.clock == "working" else at_ms + self.span_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(Row):
    """A value whose crossing raises an alert, in the unit of the KPI it guards; without a subject for all."""

    KEY = ("limit", "level", "label", "subject")
    limit: str
    level: str = ""
    label: str = ""
    subject: str = ""
    value: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Row):
    """A value to reach in a period."""

    KEY = ("target", "period", "label", "subject")
    target: str
    period: str = ""
    label: str = ""
    subject: str = ""
    value: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeHours(Row):
    """One span of office hours of one weekday, 1 = Monday to 7 = Sunday."""

    KEY = ("weekday", "opens")
    weekday: int
    opens: str
    closes: str


LISTS: Final[Mapping[str, type[Row]]] = {
    "agencies": Agency,
    "admin_versions": AdminVersion,
    "provinces": Province,
    "communes": Commune,
    "districts": Commune,
    "unit_changes": UnitChange,
    "sources": Source,
    "stations": Station,
    "services": Service,
    "counters": Counter,
    "domains": Domain,
    "categories": Category,
    "procedures": Procedure,
    "service_levels": ServiceLevel,
    "limits": Limit,
    "targets": Target,
    "office_hours": OfficeHours,
}
"""Every list and the type of its rows; `<list>.csv` holds it, but the official units come from `admin_units_*.csv`."""

LABELS: Final[Mapping[str, str]] = {
    "agency": "agencies",
    "application": "services",
    "category": "categories",
    "counter": "counters",
    "domain": "domains",
    "service": "services",
    "source": "sources",
    "station": "stations",
}
"""Labels by which a limit or target may name its subject, and the list that must contain it."""
