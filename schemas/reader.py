"""Which reader reads a record: the fast one where it may, pydantic for all else and as the judge of what it refuses.

A fast reader is trusted by proof (tests/reader) and watched all the same: of the records it accepts one in about a
thousand is read by both. A difference ends it for the whole process, and pydantic's verdict is taken.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

SHADOWED: Final = 997
"""One in so many is read by both; a prime, so that no rhythm of the senders hides a kind of event from it."""

REFUSALS: Final = 300
"""So many records left to pydantic are looked back on: a refusal costs about half of what three records gain."""

RESTED: Final = 100_000
"""Records that pydantic reads alone after too many were left to it, before the fast reader is tried again."""

ALL: Final = "all"
OFF: Final = "off"

Parts = tuple[Any, ...]


class Readers:
    """The readers of one process: which feeds may be read fast, and what was found on the way.

    `wanted` are names of feeds, `all` or `off`; `told` is called with one sentence when readers differ.
    """

    def __init__(self, wanted: Collection[str] = (ALL,), told: Callable[[str], object] = lambda text: None) -> None:
        self._wanted, self._told = frozenset(wanted), told
        self.of: dict[str, Reader] = {}

    def reader(self, name: str, kind: Any, taken: tuple[str, ...], often: Collection[str] = ()) -> "Reader":
        """The reader of a feed whose whole event has this type."""
        made = self.of[name] = Reader(kind, taken, often, wanted=bool(self._wanted & {ALL, name}), differ=self._differ)
        return made

    def _differ(self, reader: "Reader", what: str) -> None:
        name = next(name for name, each in self.of.items() if each is reader)
        for each in self.of.values():
            each.retire("the readers differed")
        self._told(f"feed {name}: the fast reader differs from pydantic {what}; pydantic reads everything from now on")


class Reader:
    """Reads the records of one feed; `read` gives the parts taken, None for absent ones, or raises ValidationError.

    Attributes:
        fast, judged: how many records each of the two has read.
        differences: how often they did not agree; after the first one there is nothing to compare.
        why: why pydantic reads alone, "" while it does not.
    """

    def __init__(
        self,
        kind: Any,
        taken: tuple[str, ...],
        often: Collection[str] = (),
        *,
        wanted: bool = True,
        differ: Callable[["Reader", str], None] = lambda reader, what: None,
    ) -> None:
        adapter = TypeAdapter(kind)
        self.validate: Callable[[bytes], dict[str, Any]] = adapter.validator.validate_json
        self._taken, self._differ = taken, differ
        self.fast = self.judged = self.differences = 0
        self._compare_at = SHADOWED
        self._again_at = self._then_fast = self._then_judged = 0
        self.read: Callable[[bytes], Parts] = self._alone
        self._parts: Callable[[bytes], Parts]
        self._whole: Callable[[bytes], dict[str, Any]]
        self.why = "switched off"
        if wanted:
            self.why = self._begin(adapter.core_schema, often)

    def retire(self, why: str) -> None:
        """Leave everything to pydantic, for good."""
        self.why, self._again_at = self.why or why, 0
        self.read = self._alone

    def _begin(self, schema: Any, often: Collection[str]) -> str:
        """Take the fast reader into use, or tell why not."""
        try:
            from schemas import fast  # noqa: PLC0415  # msgspec is an optional extra
        except ModuleNotFoundError as missing:
            if missing.name != "msgspec":
                raise
            return "msgspec is not installed"
        try:
            self._parts, self._whole = fast.compiled(schema, self._taken, often)
        except fast.NotCovered as beyond:
            return str(beyond)
        self.read = self._try
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
            if self.fast - self._then_fast < 2 * REFUSALS:
                self._again_at, self.read = self.judged + RESTED, self._alone
            self._then_fast, self._then_judged = self.fast, self.judged
        return self._taken_of(self.validate(value))

    def _alone(self, value: bytes) -> Parts:
        self.judged += 1
        if self.judged == self._again_at:
            self._then_fast, self._then_judged, self.read = self.fast, self.judged, self._try
        return self._taken_of(self.validate(value))

    def _compare(self, value: bytes, parts: Parts) -> Parts:
        """Read a record again by pydantic; its answer counts."""
        self._compare_at += SHADOWED
        try:
            judged = self.validate(value)
        except ValidationError:
            self._found("which refuses what it accepts")
            raise
        answer = self._taken_of(judged)
        if repr(answer) != repr(parts) or repr(judged) != repr(self._whole(value)):
            self._found(f"in the event with the id {judged.get('id')!r}")
        return answer

    def _found(self, what: str) -> None:
        self.differences += 1
        self._differ(self, what)

    def _taken_of(self, event: Mapping[str, Any]) -> Parts:
        return tuple(map(event.get, self._taken))
