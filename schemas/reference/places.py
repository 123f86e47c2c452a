"""Administrative units: the official lists of 2023 and 2025, what surrounds them, and what a code means."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import Flag, Reason
from schemas.reference.rows import FOREVER, AdminVersion, Commune, Row, UnitChange
from schemas.reference.sheets import UNIT_FILES, fault, lines
from schemas.reference.tables import Table


class Unit(NamedTuple):
    """A code of one version, ready for judgement."""

    commune: str
    valid_from: int
    valid_to: int
    reason: Reason | None = None


class CommuneVerdict(NamedTuple):
    """What a code means: `commune` is empty for a district, the province or a refused code."""

    commune: str
    version: str
    flags: tuple[Flag, ...] = ()
    reason: Reason | None = None


def official_units(home: Path, rows: Mapping[str, list[Row]]) -> tuple[dict[str, list[Row]], set[tuple[str, str]]]:
    """Return communes and districts of both versions, and the (version, code) of the former neighbour's units."""
    versions = {row.admin_version: row for row in rows["admin_versions"] if isinstance(row, AdminVersion)}
    changes = {(row.admin_version, row.code): row for row in rows["unit_changes"] if isinstance(row, UnitChange)}
    old, new = (
        list(lines(home / name, ("admin_version", "code", "full_name"), home=home, exact=False)) for name in UNIT_FILES
    )
    found: dict[str, list[Row]] = {"communes": [], "districts": []}
    for origin, cells in [*old, *new]:
        key = cells["admin_version"], cells["code"]
        if key[0] not in versions:
            raise fault(origin, "admin_version", f"{key[0]!r} is not in admin_versions.csv")
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


def units_by_code(tables: Mapping[str, Table[Any]], neighbours: set[tuple[str, str]]) -> dict[tuple[str, str], Unit]:
    """What each (version, code) means."""
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
