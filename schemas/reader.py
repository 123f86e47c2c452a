"""Which reader reads a record: the fast one where it may, pydantic for all else and as the judge of what it refuses.

A fast reader is trusted by proof (tests/reader) and watched all the same: of the records it accepts one in about a
thousand is read by both. A difference ends it for the whole process, and pydantic's verdict is taken.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

SHADOWED: Final = 997
"""One in so many is read by both; a prime, so that no rhythm of the senders hides a kind of event from it."""

REFUSALS: Final = 300
"""So many records left to pydantic are looked back on: a refusal costs about half of what three records gain."""

RESTED: Final = 100_000
"""Records that pydantic reads alone after too many were left to it, before the fast reader is tried again."""

LARGE: Final = 16_384
"""Bytes; no honest event has more. Pydantic keeps an error for each unknown name, and 256 KiB hold 50,000 of them."""

PLAIN: Final = frozenset({"str", "int", "float", "bool", "literal", "typed-dict"})
"""Nodes of a core schema that refuse any list, and an object unless they are one, whatever is inside."""

ALL: Final = "all"
OFF: Final = "off"

MISSING: Final = "msgspec is not installed"
SWITCHED_OFF: Final = "switched off"
DIFFERED: Final = "the readers differed"

Parts = tuple[Any, ...]


class Readers:
    """The readers of one process: which feeds may be read fast, and what was found on the way.

    `wanted` are names of feeds, `all` or `off`; `told` is called with one sentence when readers differ.
    """

    def __init__(self, wanted: Collection[str] = (ALL,), told: Callable[[str], object] | None = None) -> None:
        self._wanted, self._told = frozenset(wanted), told
        self.made: list[Reader] = []

    def reader(self, feed: str, kind: Any, taken: tuple[str, ...], often: Collection[str] = ()) -> "Reader":
        """The reader of a feed whose whole event has this type."""
        made = Reader(feed, kind, taken, often, wanted=bool(self._wanted & {ALL, feed}), differ=self._differ)
        self.made.append(made)
        return made

    def _differ(self, reader: "Reader", what: str) -> None:
        for each in self.made:
            each.retire(DIFFERED)
        if self._told is not None:
            self._told(f"feed {reader.feed}: the fast reader differs from pydantic {what}; pydantic reads from now on")


class Reader:
    """Reads the records of one feed; `read` gives the parts taken, None for absent ones, or raises ValidationError.

    Attributes:
        fast, judged: how many records each of the two has read.
        differences: how often they did not agree; after the first one there is nothing to compare.
        trying: whether the fast reader is asked first.
        why: why it never is, "" otherwise.
    """

    def __init__(
        self,
        feed: str,
        kind: Any,
        taken: tuple[str, ...],
        often: Collection[str] = (),
        *,
        wanted: bool = True,
        differ: Callable[["Reader", str], None] | None = None,
    ) -> None:
        self.feed = feed
        adapter = TypeAdapter(kind)
        self.schema: Any = adapter.core_schema
        self.validate: Callable[[bytes], dict[str, Any]] = adapter.validator.validate_json
        self._taken, self._differ = taken, differ
        self.fast = self.judged = self.differences = 0
        self._compare_at = 1  # the very first, then one in so many
        self._again_at = self._then_fast = self._then_judged = 0
        self.trying = False
        self.read: Callable[[bytes], Parts] = self._alone
        self._parts: Callable[[bytes], Parts]
        self._whole: Callable[[bytes], dict[str, Any]]
        self._columns: Callable[[Sequence[bytes]], list[list[Any]]]
        self.why = SWITCHED_OFF
        if wanted:
            self.why = self._begin(often)

    def columns(self, values: Sequence[bytes]) -> list[list[Any]]:
        """What `read` gives for each of several, part by part, at less than its price; raises as it does."""
        found: list[list[Any]] = [[] for _ in self._taken]
        done = 0
        while done < len(values):
            unwatched = self._compare_at - self.fast - 1 if self.trying else 0
            some = values[done : done + (unwatched or 1)] if self.trying else values[done:]
            more = self._unwatched(some) if unwatched else self._one_by_one(some)
            for column, part in zip(found, more, strict=True):
                column.extend(part)
            done += len(some)
        return found

    def _unwatched(self, values: Sequence[bytes]) -> list[list[Any]]:
        try:
            found = self._columns(values)
        except Exception:  # noqa: BLE001  # whatever it stumbles on, pydantic judges, one by one
            return self._one_by_one(values)
        self.fast += len(values)
        return found

    def _one_by_one(self, values: Sequence[bytes]) -> list[list[Any]]:
        return self.turned([self.read(value) for value in values])  # which of the two reads may change on the way

    def turned(self, parts: Iterable[Parts]) -> list[list[Any]]:
        """The parts of several records, part by part."""
        kept = list(parts)
        return [list(map(itemgetter(place), kept)) for place in range(len(self._taken))]

    def retire(self, why: str) -> None:
        """Leave everything to pydantic, for good."""
        self.why, self._again_at = self.why or why, 0
        self._try_it(False)

    def _try_it(self, trying: bool) -> None:
        self.trying, self.read = trying, self._try if trying else self._alone
        self._then_fast, self._then_judged = self.fast, self.judged

    def _begin(self, often: Collection[str]) -> str:
        """Take the fast reader into use, or tell why not."""
        try:
            from schemas import fast  # noqa: PLC0415  # msgspec is an optional extra
        except ModuleNotFoundError as missing:
            if missing.name != "msgspec":
                raise
            return MISSING
        try:
            self._parts, self._whole, columns = fast.compiled(self.schema, self._taken, often)
        except fast.NotCovered as beyond:
            return str(beyond)
        self._columns = columns or (lambda values: self.turned(map(self._parts, values)))
        self._try_it(True)
        return ""

    def _try(self, value: bytes) -> Parts:
        try:
            parts = self._parts(value)
        except Exception:  # noqa: BLE001  # whatever it stumbles on, pydantic judges and names the fault
            return self._judge(value)
        self.fast += 1
        return parts if self.fast < self._compare_at else self._compare(value, parts)

    def _judge(self, value: bytes) -> Parts:
        """Read what the fast reader refused; leave it alone for a while when that happens too often."""
        self.judged += 1
        if self.judged - self._then_judged >= REFUSALS:
            often = self.fast - self._then_fast < 2 * REFUSALS
            self._again_at = self.judged + RESTED
            self._try_it(not often)
        return self._verdict(value)

    def _alone(self, value: bytes) -> Parts:
        self.judged += 1
        if self.judged == self._again_at:
            self._try_it(True)
        return self._verdict(value)

    def _verdict(self, value: bytes) -> Parts:
        """What pydantic says; of a large record it first sees what is enough to find the first fault."""
        if len(value) > LARGE:
            try:
                pared = to_json(_pared(self.schema, from_json(value)))
            except ValueError:
                pared = value  # no JSON
            self.validate(pared)
        return self._taken_of(self.validate(value))

    def _compare(self, value: bytes, parts: Parts) -> Parts:
        """Read a record again by pydantic; its answer counts."""
        self._compare_at = self.fast + SHADOWED
        try:
            judged = self.validate(value)
        except ValidationError:
            self._found("which refuses what it accepts")
            raise
        answer = self._taken_of(judged)
        if repr(answer) != repr(parts) or repr(judged) != self._shown(value):
            self._found(f"in the event with the id {judged.get('id')!r}")
        return answer

    def _shown(self, value: bytes) -> str:
        try:
            return repr(self._whole(value))
        except Exception as error:  # noqa: BLE001  # it refuses a value whose parts it has just taken: a difference
            return repr(error)

    def _found(self, what: str) -> None:
        self.differences += 1
        self.retire(DIFFERED)
        if self._differ is not None:
            self._differ(self, what)

    def _taken_of(self, event: Mapping[str, Any]) -> Parts:
        return tuple(map(event.get, self._taken))


def _pared(node: Mapping[str, Any], value: Any) -> Any:
    """The value with the first only of the names that an object may not have, and nothing in lists that may not be."""
    while node["type"] == "function-after":
        node = node["schema"]
    if node["type"] == "typed-dict" and isinstance(value, dict):
        fields = node["fields"]
        strange = [name for name in value if name not in fields][:1]
        known = {name: _pared(fields[name]["schema"], inside) for name, inside in value.items() if name in fields}
        return {**known, **dict.fromkeys(strange)}
    return type(value)() if node["type"] in PLAIN and isinstance(value, dict | list) else value
