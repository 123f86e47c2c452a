"""Dated reference data: what is in force at a moment, read from the CSV files in `reference/`.

An error in a row names file, line and field. No value lives here: limits, lists and dates are the officials' files.
"""

import csv
import math
import types
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import (
    Any,
    ClassVar,
    Final,
    Generic,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from schemas.calendars import HOUR_MS, LOCAL_OFFSET_MS, Calendar, Office, local_date, local_midnight
from schemas.errors import DeclarationError, Flag, Reason

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


R = TypeVar("R", bound=Row)


class Table(Generic[R]):
    """The rows of one list, by id."""

    def __init__(self, name: str, rows: Iterable[R] = ()) -> None:
        self.name = name
        self.rows: tuple[R, ...] = tuple(rows)
        self.by_id: Mapping[str, tuple[R, ...]] = _grouped(self.rows)
        self.values: frozenset[str] = frozenset(self.by_id)
        self.spans = {key: _merged(rows) for key, rows in self.by_id.items()}

    def known(self, value: str, at_ms: int) -> bool:
        """Tell whether the id is in force at a moment."""
        for since, until in self.spans.get(value, ()):  # noqa: SIM110  a generator would cost three times the look-up
            if since <= at_ms < until:
                return True
        return False

    def get(self, value: str, at_ms: int | None = None) -> R | None:
        """Return the first row of the id in force at a moment; without a moment, the newest row."""
        rows = self.by_id.get(value, ())
        if at_ms is None:
            return rows[-1] if rows else None
        return next((row for row in rows if row.in_force(at_ms)), None)

    def in_force(self, at_ms: int) -> tuple[R, ...]:
        """Return every row in force at a moment, in the order of the file."""
        return tuple(row for row in self.rows if row.in_force(at_ms))


class CommuneVerdict(NamedTuple):
    """What a code means: `commune` is empty for a district, the province or a refused code."""

    commune: str
    version: str
    flags: tuple[Flag, ...] = ()
    reason: Reason | None = None


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

UNIT_FILES: Final = ("admin_units_2023.csv", "admin_units_2025.csv")


class Unit(NamedTuple):
    """A code of one version, ready for judgement."""

    commune: str
    valid_from: int
    valid_to: int
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """All reference data of one start, checked; a change of a file takes effect with the next start."""

    agencies: Table[Agency]
    admin_versions: Table[AdminVersion]
    provinces: Table[Province]
    communes: Table[Commune]
    districts: Table[Commune]
    unit_changes: Table[UnitChange]
    sources: Table[Source]
    stations: Table[Station]
    services: Table[Service]
    counters: Table[Counter]
    domains: Table[Domain]
    categories: Table[Category]
    procedures: Table[Procedure]
    service_levels: Table[ServiceLevel]
    limits: Table[Limit]
    targets: Table[Target]
    office_hours: Table[OfficeHours]
    calendar: Calendar
    versions: tuple[AdminVersion, ...]  # the province's own, oldest first
    units: Mapping[tuple[str, str], Unit] = field(repr=False)  # (admin_version, code)
    tables: Mapping[str, Table[Any]] = field(repr=False)

    def table(self, list_name: str) -> Table[Any]:
        """Return one list by its name."""
        if list_name in self.tables:
            return self.tables[list_name]
        raise DeclarationError(f"no list {list_name!r} in the reference data; there are: {', '.join(self.tables)}")

    def known(self, list_name: str, value: str, at_ms: int) -> bool:
        """Tell whether the value stands in the list and is in force at a moment."""
        table = self.tables.get(list_name) or self.table(list_name)
        return table.known(value, at_ms)

    def values(self, list_name: str) -> frozenset[str]:
        """Return every id the list has ever held: the closed set of a label."""
        return self.table(list_name).values

    def station(self, station_id: str, at_ms: int | None = None) -> Station | None:
        """Return a station as it stands at a moment; without a moment, its newest row."""
        return self.stations.get(station_id, at_ms)

    def source(self, source: str, at_ms: int | None = None) -> Source | None:
        """Return a source as it stands at a moment; without a moment, its newest row."""
        return self.sources.get(source, at_ms)

    def measuring(self, measure: str, at_ms: int) -> tuple[Station, ...]:
        """Return the stations of which a kind of reading is expected at a moment."""
        return tuple(station for station in self.stations.in_force(at_ms) if measure in station.measures)

    def sources_of(self, feed: str, at_ms: int) -> tuple[Source, ...]:
        """Return the sources in force that send a feed."""
        return tuple(source for source in self.sources.in_force(at_ms) if feed in source.feeds)

    def service_level(self, name: str, *, at_ms: int, **labels: str) -> ServiceLevel | None:
        """Return the service level in force that fits the labels best: the one that names the most of them."""
        if name not in self.service_levels.by_id:
            raise DeclarationError(f"no service level {name!r} in reference/service_levels.csv")
        given = {f"{label}={value}" for label, value in labels.items()}
        rows = self.service_levels.by_id[name]
        fitting = (row for row in rows if row.in_force(at_ms) and given.issuperset(row.labels))
        return max(fitting, key=lambda row: len(row.labels), default=None)

    def version_at(self, at_ms: int) -> str:
        """Return the version of the administrative units that holds in the province at a moment."""
        for row in reversed(self.versions):
            if row.valid_from <= at_ms:
                return row.admin_version
        return self.versions[0].admin_version

    def commune(self, code: str, version: str | None, at_ms: int) -> CommuneVerdict:
        """Judge the code of an administrative unit (domain.md 4.2: T16, T17, T21; 9.1, 9.2).

        Without a version that of the event time is assumed and flagged. A code of its version that is no longer in
        force is accepted and flagged; one that is not yet in force, or does not exist, is unknown.
        """
        flags: tuple[Flag, ...] = ()
        if not version:
            version, flags = self.version_at(at_ms), (Flag.ASSUMED_VERSION,)
        unit = self.units.get((version, code))
        if unit is None or (unit.reason is None and at_ms < unit.valid_from):
            return CommuneVerdict("", version, flags, Reason.UNKNOWN_COMMUNE)
        if unit.reason is not None:
            return CommuneVerdict("", version, flags, unit.reason)
        if at_ms >= unit.valid_to:
            flags = (*flags, Flag.COMMUNE_ABOLISHED)
        return CommuneVerdict(unit.commune, version, flags)


def load_reference(*folders: Path, lists: Mapping[str, type[Row]] = MappingProxyType({})) -> Reference:
    """Read the province's folder and those that extend it, for example with the places of replayed foreign data.

    `lists` are those that feeds bring along beside `LISTS`.

    Raises DeclarationError, naming file, line and field, for the first row that contradicts itself or another.
    """
    if not folders:
        raise DeclarationError("no folder of reference data is given")
    home = folders[0]
    kinds = {**LISTS, **lists}
    rows: dict[str, list[Row]] = {name: [] for name in kinds}
    for folder in folders:
        for path in _files(folder, kinds):
            rows[path.stem].extend(_read(path, kinds[path.stem], home=home))
    _require_files(home, kinds)
    official, neighbours = _official_units(home, rows)
    for name in ("communes", "districts"):
        rows[name] = [*official[name], *rows[name]]
    tables: dict[str, Table[Any]] = {name: Table(name, found) for name, found in rows.items()}
    _check(tables, home)
    hours = tables["office_hours"].rows
    calendar = _calendar([folder / "calendars" for folder in folders], hours, home=home)
    return Reference(
        **{name: tables[name] for name in LISTS},
        tables=tables,
        calendar=calendar,
        versions=_versions(tables),
        units=_units(tables, neighbours),
    )


# Files: which there are, and their lines.


def _files(folder: Path, kinds: Iterable[str]) -> list[Path]:
    if not folder.is_dir():
        raise DeclarationError(f"the folder of reference data {folder} does not exist")
    paths = sorted(path for path in folder.glob("*.csv") if path.name not in UNIT_FILES)
    for path in paths:
        if path.stem not in kinds:
            raise DeclarationError(f"{path.name} in {folder.name}/ is no list of reference data: rename or remove it")
    return paths


def _require_files(home: Path, kinds: Iterable[str]) -> None:
    names = [f"{name}.csv" for name in kinds if name not in ("communes", "districts")]
    for name in [*names, *UNIT_FILES]:
        if not (home / name).is_file():
            raise DeclarationError(f"{home.name}/{name} is missing")


def _lines(
    path: Path, columns: Iterable[str], *, home: Path, exact: bool = True
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each line with its origin, "reference/stations.csv, line 7"; text in NFC, without outer blanks."""
    label = path.relative_to(home.parent) if path.is_relative_to(home.parent) else path
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, strict=True)
        try:
            header = [name.strip() for name in next(lines, [])]
            _check_header(f"{label.as_posix()}, line 1", header, set(columns), exact=exact)
            for cells in filter(None, lines):
                origin = f"{label.as_posix()}, line {lines.line_num}"
                if len(cells) != len(header):
                    missing = header[min(len(cells), len(header) - 1)]
                    raise _error(origin, missing, f"the line has {len(cells)} cells, the header {len(header)}")
                texts = (unicodedata.normalize("NFC", cell).strip() for cell in cells)
                yield origin, dict(zip(header, texts, strict=True))
        except UnicodeDecodeError as error:
            raise DeclarationError(f"{label.as_posix()} is not UTF-8: save it as CSV UTF-8") from error
        except csv.Error as error:
            raise DeclarationError(f"{label.as_posix()}, line {lines.line_num}: {error}") from error


def _check_header(origin: str, header: list[str], columns: set[str], *, exact: bool) -> None:
    for name in sorted(columns - set(header)):
        raise _error(origin, name, "the column is missing")
    for name in header:
        if (exact and name not in columns) or header.count(name) > 1:
            raise _error(origin, name, "the column is not known or stands twice")


def _error(origin: str, name: str, message: str) -> DeclarationError:
    return DeclarationError(f"{origin}, field {name}: {message}")


# Rows: text to values by the type of the field.


def _read(path: Path, kind: type[Row], *, home: Path) -> Iterator[Row]:
    own = [column for column in fields(kind) if column.name != "origin"]
    hints = get_type_hints(kind)
    for origin, cells in _lines(path, [column.name for column in own], home=home):
        values = {
            column.name: _value(origin, column.name, cells[column.name], hints[column.name], column.default)
            for column in own
        }
        row = kind(**values, origin=origin)
        _check_row(row, foreign_allowed=path.parent != home)
        yield row


def _value(origin: str, name: str, cell: str, hint: Any, default: Any) -> Any:
    if not cell:
        if default is MISSING:
            raise _error(origin, name, "is empty")
        return default
    convert = parse_moment if name in ("valid_from", "valid_to") else _converter(hint)
    try:
        return convert(cell)
    except ValueError as error:
        raise _error(origin, name, str(error)) from error


def _converter(hint: Any) -> Callable[[str], Any]:
    if isinstance(hint, types.UnionType) or get_origin(hint) is Union:
        return _converter(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return lambda cell: _one_of(cell, get_args(hint))
    if get_origin(hint) is tuple:
        return _parts
    simple: dict[Any, Callable[[str], Any]] = {str: str, int: _whole, float: _number, bool: _yes_or_no}
    return simple[hint]


def parse_moment(cell: str) -> int:
    """Read a local date or date-time of ISO 8601; without an offset it is +07:00."""
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        raise ValueError(f"{cell!r} is no date: write 2026-01-31 or 2026-01-31T19:00") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=LOCAL)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _one_of(cell: str, allowed: tuple[str, ...]) -> str:
    if cell not in allowed:
        raise ValueError(f"{cell!r} is none of: {', '.join(allowed)}")
    return cell


def _parts(cell: str) -> tuple[str, ...]:
    parts = sorted(part.strip() for part in cell.split(";"))
    if not all(parts) or len(set(parts)) < len(parts):
        raise ValueError(f"{cell!r} has an empty or a repeated part; parts are separated by ;")
    return tuple(parts)


def _whole(cell: str) -> int:
    if not cell.isascii() or not cell.removeprefix("-").isdigit():
        raise ValueError(f"{cell!r} is no whole number")
    return int(cell)


def _number(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        raise ValueError(f"{cell!r} is no number: write 83.5 with a point") from None
    if not math.isfinite(number):
        raise ValueError(f"{cell!r} is not finite")
    return number


def _yes_or_no(cell: str) -> bool:
    return _one_of(cell, ("yes", "no")) == "yes"


# Checks: a row by itself, then the lists against each other.


def _check_row(row: Row, *, foreign_allowed: bool) -> None:
    if row.valid_to <= row.valid_from:
        raise _error(row.origin, "valid_to", "is not after valid_from (the end is exclusive; empty = still in force)")
    if row.status == "foreign" and not foreign_allowed:
        raise _error(row.origin, "status", "foreign rows belong in a folder of their own, such as reference/foreign/")
    if isinstance(row, ServiceLevel):
        _check_service_level(row)
    if isinstance(row, Station | Source) and row.every_s is not None and row.every_s <= 0:
        raise _error(row.origin, "every_s", "must be more than 0")


def _check_service_level(row: ServiceLevel) -> None:
    if row.hours <= 0:
        raise _error(row.origin, "hours", "must be more than 0")
    if wrong := [part for part in row.labels if not all(part.partition("="))]:
        raise _error(row.origin, "labels", f"{wrong[0]!r} is not of the form label=value")


def _check(tables: Mapping[str, Table[Any]], home: Path) -> None:
    for table in tables.values():
        _check_overlaps(table)
        for row in table.rows:
            _check_references(row, tables)
            if isinstance(row, Limit | Target):
                _check_subject(row, tables)
            if isinstance(row, Station | Counter) and row.commune:
                _check_commune(row, tables["communes"])
    if not _versions(tables):
        raise DeclarationError(f"{home.name}/admin_versions.csv has no row")


def _check_overlaps(table: Table[Any]) -> None:
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in table.rows:
        groups[tuple(getattr(row, name) for name in row.KEY)].append(row)
    for rows in groups.values():
        rows.sort(key=lambda row: row.valid_from)
        for earlier, later in pairwise(rows):
            if later.valid_from < earlier.valid_to:
                raise _error(later.origin, "valid_from", f"overlaps {earlier.origin}, which has the same id")


def _check_references(row: Row, tables: Mapping[str, Table[Any]]) -> None:
    for name, list_name in row.REFERS.items():
        if getattr(row, name) not in tables[list_name].values:
            raise _error(row.origin, name, f"{getattr(row, name)!r} is not in {list_name}.csv")


def _check_subject(row: Limit | Target, tables: Mapping[str, Table[Any]]) -> None:
    if bool(row.label) != bool(row.subject):
        raise _error(row.origin, "subject", "label and subject stand together or are both empty")
    if row.label and row.label not in LABELS:
        raise _error(row.origin, "label", f"{row.label!r} is none of: {', '.join(LABELS)}")
    if row.label and row.subject not in tables[LABELS[row.label]].values:
        raise _error(row.origin, "subject", f"{row.subject!r} is not in {LABELS[row.label]}.csv")


def _check_commune(row: Station | Counter, communes: Table[Commune]) -> None:
    unit = next((unit for unit in communes.by_id.get(row.commune, ()) if unit.admin_version == row.admin_version), None)
    if unit is None:
        raise _error(row.origin, "commune", f"{row.commune!r} is no commune of version {row.admin_version!r}")
    if unit.valid_to < row.valid_to:
        message = f"commune {row.commune} of {row.admin_version} ends earlier: end the row there, add the successor's"
        raise _error(row.origin, "valid_to", message)


def _grouped(rows: Iterable[R]) -> dict[str, tuple[R, ...]]:
    groups: dict[str, list[R]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, row.KEY[0])].append(row)
    return {key: tuple(sorted(group, key=lambda row: row.valid_from)) for key, group in groups.items()}


def _merged(rows: tuple[Row, ...]) -> tuple[tuple[int, int], ...]:
    """Return the spans in which at least one row is in force; `rows` are sorted by their beginning."""
    spans: list[tuple[int, int]] = []
    for row in rows:
        if spans and row.valid_from <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], row.valid_to))
        else:
            spans.append((row.valid_from, row.valid_to))
    return tuple(spans)


# Administrative units: the official lists of 2023 and 2025, and what surrounds them.


def _official_units(home: Path, rows: Mapping[str, list[Row]]) -> tuple[dict[str, list[Row]], set[tuple[str, str]]]:
    """Return communes and districts of both versions, and the (version, code) of the former neighbour's units."""
    versions = {row.admin_version: row for row in rows["admin_versions"] if isinstance(row, AdminVersion)}
    changes = {(row.admin_version, row.code): row for row in rows["unit_changes"] if isinstance(row, UnitChange)}
    old, new = (
        list(_lines(home / name, ("admin_version", "code", "full_name"), home=home, exact=False)) for name in UNIT_FILES
    )
    found: dict[str, list[Row]] = {"communes": [], "districts": []}
    for origin, cells in [*old, *new]:
        key = cells["admin_version"], cells["code"]
        if key[0] not in versions:
            raise _error(origin, "admin_version", f"{key[0]!r} is not in admin_versions.csv")
        dates = changes.get(key, versions[key[0]])
        unit = Commune(
            code=key[1],
            admin_version=key[0],
            title_vi=cells["full_name"],
            title_en=_english_name(cells),
            district=cells.get("district_code", ""),
            valid_from=dates.valid_from,
            valid_to=dates.valid_to,
            basis=dates.basis,
            status=dates.status,
            origin=origin,
        )
        found["districts" if cells.get("level") == "district" else "communes"].append(unit)
    ours = {cells["code"] for _, cells in old}
    former = {
        code
        for _, cells in new
        for code in f"{cells['predecessor_codes']} {cells['former_district_codes_all']}".split()
        if code not in ours
    }
    return found, {(old[0][1]["admin_version"], code) for code in former}


def _english_name(cells: Mapping[str, str]) -> str:
    """Return the official English name, or one formed like it: no marks, then the type ("Kim Tan Ward")."""
    if name := cells.get("full_name_en"):
        return name
    plain = unicodedata.normalize("NFD", cells["name"]).replace("đ", "d").replace("Đ", "D")
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return f"{letters} {cells['type_en'].title()}"


def _versions(tables: Mapping[str, Table[Any]]) -> tuple[AdminVersion, ...]:
    own = (row for row in tables["admin_versions"].rows if row.status != "foreign")
    return tuple(sorted(own, key=lambda row: row.valid_from))


def _units(tables: Mapping[str, Table[Any]], neighbours: set[tuple[str, str]]) -> dict[tuple[str, str], Unit]:
    ours = {row.admin_version: row.province for row in tables["admin_versions"].rows}
    units = {key: Unit("", 0, FOREVER, Reason.OUT_OF_PROVINCE) for key in neighbours}
    for row in tables["provinces"].rows:
        reason = None if row.code == ours[row.admin_version] else Reason.OUT_OF_PROVINCE
        units[row.admin_version, row.code] = Unit("", row.valid_from, row.valid_to, reason)
    for row in tables["districts"].rows:
        units[row.admin_version, row.code] = Unit("", row.valid_from, row.valid_to)
    for row in tables["communes"].rows:
        units[row.admin_version, row.code] = Unit(row.code, row.valid_from, row.valid_to)
    return units


# The calendar: one file a year, and the office hours.

DAY_COLUMNS: Final = ("date", "title_vi", "title_en", "kind", "basis", "status")


def _calendar(folders: Iterable[Path], hours: Iterable[OfficeHours], *, home: Path) -> Calendar:
    years: set[int] = set()
    days: dict[str, dict[date, str]] = {"holiday": {}, "working": {}}
    for path in sorted(path for folder in folders for path in folder.glob("*.csv")):
        if not path.stem.isdigit():
            raise DeclarationError(f"{path.name} in calendars/ is not named after a year")
        years.add(int(path.stem))
        for origin, cells in _lines(path, DAY_COLUMNS, home=home):
            day, kind = _day(origin, cells, year=int(path.stem))
            if any(day in known for known in days.values()):
                raise _error(origin, "date", f"{day} stands twice")
            days[kind][day] = origin
    return Calendar(
        years=frozenset(years),
        holidays=frozenset(days["holiday"]),
        working_days=frozenset(days["working"]),
        office=tuple(_office(row) for row in hours),
    )


def _day(origin: str, cells: Mapping[str, str], *, year: int) -> tuple[date, str]:
    for name in DAY_COLUMNS:
        if not cells[name]:
            raise _error(origin, name, "is empty")
    for name, allowed in (("kind", ("holiday", "working")), ("status", get_args(Status))):
        try:
            _one_of(cells[name], allowed)
        except ValueError as error:
            raise _error(origin, name, str(error)) from error
    try:
        day = date.fromisoformat(cells["date"])
    except ValueError:
        raise _error(origin, "date", f"{cells['date']!r} is no date: write 2026-01-31") from None
    if day.year != year:
        raise _error(origin, "date", f"{day} does not lie in {year}")
    return day, cells["kind"]


def _office(row: OfficeHours) -> Office:
    if not 1 <= row.weekday <= 7:
        raise _error(row.origin, "weekday", "must be 1 (Monday) to 7 (Sunday)")
    opens, closes = (_minutes(row.origin, name, getattr(row, name)) for name in ("opens", "closes"))
    if closes <= opens:
        raise _error(row.origin, "closes", "is not after opens")
    since, until = (_whole_day(row.origin, name, getattr(row, name)) for name in ("valid_from", "valid_to"))
    return Office(row.weekday, opens, closes, since, until)


def _minutes(origin: str, name: str, cell: str) -> int:
    hours, _, minutes = cell.partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and int(hours) * 60 + int(minutes) <= 1440 and int(minutes) < 60):
        raise _error(origin, name, f"{cell!r} is no time of day: write 07:30")
    return int(hours) * 60 + int(minutes)


def _whole_day(origin: str, name: str, at_ms: int) -> date:
    if at_ms == FOREVER:
        return date.max
    day = local_date(at_ms)
    if local_midnight(day) != at_ms:
        raise _error(origin, name, "office hours change at midnight: write a date")
    return day
