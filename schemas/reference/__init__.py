"""Dated reference data: what is in force at a moment, read from the CSV files in `reference/`.

An error in a row names file, line and field. No value lives here: limits, lists and dates are the officials' files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from schemas.calendars import Calendar
from schemas.errors import DeclarationError, Flag, Reason
from schemas.reference.checks import check, own_versions
from schemas.reference.days import read_calendar
from schemas.reference.places import CommuneVerdict, Unit, official_units, units_by_code
from schemas.reference.rows import (
    LISTS,
    AdminVersion,
    Agency,
    Category,
    Commune,
    Counter,
    Domain,
    Limit,
    OfficeHours,
    Procedure,
    Province,
    Row,
    Service,
    ServiceLevel,
    Source,
    Station,
    Target,
    UnitChange,
)
from schemas.reference.sheets import files_of, read_rows, require_files
from schemas.reference.tables import Table


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
        return next((row for row in self.service_levels_for(name, **labels) if row.in_force(at_ms)), None)

    def service_levels_for(self, name: str, **labels: str) -> tuple[ServiceLevel, ...]:
        """Return the service levels of all times that fit the labels, those that fit best first."""
        if name not in self.service_levels.by_id:
            raise DeclarationError(f"no service level {name!r} in reference/service_levels.csv")
        given = {f"{label}={value}" for label, value in labels.items()}
        fitting = (row for row in self.service_levels.by_id[name] if given.issuperset(row.labels))
        return tuple(sorted(fitting, key=lambda row: -len(row.labels)))

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
        for path in files_of(folder, kinds):
            rows[path.stem].extend(read_rows(path, kinds[path.stem], home=home))
    require_files(home, kinds)
    official, neighbours = official_units(home, rows)
    for name in ("communes", "districts"):
        rows[name] = [*official[name], *rows[name]]
    tables: dict[str, Table[Any]] = {name: Table(name, found) for name, found in rows.items()}
    check(tables, home)
    hours = tables["office_hours"].rows
    calendar = read_calendar([folder / "calendars" for folder in folders], hours, home=home)
    return Reference(
        **{name: tables[name] for name in LISTS},
        tables=tables,
        calendar=calendar,
        versions=own_versions(tables),
        units=units_by_code(tables, neighbours),
    )
