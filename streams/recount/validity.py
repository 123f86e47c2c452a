"""Whether a record is good: the published JSON Schema, and what no JSON Schema can say, stated a second time."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from schemas import names
from schemas.feed import Feed
from schemas.reference import Reference
from streams.recount.moments import moment_of, parse_time

REQUIRED = ("specversion", "id", "source", "type", "time", "data")
LANES = ("real", "replay", "simulated")
OTHER = "other"
NEW_UNITS = parse_time("2025-07-01T00:00:00+07:00") or 0
"""From this moment a code without version is taken for one of the new units."""

LARGEST = 2 ** 1024
LONGEST = 4300


class Record(NamedTuple):
    """One record of a log; `append` is the broker's stamp in milliseconds."""

    offset: int
    append: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """A good record: its row, its moment, and the flags it has by itself."""

    id: str
    source: str
    time: int
    moment: int
    row: Mapping[str, Any]
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Examined:
    """What a record says: where it counts, everything that is wrong with it, and the event if nothing is."""

    lane: str
    source: str
    faults: tuple[str, ...]
    event: Event | None = None


class Examiner:
    """Judges the records of one feed by themselves (docs/numbers.md, section 2, questions 1 to 4)."""

    def __init__(self, feed: Feed, reference: Reference, schema: Mapping[str, Any], *, max_bytes: int,
                 future_ms: int) -> None:
        self.feed = feed
        self.reference = reference
        self.validator = compile_schema(schema)
        self.max_bytes = max_bytes
        self.future_ms = future_ms
        self.lists = {name: listed for name in feed.hints if (listed := feed.listed(name))}
        self._unnamed = OTHER if feed.bare is None else feed.topic  # the source of what cannot be read
        self.ranges = {name: span for name in feed.hints if (span := feed.plausible(name))}

    def unread(self, fault: str) -> Examined:
        """A record that nobody reads, with the reason."""
        return Examined("real", self._unnamed, (fault,))

    def examine(self, record: Record) -> Examined:
        """Everything that is wrong with a record, in the order of the questions."""
        if record.value is not None and len(record.value) > self.max_bytes:
            return self.unread("too_large")
        document, faults = read_json(record.value)
        if not isinstance(document, dict):
            if "not_json" not in faults:
                faults.append("not_cloudevent" if self.feed.bare is None else "schema_violation")
            return Examined("real", self._unnamed, tuple(faults))
        faults += self._schema_faults(document)
        faults += self._reference_faults(document)
        faults += self._arrival_faults(document, record)
        event = None if faults else self._event(document)
        lane = _lane(document) if self.feed.bare is None else "real"
        return Examined(lane, self._label(document), tuple(dict.fromkeys(faults)), event)

    def _label(self, document: Mapping[str, Any]) -> str:
        if self.feed.bare is not None:
            return self.feed.topic
        source = document.get("source")
        return source if isinstance(source, str) and source in self.reference.sources.by_id else OTHER

    def _schema_faults(self, document: Mapping[str, Any]) -> Iterator[str]:
        if self.feed.bare is not None:
            yield from ("schema_violation" for _ in self.validator.iter_errors(document))
            return
        for error in self.validator.iter_errors(document):
            yield from _kinds(error, document)
        kind, schema = document.get("type"), document.get("dataschema")
        if isinstance(kind, str) and kind not in self.feed.types:
            yield "unknown_type"
        if isinstance(schema, str) and schema != names.data_schema(self.feed.name, self.feed.version):
            yield "unknown_schema"

    def _reference_faults(self, document: Mapping[str, Any]) -> Iterator[str]:
        time = self._time_of(document)
        if time is None:
            return
        if self.feed.bare is None:
            yield from self._envelope_faults(document, time)
        data = self._data(document)
        for name, listed in self.lists.items():
            given = data.get(name) if listed.law and isinstance(data, dict) else None
            if isinstance(given, str) and not self._stands_in(listed.name, given, time):
                yield "unknown_entity"

    def _envelope_faults(self, document: Mapping[str, Any], time: int) -> Iterator[str]:
        rows = self.reference.sources.by_id.get(document.get("source", ""), ()) if _text(document, "source") else ()
        if not any(row.valid_from <= time < row.valid_to and self.feed.name in row.feeds for row in rows):
            yield "unknown_source"
        if _text(document, "adminunit") and (reason := self._unit(document, time)[1]):
            yield reason

    def _arrival_faults(self, document: Mapping[str, Any], record: Record) -> Iterator[str]:
        data, time = self._data(document), self._time_of(document)
        if self.feed.key:
            key = data.get(self.feed.key) if isinstance(data, dict) else None
            if key is None or record.key is None or str(key).encode("utf-8", "replace") != record.key:
                yield "wrong_key"
        if time is not None and time > record.append + self.future_ms:
            yield "future_time"

    def _data(self, document: Mapping[str, Any]) -> Any:
        return document.get("data") if self.feed.bare is None else document

    def _time_of(self, document: Mapping[str, Any]) -> int | None:
        if self.feed.bare is not None:
            return moment_of(document.get(self.feed.bare))
        return parse_time(document["time"]) if _text(document, "time") else None

    def _stands_in(self, list_name: str, value: str, at: int) -> bool:
        rows = self.reference.tables[list_name].by_id.get(value, ())
        return any(row.valid_from <= at < row.valid_to for row in rows)

    def _unit(self, document: Mapping[str, Any], time: int) -> tuple[dict[str, str], str | None, set[str]]:
        """What an event says of its place: fields of the row, the reason to refuse it, flags."""
        code, version = document["adminunit"], document.get("adminversion")
        flags = set() if version else {"assumed_version"}
        version = version or ("2023" if time < NEW_UNITS else "2025")
        unit = self.reference.units.get((version, code))
        if unit is None or (unit.reason is None and time < unit.valid_from):
            return {}, "unknown_commune", flags
        if unit.reason is not None:
            return {}, str(unit.reason), flags
        if time >= unit.valid_to:
            flags.add("commune_abolished")
        return {"commune": unit.commune, "admin_version": version}, None, flags

    def _event(self, document: Mapping[str, Any]) -> Event:
        time, data = self._time_of(document) or 0, self._data(document)
        row: dict[str, Any] = {name: moment_of(value) if name in self.feed.times else value
                               for name, value in data.items()}
        flags: set[str] = set()
        if self.feed.bare is not None:
            row |= {"action": self.feed.actions[0], "time": time, "source": self.feed.topic}
        else:
            row |= {"action": self.feed.types[document["type"]], "time": time, "source": document["source"],
                    "agency": document["agency"]}
        if self.feed.bare is None and "adminunit" in document:
            place, _, flags = self._unit(document, time)
            row |= place
        lists = {name: listed.name for name, listed in self.lists.items() if not listed.law} | {"agency": "agencies"}
        for name, list_name in lists.items():
            if name in row and not self._stands_in(list_name, row[name], time):
                row[name] = OTHER
                flags.add("unlisted")
        for column, name in self.feed.joined.items():
            row[column] = self._given(self.lists[name].name, column, row[name], time) if name in row else ""
        if any(name in data and not span.low <= data[name] <= span.high for name, span in self.ranges.items()):
            flags.add("out_of_range")
        covered = data.get(self.feed.covers) if self.feed.covers else None
        moment = time if covered is None else time - round(covered * 1000)
        identity = "" if self.feed.bare is not None else document["id"]
        return Event(identity, row["source"], time, moment, row, frozenset(flags))

    def _given(self, list_name: str, column: str, value: str, at: int) -> str:
        """What a column of a list says of a value at a moment."""
        rows = self.reference.tables[list_name].by_id.get(value, ())
        return next((str(getattr(row, column)) for row in rows if row.valid_from <= at < row.valid_to), OTHER)


def read_json(value: bytes | None) -> tuple[Any, list[str]]:
    """The document in a value, and what is wrong with it as JSON: not_json, not_finite."""
    if value is None:
        return None, ["not_json"]
    wild: list[str] = []

    def real(text: str) -> float:
        _bounded(text)
        number = float(text)
        if not math.isfinite(number):
            wild.append(text)
        return number

    def whole(text: str) -> float:
        _bounded(text)
        # beyond the range of a double it is infinite to whoever reads it as one
        number = int(text) if len(text) < 1000 else math.inf
        if abs(number) >= LARGEST:
            wild.append(text)
        return number

    try:
        text = value.decode("utf-8")
        document = json.loads(text, parse_float=real, parse_int=whole, parse_constant=real)
        if "\\u" in text:  # half of a surrogate pair has no form in UTF-8
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return None, ["not_json"]
    return document, ["not_finite"] if wild else []


def _bounded(text: str) -> None:
    """Raises ValueError for a number that is no JSON of ours: no reader can be asked to take any number of digits."""
    if len(text) > LONGEST and len(text.lstrip("-").partition(".")[0].lower().partition("e")[0]) > LONGEST:
        raise ValueError("a number of too many digits")


def compile_schema(schema: Mapping[str, Any]) -> Draft202012Validator:
    """A validator of a published schema; `5.0` is no integer, `$` is the very end, a date-time is a real one."""
    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int).redefine(
        "number", lambda _, value: type(value) in (int, float))
    strict = extend(  # type: ignore[no-untyped-call]  # the stubs leave it out
        Draft202012Validator, {"pattern": _pattern, "format": _format}, type_checker=checker)
    validator: Draft202012Validator = strict(schema)
    return validator


@lru_cache(maxsize=1000)
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _regex(pattern).search(value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _format(_: Any, form: str, value: Any, __: Any) -> Iterator[ValidationError]:
    if form == "date-time" and isinstance(value, str) and parse_time(value) is None:
        yield ValidationError(f"{value!r} is no time")


def _kinds(error: ValidationError, document: Mapping[str, Any]) -> Iterator[str]:
    """The reasons that one breach of the schema amounts to."""
    path, rule = list(error.absolute_path), str(error.validator)
    place = path[0] if path else ""
    if not path and rule == "required":
        required: list[str] = error.validator_value  # type: ignore[assignment]  # of the rule `required` it is one
        missing = [name for name in required if name not in document]
        yield from ("not_cloudevent" if name in REQUIRED else "schema_violation" for name in missing)
    elif place in ("type", "dataschema") and isinstance(document[place], str) and rule in ("enum", "const"):
        return  # an unknown type or schema has a reason of its own
    elif place == "data":
        yield "not_cloudevent" if len(path) == 1 and rule == "type" else "schema_violation"
    else:
        yield "not_cloudevent" if place in REQUIRED else "schema_violation"


def _lane(document: Mapping[str, Any]) -> str:
    lane = document.get("provenance")
    return lane if isinstance(lane, str) and lane in LANES else "real"


def _text(mapping: Mapping[str, Any], name: str) -> bool:
    return isinstance(mapping.get(name), str)
