"""The kinds of bad records that the load contains: each function makes one out of a good event."""

import json
from collections.abc import Callable
from typing import Any, Final

from streams.publisher import encode

Event = dict[str, Any]
Kind = Callable[[Event], bytes | None]
TOO_MANY_BYTES: Final = 270_000
"""More than IOC_MAX_EVENT_BYTES allows by default."""

DEEP: Final = 100


def wrong_key(event: Event) -> bytes:
    """A good event; the load gives it the key of nothing."""
    return encode(event)


def broken(event: Event) -> bytes:
    """Cut off in mid-sentence."""
    return encode(event)[:-9]


def not_utf8(event: Event) -> bytes:
    """A byte that no UTF-8 contains."""
    return encode(event).replace(b"vn.laocai.", b"vn.lao\xffcai.", 1)


def tombstone(event: Event) -> None:
    """No value at all."""


def array(event: Event) -> bytes:
    """A list of events."""
    return b"[" + encode(event) + b"]"


def timeless(event: Event) -> bytes:
    """Without the time."""
    return encode({name: value for name, value in event.items() if name != "time"})


def unknown_type(event: Event) -> bytes:
    """An action that no feed has."""
    return encode({**event, "type": "vn.laocai.hydromet.invented.v1"})


def unknown_schema(event: Event) -> bytes:
    """A schema of another version."""
    return encode({**event, "dataschema": "urn:ioc:hydromet:99"})


def infinite(event: Event) -> bytes:
    """A number beyond all bounds."""
    return _with(event, _number(event), b"1e999")


def not_a_number(event: Event) -> bytes:
    """What Python writes for no number."""
    return _with(event, _number(event), b"NaN")


def deep(event: Event) -> bytes:
    """Lists in lists in lists."""
    return _with(event, "noise", b"[" * DEEP + b"]" * DEEP)


def surplus(event: Event) -> bytes:
    """A field that the schema does not know."""
    return encode({**event, "data": {**event["data"], "noise": 1}})


def wrong_kind(event: Event) -> bytes:
    """A number where a text must be."""
    return encode({**event, "data": dict.fromkeys(event["data"], 7)})


def stranger(event: Event) -> bytes:
    """From a system that nobody has registered."""
    return encode({**event, "source": "//laocai.gov.vn/khong/dang-ky"})


def nowhere(event: Event) -> bytes:
    """At a place that does not exist."""
    return encode({**event, "adminunit": "99999", "adminversion": "2025"})


def future(event: Event) -> bytes:
    """From a clock that is far ahead."""
    return encode({**event, "time": "2089-01-03T08:00:00+07:00"})


def too_large(event: Event) -> bytes:
    """A good event in a sea of spaces."""
    return encode(event) + b" " * TOO_MANY_BYTES


def _number(event: Event) -> str:
    """A field with a number, if there is one."""
    return next((name for name, value in event["data"].items() if type(value) in {int, float}), "noise")


def _with(event: Event, name: str, text: bytes) -> bytes:
    """The event with a field written as no honest program would write it."""
    rest = {**event, "data": {key: value for key, value in event["data"].items() if key != name}}
    field = json.dumps(name).encode() + b": " + text
    return json.dumps(rest, ensure_ascii=False).encode().replace(b'"data": {', b'"data": {' + field + b", ", 1)


KINDS: Final[tuple[Kind, ...]] = (
    wrong_key, broken, not_utf8, tombstone, array, timeless, unknown_type, unknown_schema, infinite, not_a_number, deep,
    surplus, wrong_kind, stranger, nowhere, future, too_large,
)
WEIGHTS: Final = tuple(0.05 if kind is too_large else 1.0 for kind in KINDS)
