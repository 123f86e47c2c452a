"""Many records without an envelope at once, column by column: what a loop over records costs, C does for a whole batch.

Only the ordinary is read here: a record with any fault or doubt is left to the decoder, which judges it by itself.
"""

from collections.abc import Mapping, Sequence
from itertools import compress, pairwise
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import from_json

from schemas.feed import Feed
from schemas.reader import Parts, Reader
from schemas.reference import Reference
from schemas.reference.rows import FOREVER, Row

Column = Sequence[Any]


class Columns(NamedTuple):
    """The ordinary records of a batch.

    Attributes:
        times: the events' times; `first` and `last` are the smallest and the largest of them.
        fields: the other fields that are looked at, None where one is absent, and those that lists give.
        places: where in the batch the records stand; None if nothing was left.
        left: where the records stand that were left.
    """

    times: Sequence[int]
    first: int
    last: int
    fields: Mapping[str, Column]
    places: Sequence[int] | None
    left: Sequence[int]


class ColumnReader:
    """Reads the batches of one feed; `reader` gives the fields named, in their order."""

    def __init__(
        self, feed: Feed, names: tuple[str, ...], reference: Reference, reader: Reader, max_bytes: int
    ) -> None:
        assert feed.bare is not None
        self._reader, self._max, self._names = reader, max_bytes, names
        self._time, self._form = feed.bare, feed.forms[feed.bare]
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
        columns, left = self._parts(values)
        fields: dict[str, Column] = dict(zip(self._names, columns, strict=True))
        if not fields[self._time]:
            return Columns((), 0, 0, {}, (), left)
        times, odd = self._times(fields.pop(self._time))
        for name, low, high in self._ranges:
            found = enumerate(fields[name])
            odd |= {place for place, value in found if value is not None and not low <= value <= high}
        first, last = min(times), max(times)
        for name, answers, gives in self._lists:
            known, doubtful = answers.of(fields[name], first, last)
            odd |= doubtful
            fields |= zip(gives, known, strict=False)
        if not left and not odd:
            return Columns(times, first, last, fields, None, ())
        bad = set(left)
        places = [place for place in range(len(values)) if place not in bad]
        left = sorted([*left, *(places[place] for place in odd)])
        kept = [place not in odd for place in range(len(times))]
        fields = {name: list(compress(column, kept)) for name, column in fields.items()}
        times = list(compress(times, kept))
        first, last = min(times, default=0), max(times, default=0)
        return Columns(times, first, last, fields, list(compress(places, kept)), left)

    def _parts(self, values: Sequence[bytes | None]) -> tuple[list[list[Any]], list[int]]:
        """What the reader gives, column by column, and where it gives nothing."""
        try:
            longest = max(map(len, values))  # type: ignore[arg-type]  # None tells itself, at no price
        except TypeError:
            longest = self._max + 1
        if longest <= self._max:
            try:
                return self._reader.columns(values), []  # type: ignore[arg-type]  # as above
            except ValidationError:
                pass
        parts: list[Parts] = []
        left: list[int] = []
        for place, value in enumerate(values):
            try:
                if value is None or len(value) > self._max:
                    left.append(place)
                else:
                    parts.append(self._reader.read(value))
            except ValidationError:
                left.append(place)
        return self._reader.turned(parts), left

    def _times(self, column: Column) -> tuple[Sequence[int], set[int]]:
        """The times, and where one is none."""
        if self._form == "millis":
            return column, set()
        together = "".join(column)
        if together.isascii() and together.encode().isdigit():
            try:
                return from_json(f"[{','.join(column)}]"), set()  # half the price of `int` for each
            except ValueError:  # one is empty, begins with 0, or is too long
                pass
        odd = {place for place, text in enumerate(column) if not (text.isascii() and text.isdecimal())}
        usual = next((int(text) for place, text in enumerate(column) if place not in odd), 0)
        return [usual if place in odd else int(text) for place, text in enumerate(column)], odd


class _Answers:
    """What a list gives for its values, as long as that holds; a value about which there is doubt has no answer."""

    def __init__(self, rows: Mapping[str, tuple[Row, ...]], columns: tuple[str, ...]) -> None:
        self._rows, self._columns = {value: each for value, each in rows.items() if _is_one_at_a_time(each)}, columns
        self._known: list[dict[str, str]] = []
        self._since, self._until = -FOREVER, FOREVER

    def of(self, column: Column, first: int, last: int) -> tuple[list[list[str | None]], set[int]]:
        """Per column of the list, or one without meaning: for each value what its line gives, and where that is None.

        It is None where no one line is in force for all of [first, last].
        """
        if not (self._known and self._since <= first <= last < self._until):
            self._known, self._since, self._until = [{} for _ in self._columns or ("",)], -FOREVER, FOREVER
        try:
            return [list(map(known.__getitem__, column)) for known in self._known], set()
        except KeyError:
            for value in set(column) - self._known[0].keys():
                self._learn(value, first, last)
        found = [list(map(known.get, column)) for known in self._known]
        return found, {place for place, answer in enumerate(found[0]) if answer is None}

    def _learn(self, value: str, first: int, last: int) -> None:
        for row in self._rows.get(value, ()):
            if row.valid_from <= first and last < row.valid_to:
                for known, name in zip(self._known, self._columns or ("origin",), strict=True):
                    known[value] = getattr(row, name)
                self._since, self._until = max(self._since, row.valid_from), min(self._until, row.valid_to)


def _is_one_at_a_time(rows: tuple[Row, ...]) -> bool:
    return all(earlier.valid_to <= later.valid_from for earlier, later in pairwise(rows))
