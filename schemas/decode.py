"""Bytes to an event, or to the reason why not: the one door through which gateway, publisher and engine let records in.

Knows nothing of lateness, repeats or state. Every event is validated by pydantic, strict and closed to unknown fields.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from schemas import names
from schemas.errors import Flag, Reason, Rejection
from schemas.event import PROVENANCES, REQUIRED, envelope, millis
from schemas.feed import Feed
from schemas.labels import OTHER
from schemas.reference import Reference

REAL = PROVENANCES[0]
MAX_BYTES = 262_144
NO_FLAGS: tuple[str, ...] = ()


class Event(NamedTuple):
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
    """The reader of one feed's records; made once, used for every record."""

    def __init__(self, feed: Feed, reference: Reference, *, max_bytes: int = MAX_BYTES) -> None:
        self.feed = feed
        self._reference = reference
        self._max = max_bytes
        self._validate: Callable[[bytes], Any] = TypeAdapter(envelope(feed.payload)).validator.validate_json
        self._actions = feed.types
        self._schema = names.data_schema(feed.name, feed.version)
        self._times = feed.times
        self._ranges = tuple((name, span.low, span.high) for name in feed.hints if (span := feed.plausible(name)))
        self._lists = tuple(
            (name, reference.table(listed.name).spans, listed) for name in feed.hints if (listed := feed.listed(name))
        )
        self._agencies = reference.agencies.spans
        self._known_sources = reference.sources.values
        self._sources = {
            source: spans
            for source, rows in reference.sources.by_id.items()
            if (spans := tuple((row.valid_from, row.valid_to) for row in rows if feed.name in row.feeds))
        }

    def decode(self, value: bytes | None) -> Event | Rejection:
        """The event in a record's value, or why there is none; never raises."""
        if value is None:
            return Rejection(Reason.NOT_JSON, "", "the record has no value")
        if len(value) > self._max:
            return Rejection(Reason.TOO_LARGE, "", f"{len(value)} bytes, allowed are {self._max}")
        try:
            event = self._validate(value)
        except ValidationError as error:
            return _explain(error)
        return self._read(event)

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

    def _read(self, event: Mapping[str, Any]) -> Event | Rejection:
        action = self._actions.get(event["type"])
        if action is None:
            return Rejection(Reason.UNKNOWN_TYPE, "/type", f"{event['type']!r} is none of {', '.join(self._actions)}")
        if event.get("dataschema", self._schema) != self._schema:
            return Rejection(Reason.UNKNOWN_SCHEMA, "/dataschema", f"{event['dataschema']!r} is not {self._schema}")
        row: dict[str, Any] = event["data"]
        pointer = "/time"
        try:
            time = millis(event["time"])
            for name in self._times:
                if name in row:
                    pointer = f"/data/{name}"
                    row[name] = millis(row[name])
            for name in ("recordedtime", "expirytime"):
                if name in event:
                    pointer = f"/{name}"
                    millis(event[name])
        except ValueError as error:
            return Rejection(
                Reason.NOT_CLOUDEVENT if pointer == "/time" else Reason.SCHEMA_VIOLATION, pointer, str(error)
            )
        return self._place(event, action, time, row)

    def _place(self, event: Mapping[str, Any], action: str, time: int, row: dict[str, Any]) -> Event | Rejection:
        """Hold the event against the reference data in force at its time."""
        source, agency, flags = event["source"], event["agency"], NO_FLAGS
        for since, until in self._sources.get(source, ()):
            if since <= time < until:
                break
        else:
            return Rejection(Reason.UNKNOWN_SOURCE, "/source", f"{source!r} is not registered for {self.feed.name!r}")
        if "adminunit" in event:
            verdict = self._reference.commune(event["adminunit"], event.get("adminversion"), time)
            if verdict.reason is not None:
                return Rejection(verdict.reason, "/adminunit", f"{event['adminunit']!r} in version {verdict.version}")
            row["commune"], row["admin_version"] = verdict.commune, verdict.version
            flags += verdict.flags
        unlisted = False
        for name, spans, listed in self._lists:
            if name in row and not _in_force(spans.get(row[name], ()), time):
                if listed.law:
                    return Rejection(Reason.UNKNOWN_ENTITY, f"/data/{name}", f"{row[name]!r} is not in {listed.name}")
                row[name], unlisted = OTHER, True
        if not _in_force(self._agencies.get(agency, ()), time):
            agency, unlisted = OTHER, True
        if unlisted:
            flags = (*flags, Flag.UNLISTED)
        for name, low, high in self._ranges:
            if name in row and not low <= row[name] <= high:
                flags = (*flags, Flag.OUT_OF_RANGE)
                break
        row["action"], row["time"], row["source"], row["agency"] = action, time, source, agency
        return Event(source, event["id"], event.get("provenance", REAL), action, time, row, flags)


def _in_force(spans: Iterable[tuple[int, int]], time: int) -> bool:
    """Whether a moment lies in one of the spans; a loop is cheaper than any() here."""
    for since, until in spans:  # noqa: SIM110
        if since <= time < until:
            return True
    return False


def _explain(error: ValidationError) -> Rejection:
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
            broken = not place or (place[0] in REQUIRED and len(place) == 1)
            reason = Reason.NOT_CLOUDEVENT if broken else Reason.SCHEMA_VIOLATION
    return Rejection(reason, pointer, fault["msg"])
