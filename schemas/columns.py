"""Many records without an envelope at once, column by column: what a loop over records costs, C does for a whole batch.

Only the ordinary is read here: a record with any fault or doubt is left to the decoder, which judges it by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import compress, pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from pydantic import ValidationError

from schemas.feed import Feed
from schemas.reference import Reference, Row

ALWAYS = 1 << 62


class Columns(NamedTuple):
    """The ordinary records of a batch.

    Attributes:
        rows: the payloads as they were sent: moments are not yet milliseconds, listed values as they came.
        times: the events' times.
        given: the fields that lists give.
        places: where in the batch the rows stand; None if nothing was left.
        left: where the records stand that were left.
    """

    rows: Sequence[dict[str, Any]]
    times: Sequence[int]
    given: dict[str, Sequence[str]]
    places: Sequence[int] | None
    left: Sequence[int]


class ColumnReader:
    """Reads the batches of one feed."""

    def __init__(self, feed: Feed, reference: Reference, validate: Callable[[bytes], Any], max_bytes: int) -> None:
        assert feed.bare is not None
        self._validate, self._max = validate, max_bytes
        self._time, self._form = itemgetter(feed.bare), feed.forms[feed.bare]
        self._ranges = tuple((name, span.low, span.high) for name in feed.hints if (span := feed.plausible(name)))
        lists = ((name, listed) for name in feed.hints if (listed := feed.listed(name)) is not None)
        self._lists = tuple(
            (name, _Answers(reference.table(listed.name).by_id, listed.gives), listed.gives) for name, listed in lists
        )

    @staticmethod
    def can_read(feed: Feed) -> bool:
        """Whether all of a feed's declaration is of the ordinary kind."""
        return (
            feed.bare is not None
            and feed.times == (feed.bare,)
            and feed.forms[feed.bare] != "rfc3339"
            and all(name in feed.payload.__required_keys__ for name in feed.hints if feed.listed(name))
        )

    def read(self, values: Sequence[bytes | None]) -> Columns:
        """The ordinary records, and where the others stand."""
        rows, left = self._rows(values)
        times, odd = self._times(rows)
        odd |= {place for place, row in enumerate(rows) if self._is_out_of_range(row)} if self._ranges else set()
        given: dict[str, Sequence[str]] = {}
        if times:
            low, high = min(times), max(times)
            for name, answers, columns in self._lists:
                found = answers.of(list(map(itemgetter(name), rows)), low, high)
                if None in found:
                    odd |= {place for place, answer in enumerate(found) if answer is None}
                given |= {column: _nth(found, number) for number, column in enumerate(columns)}
        places: list[int] | None = None
        if left or odd:
            bad = set(left)
            where = [place for place in range(len(values)) if place not in bad]
            left = sorted([*left, *(where[place] for place in odd)])
            kept = [place not in odd for place in range(len(rows))]
            rows, times, places = list(compress(rows, kept)), list(compress(times, kept)), list(compress(where, kept))
            given = {name: list(compress(column, kept)) for name, column in given.items()}
        return Columns(rows, times, given, places, left)

    def _rows(self, values: Sequence[bytes | None]) -> tuple[list[dict[str, Any]], list[int]]:
        if None not in values and max(map(len, values)) <= self._max:  # type: ignore[arg-type]  # none is None
            try:
                return list(map(self._validate, values)), []  # type: ignore[arg-type]  # as above
            except ValidationError:
                pass
        rows: list[dict[str, Any]] = []
        left: list[int] = []
        for place, value in enumerate(values):
            try:
                if value is None or len(value) > self._max:
                    left.append(place)
                else:
                    rows.append(self._validate(value))
            except ValidationError:
                left.append(place)
        return rows, left

    def _times(self, rows: Sequence[dict[str, Any]]) -> tuple[list[int], set[int]]:
        """The times, 0 where one is none, and where."""
        column = list(map(self._time, rows))
        if self._form == "millis":
            return column, set()
        together = "".join(column)
        if together.isascii() and together.isdecimal() and "" not in column:
            return list(map(int, column)), set()
        odd = {place for place, text in enumerate(column) if not (text.isascii() and text.isdecimal())}
        return [0 if place in odd else int(text) for place, text in enumerate(column)], odd

    def _is_out_of_range(self, row: dict[str, Any]) -> bool:
        return any(name in row and not low <= row[name] <= high for name, low, high in self._ranges)


class _Answers:
    """What a list gives for its values, as long as that holds; a value about which there is doubt has no answer."""

    def __init__(self, rows: Mapping[str, tuple[Row, ...]], columns: tuple[str, ...]) -> None:
        self._rows, self._columns = {value: each for value, each in rows.items() if _is_one_at_a_time(each)}, columns
        self._known: dict[str, tuple[str, ...]] = {}
        self._since, self._until = -ALWAYS, ALWAYS

    def of(self, column: Sequence[str], low: int, high: int) -> list[tuple[str, ...] | None]:
        """For each value of a column what its line gives, if one line is in force for all of [low, high]."""
        if not self._since <= low <= high < self._until:
            self._known, self._since, self._until = {}, -ALWAYS, ALWAYS
        found = list(map(self._known.get, column))
        if None not in found:
            return found
        for value in set(column) - self._known.keys():
            for row in self._rows.get(value, ()):
                if row.valid_from <= low and high < row.valid_to:
                    self._known[value] = tuple(getattr(row, name) for name in self._columns)
                    self._since, self._until = max(self._since, row.valid_from), min(self._until, row.valid_to)
        return list(map(self._known.get, column))


def _is_one_at_a_time(rows: tuple[Row, ...]) -> bool:
    return all(earlier.valid_to <= later.valid_from for earlier, later in pairwise(rows))


def _nth(found: Sequence[tuple[str, ...] | None], number: int) -> list[str]:
    try:
        return list(map(itemgetter(number), found))  # type: ignore[arg-type]  # None is what the exception is for
    except TypeError:
        return ["" if answer is None else answer[number] for answer in found]
