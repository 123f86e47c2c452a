"""The envelope events share (CloudEvents 1.0), the base of every payload, and the forms of a time."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema
from typing_extensions import TypedDict

from schemas.labels import Agency, Id

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

RFC3339 = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)


@dataclass(frozen=True, slots=True)
class IsTime:
    """Marks a field as a moment: whole milliseconds since the epoch inside, on the wire what `form` says."""

    form: Literal["rfc3339", "millis", "digits"] = "rfc3339"


Time = Annotated[
    str,
    StringConstraints(max_length=40),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": RFC3339, "maxLength": 40}),
    IsTime(),
]

EpochMillis = Annotated[int, Field(ge=0, le=99_999_999_999_999), IsTime("millis")]
"""A moment as a whole number of milliseconds since the epoch, as senders write it who do not know our envelope."""

EpochText = Annotated[
    str,
    StringConstraints(max_length=14),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,14}$"}),
    IsTime("digits"),
]
"""The same number as text."""

COMMON = {"action": str, "time": Time, "source": str, "agency": str, "commune": str, "admin_version": str}
"""Fields that every row has beside its payload; `commune` and `admin_version` are "" where no unit is named."""

ENVELOPED = frozenset({"agency", "commune", "admin_version"})
"""Those of them that only an envelope can tell."""

Provenance = Literal["real", "replay", "simulated"]
PROVENANCES: tuple[Provenance, ...] = ("real", "replay", "simulated")


class Payload(TypedDict):
    """What one feed's event says: flat, strict, and closed to unknown fields."""

    __pydantic_config__ = STRICT  # type: ignore[misc]


class Attributes(TypedDict):
    """The CloudEvents attributes and extensions we take; `time` is when it happened.

    Extensions follow the CloudEvents naming rule (lower-case letters and digits). `adminunit` is the code of a commune
    (5 digits), a district (3, version 2023 only) or a province (2); `provenance` is absent on a real event.
    """

    specversion: Literal["1.0"]
    id: Id
    source: Annotated[str, StringConstraints(pattern=r"^//[a-z0-9][a-z0-9./_-]{0,126}$")]
    type: Annotated[str, StringConstraints(max_length=128)]
    time: Time
    agency: Agency
    subject: NotRequired[Annotated[str, StringConstraints(max_length=128)]]
    datacontenttype: NotRequired[Literal["application/json"]]
    dataschema: NotRequired[Annotated[str, StringConstraints(max_length=128)]]
    recordedtime: NotRequired[Time]
    expirytime: NotRequired[Time]
    partitionkey: NotRequired[Annotated[str, StringConstraints(max_length=128)]]
    sequence: NotRequired[Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")]]
    adminunit: NotRequired[Annotated[str, StringConstraints(pattern=r"^([0-9]{2}|[0-9]{3}|[0-9]{5})$")]]
    adminversion: NotRequired[Literal["2023", "2025"]]
    provenance: NotRequired[Literal["replay", "simulated"]]
    dataclassification: NotRequired[Literal["public", "internal", "confidential", "restricted"]]
    dataregulation: NotRequired[Annotated[str, StringConstraints(max_length=128)]]
    correlationid: NotRequired[Id]
    causationid: NotRequired[Id]
    severitytext: NotRequired[Annotated[str, StringConstraints(max_length=32)]]
    severitynumber: NotRequired[int]


REQUIRED = ("specversion", "id", "source", "type", "time", "data")
"""Attributes without which a record is no event of ours, whatever the feed."""


def envelope(payload: Any) -> Any:
    """The type of a whole event whose `data` is the payload; strict and closed to unknown attributes."""
    whole: Any = TypedDict("Event", {**Attributes.__annotations__, "data": payload})  # type: ignore[misc]
    setattr(whole, "__pydantic_config__", STRICT)  # noqa: B010  # mypy takes the made type for a class of its own
    whole.__doc__ = payload.__doc__
    return whole


_pattern = re.compile(RFC3339.replace("$", r"\Z"))
_wholes: dict[str, int] = {}
_heads: dict[str, int] = {}
_minutes: dict[str, int] = {}
_seconds: dict[str, int] = {}
_fractions: dict[str, int] = {}
_CACHE = 200_000
_CACHE_SECONDS = 20_000
_WHOLE_SECONDS = len("2026-01-05T08:00:00+07:00")

known_millis = _wholes.get
"""What `millis` answers for a text of whole seconds that it was asked for lately; None for any other."""


def millis(text: str) -> int:
    """Whole milliseconds since the epoch of an RFC 3339 date-time with offset; finer digits are cut off.

    Raises:
        ValueError: the text is no such time (no offset, leap second, 30 February ...).
    """
    try:
        if len(text) == _WHOLE_SECONDS:
            return _wholes[text]
        return _heads[text[:19]] + _fractions[text[19:]]
    except KeyError:
        return _parse(text)


def _parse(text: str) -> int:
    """Of parts seen before: the minute, the second, the fraction with the offset; else the slow way."""
    minute, second, tail = _minutes.get(text[:16]), _seconds.get(text[16:19]), _fractions.get(text[19:])
    if minute is None or second is None or tail is None:
        return _parse_new(text)
    if len(text) == _WHOLE_SECONDS:
        _remember(_wholes, text, minute + second + tail, _CACHE_SECONDS)
    else:
        _remember(_heads, text[:19], minute + second, _CACHE_SECONDS)
    return minute + second + tail


def _parse_new(text: str) -> int:
    """The slow way; remembers the parts if the time is good."""
    if not _pattern.match(text):
        raise ValueError(f"{text!r} is not an RFC 3339 time with offset")
    try:
        moment = datetime.fromisoformat(text[:16]).replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(f"{text!r} is no day of the calendar") from None
    minute = (
        (moment - datetime(1970, 1, 1, tzinfo=UTC)).days * 86_400_000 + moment.hour * 3_600_000 + moment.minute * 60_000
    )
    tail = _rest(text[16:])
    if len(text) <= 30:
        second = int(text[17:19]) * 1000
        _remember(_minutes, text[:16], minute)
        _remember(_seconds, text[16:19], second)
        _remember(_fractions, text[19:], tail - second)
    return minute + tail


def _remember(parts: dict[str, int], text: str, number: int, most: int = _CACHE) -> None:
    if len(parts) >= most:
        parts.clear()
    parts[text] = number


def _rest(text: str) -> int:
    """Milliseconds of `:SS[.fraction](Z|±HH:MM)`; the offset is taken off."""
    body, offset = (text[:-1], 0) if text[-1] == "Z" else (text[:-6], _offset(text[-6:]))
    fraction = body[4:7].ljust(3, "0") if len(body) > 3 else "0"
    return int(body[1:3]) * 1000 + int(fraction) - offset


def _offset(text: str) -> int:
    return (-1 if text[0] == "-" else 1) * (int(text[1:3]) * 60 + int(text[4:6])) * 60_000


def digits(text: str) -> int:
    """A whole number of milliseconds since the epoch, written in digits.

    Raises:
        ValueError: the text is something else.
    """
    if text.isascii() and text.isdecimal():
        return int(text)
    raise ValueError(f"{text!r} is no number of milliseconds")


MOMENTS: Mapping[str, Callable[[Any], int]] = {"rfc3339": millis, "millis": int, "digits": digits}
"""How a moment is read, by the form it has on the wire."""
