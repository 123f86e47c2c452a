"""The rows of one list, by id and by the time in which they are in force."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from schemas.reference.rows import Row

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
