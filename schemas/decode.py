"""Bytes to an event, or to the reason why not: the one door through which gateway, publisher and engine let records in.

Knows nothing of lateness, repeats or state. Every event is validated, strict and closed to unknown fields: by pydantic,
or by a faster reader that accepts nothing else (schemas/reader.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from schemas import names
from schemas.errors import Flag, Reason, Rejection
from schemas.event import MOMENTS, PROVENANCES, REQUIRED, known_millis, millis
from schemas.feed import Feed
from schemas.labels import OTHER
from schemas.placing import Placing
from schemas.reader import OFF, Parts, Readers
from schemas.reference import Reference

REAL = PROVENANCES[0]
MAX_BYTES = 262_144

PARTS = (
    "type",
    "dataschema",
    "time",
    "recordedtime",
    "expirytime",
    "data",
    "source",
    "id",
    "agency",
    "provenance",
    "adminunit",
    "adminversion",
)
"""What of an event is looked at here; the other attributes are validated, and that is all."""

AGAIN = ("source", "agency", "adminunit")
"""Attributes that say the same in many events."""


@dataclass(slots=True)
class Event:
    """A record that says something: its payload flat in `row`, all times whole milliseconds since the epoch.

    `row` also holds action, time, source and agency, and commune and admin_version if the event names a unit; `flags`
    are the doubts that need no memory.
    """

    source: str
    id: str
    provenance: str
    action: str
    time: int
    row: dict[str, Any]
    flags: tuple[str, ...]


class Decoder:
    """The reader of one feed's records; made once, used for every record.

    Pydantic alone validates unless `readers` say otherwise.
    """

    data = "/data"
    """The pointer under which the payload's fields lie."""

    def __init__(
        self, feed: Feed, reference: Reference, *, max_bytes: int = MAX_BYTES, readers: Readers | None = None
    ) -> None:
        self.feed = feed
        self._reference = reference
        self._max = max_bytes
        again = (*AGAIN, *(name for name in feed.hints if feed.listed(name)))
        self.reader = (readers or Readers((OFF,))).reader(feed.name, feed.record, self._taken(feed), again)
        self._actions = feed.types
        self._schema = names.data_schema(feed.name, feed.version)
        self._times = tuple((name, f"{self.data}/{name}", MOMENTS[form]) for name, form in feed.forms.items())
        self._ranges = tuple((name, span.low, span.high) for name in feed.hints if (span := feed.plausible(name)))
        self._lists = tuple(
            (name, reference.table(listed.name).spans, listed) for name in feed.hints if (listed := feed.listed(name))
        )
        self._joins = tuple((name, *_columns(feed, reference, name)) for name in feed.joined)
        self._known_sources = reference.sources.values
        self._placing = Placing(feed.name, reference)
        self._placed = self._placing.known

    @staticmethod
    def _taken(feed: Feed) -> tuple[str, ...]:  # noqa: ARG004  # of an envelope the feed does not matter
        """The parts of a record that `_read` takes, in their order."""
        return PARTS

    def decode(self, value: bytes | None) -> Event | Rejection:
        """The event in a record's value, or why there is none; never raises."""
        if value is None:
            return Rejection(Reason.NOT_JSON, "", "the record has no value")
        if len(value) > self._max:
            return Rejection(Reason.TOO_LARGE, "", f"{len(value)} bytes, allowed are {self._max}")
        try:
            parts = self.reader.read(value)
        except ValidationError as error:
            return _explain(error, bare=self.feed.bare is not None)
        return self._read(parts)

    def label(self, value: bytes | None) -> tuple[str, str]:
        """Source label and provenance under which a refused record is counted.

        One that is too large is not read: a few packed kilobytes may be gigabytes of objects.
        """
        try:
            body = from_json(value) if value is not None and len(value) <= self._max else None
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return OTHER, REAL
        source, provenance = body.get("source"), body.get("provenance")
        known = isinstance(source, str) and source in self._known_sources
        return str(source) if known else OTHER, str(provenance) if provenance in PROVENANCES else REAL

    def _read(self, parts: Parts) -> Event | Rejection:  # noqa: PLR0912  # a call a record costs as much as a step
        kind, schema, said, recorded, expiry, row, source, identity, agency, provenance, unit, version = parts
        action = self._actions.get(kind)
        if action is None:
            return Rejection(Reason.UNKNOWN_TYPE, "/type", f"{kind!r} is none of {', '.join(self._actions)}")
        if schema is not None and schema != self._schema:
            return Rejection(Reason.UNKNOWN_SCHEMA, "/dataschema", f"{schema!r} is not {self._schema}")
        pointer = "/time"
        try:
            time = millis(said)
            for name, place, read in self._times:
                if name in row:
                    text, pointer = row[name], place
                    row[name] = known_millis(text) or read(text)
            if recorded is not None:
                pointer = "/recordedtime"
                millis(recorded)
            if expiry is not None:
                pointer = "/expirytime"
                millis(expiry)
        except ValueError as error:
            return Rejection(
                Reason.NOT_CLOUDEVENT if pointer == "/time" else Reason.SCHEMA_VIOLATION, pointer, str(error)
            )
        # what follows holds the event against the reference data in force at its time
        placed = self._placed.get((source, agency, unit, version))
        if placed is None or not placed[0] <= time < placed[1]:
            found = self._placing.place(source, agency, unit, version, time)
            if isinstance(found, Rejection):
                return found
            placed = found
        _, _, source, agency, commune, version, flags, unlisted = placed
        if commune is not None:
            row["commune"], row["admin_version"] = commune, version
        for name, spans, listed in self._lists:
            value = row.get(name)
            if value is not None:
                for since, until in spans.get(value, ()):
                    if since <= time < until:
                        break
                else:
                    if listed.law:
                        return Rejection(Reason.UNKNOWN_ENTITY, f"/data/{name}", f"{value!r} is not in {listed.name}")
                    row[name], unlisted = OTHER, True
        for name, field, lines in self._joins:
            row[name] = at(lines.get(row[field], ()), time) if field in row else ""
        if unlisted:
            flags = (*flags, Flag.UNLISTED)
        for name, low, high in self._ranges:
            value = row.get(name)
            if value is not None and not low <= value <= high:
                flags = (*flags, Flag.OUT_OF_RANGE)
                break
        row["action"], row["time"], row["source"], row["agency"] = action, time, source, agency
        return Event(source, identity, provenance or REAL, action, time, row, flags)


def _columns(feed: Feed, reference: Reference, name: str) -> tuple[str, dict[str, tuple[tuple[int, int, str], ...]]]:
    """The field whose list gives a field, and for each of its values what the list says, and when."""
    field = feed.joined[name]
    listed = feed.listed(field)
    assert listed is not None
    return field, {
        value: tuple((row.valid_from, row.valid_to, getattr(row, name)) for row in rows)
        for value, rows in reference.table(listed.name).by_id.items()
    }


def at(lines: Iterable[tuple[int, int, str]], time: int) -> str:
    """What stands there at a moment."""
    for since, until, text in lines:
        if since <= time < until:
            return text
    return OTHER


def _explain(error: ValidationError, *, bare: bool) -> Rejection:
    """The first fault pydantic found, in our words."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = fault["loc"]
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in place)
    match fault["type"]:
        case "json_invalid":
            reason, pointer = Reason.NOT_JSON, ""
        case "finite_number":
            reason = Reason.NOT_FINITE
        case _:
            broken = not bare and (not place or (place[0] in REQUIRED and len(place) == 1))
            reason = Reason.NOT_CLOUDEVENT if broken else Reason.SCHEMA_VIOLATION
    return Rejection(reason, pointer, fault["msg"])
