"""CSV files to rows: text to values by the type of the field; an error names file, line and field."""

import csv
import math
import types
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from schemas.errors import DeclarationError
from schemas.reference.rows import LOCAL, Row, ServiceLevel, Source, Station

UNIT_FILES: Final = ("admin_units_2023.csv", "admin_units_2025.csv")


def files_of(folder: Path, kinds: Iterable[str]) -> list[Path]:
    """The lists in a folder, but for the official units."""
    if not folder.is_dir():
        raise DeclarationError(f"the folder of reference data {folder} does not exist")
    paths = sorted(path for path in folder.glob("*.csv") if path.name not in UNIT_FILES)
    for path in paths:
        if path.stem not in kinds:
            raise DeclarationError(f"{path.name} in {folder.name}/ is no list of reference data: rename or remove it")
    return paths


def require_files(home: Path, kinds: Iterable[str]) -> None:
    """Every list must be in the province's folder."""
    names = [f"{name}.csv" for name in kinds if name not in ("communes", "districts")]
    for name in [*names, *UNIT_FILES]:
        if not (home / name).is_file():
            raise DeclarationError(f"{home.name}/{name} is missing")


def lines(
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
                    raise fault(origin, missing, f"the line has {len(cells)} cells, the header {len(header)}")
                texts = (unicodedata.normalize("NFC", cell).strip() for cell in cells)
                yield origin, dict(zip(header, texts, strict=True))
        except UnicodeDecodeError as error:
            raise DeclarationError(f"{label.as_posix()} is not UTF-8: save it as CSV UTF-8") from error
        except csv.Error as error:
            raise DeclarationError(f"{label.as_posix()}, line {lines.line_num}: {error}") from error


def _check_header(origin: str, header: list[str], columns: set[str], *, exact: bool) -> None:
    for name in sorted(columns - set(header)):
        raise fault(origin, name, "the column is missing")
    for name in header:
        if (exact and name not in columns) or header.count(name) > 1:
            raise fault(origin, name, "the column is not known or stands twice")


def fault(origin: str, name: str, message: str) -> DeclarationError:
    """The error that names file and line (the origin), field and what is wrong."""
    return DeclarationError(f"{origin}, field {name}: {message}")


def read_rows(path: Path, kind: type[Row], *, home: Path) -> Iterator[Row]:
    """The rows of a file, each checked by itself."""
    own = [column for column in fields(kind) if column.name != "origin"]
    hints = get_type_hints(kind)
    for origin, cells in lines(path, [column.name for column in own], home=home):
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
            raise fault(origin, name, "is empty")
        return default
    convert = parse_moment if name in ("valid_from", "valid_to") else _converter(hint)
    try:
        return convert(cell)
    except ValueError as error:
        raise fault(origin, name, str(error)) from error


def _converter(hint: Any) -> Callable[[str], Any]:
    if isinstance(hint, types.UnionType) or get_origin(hint) is Union:
        return _converter(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return lambda cell: one_of(cell, get_args(hint))
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


def one_of(cell: str, allowed: tuple[str, ...]) -> str:
    """The cell, if it is one of the words allowed."""
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
    return one_of(cell, ("yes", "no")) == "yes"


def _check_row(row: Row, *, foreign_allowed: bool) -> None:
    if row.valid_to <= row.valid_from:
        raise fault(row.origin, "valid_to", "is not after valid_from (the end is exclusive; empty = still in force)")
    if row.status == "foreign" and not foreign_allowed:
        raise fault(row.origin, "status", "foreign rows belong in a folder of their own, such as reference/foreign/")
    if isinstance(row, ServiceLevel):
        _check_service_level(row)
    if isinstance(row, Station | Source) and row.every_s is not None and row.every_s <= 0:
        raise fault(row.origin, "every_s", "must be more than 0")


def _check_service_level(row: ServiceLevel) -> None:
    if row.hours <= 0:
        raise fault(row.origin, "hours", "must be more than 0")
    if wrong := [part for part in row.labels if not all(part.partition("="))]:
        raise fault(row.origin, "labels", f"{wrong[0]!r} is not of the form label=value")
