"""The lists held against each other."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from schemas.errors import DeclarationError
from schemas.reference.rows import LABELS, AdminVersion, Commune, Counter, Limit, Row, Station, Target
from schemas.reference.sheets import fault
from schemas.reference.tables import Table


def check(tables: Mapping[str, Table[Any]], home: Path) -> None:
    """Hold all lists against each other.

    Raises:
        DeclarationError: names the first row that contradicts itself or another.
    """
    for table in tables.values():
        _check_overlaps(table)
        for row in table.rows:
            _check_references(row, tables)
            if isinstance(row, Limit | Target):
                _check_subject(row, tables)
            if isinstance(row, Station | Counter) and row.commune:
                _check_commune(row, tables["communes"])
    if not own_versions(tables):
        raise DeclarationError(f"{home.name}/admin_versions.csv has no row")


def _check_overlaps(table: Table[Any]) -> None:
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in table.rows:
        groups[tuple(getattr(row, name) for name in row.KEY)].append(row)
    for rows in groups.values():
        rows.sort(key=lambda row: row.valid_from)
        for earlier, later in pairwise(rows):
            if later.valid_from < earlier.valid_to:
                raise fault(later.origin, "valid_from", f"overlaps {earlier.origin}, which has the same id")


def _check_references(row: Row, tables: Mapping[str, Table[Any]]) -> None:
    for name, list_name in row.REFERS.items():
        if getattr(row, name) not in tables[list_name].values:
            raise fault(row.origin, name, f"{getattr(row, name)!r} is not in {list_name}.csv")


def _check_subject(row: Limit | Target, tables: Mapping[str, Table[Any]]) -> None:
    if bool(row.label) != bool(row.subject):
        raise fault(row.origin, "subject", "label and subject stand together or are both empty")
    if row.label and row.label not in LABELS:
        raise fault(row.origin, "label", f"{row.label!r} is none of: {', '.join(LABELS)}")
    if row.label and row.subject not in tables[LABELS[row.label]].values:
        raise fault(row.origin, "subject", f"{row.subject!r} is not in {LABELS[row.label]}.csv")


def _check_commune(row: Station | Counter, communes: Table[Commune]) -> None:
    unit = next((unit for unit in communes.by_id.get(row.commune, ()) if unit.admin_version == row.admin_version), None)
    if unit is None:
        raise fault(row.origin, "commune", f"{row.commune!r} is no commune of version {row.admin_version!r}")
    if unit.valid_to < row.valid_to:
        message = f"commune {row.commune} of {row.admin_version} ends earlier: end the row there, add the successor's"
        raise fault(row.origin, "valid_to", message)


def own_versions(tables: Mapping[str, Table[Any]]) -> tuple[AdminVersion, ...]:
    """The versions of the province's own units, oldest first."""
    own = (row for row in tables["admin_versions"].rows if row.status != "foreign")
    return tuple(sorted(own, key=lambda row: row.valid_from))
