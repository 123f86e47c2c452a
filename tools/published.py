"""The JSON Schema of a feed's events, for agencies: what the door checks, in both languages where words are known."""

from typing import Any

from pydantic import TypeAdapter

from schemas import names
from schemas.feed import Feed
from schemas.hints import marks
from schemas.text import Text

DRAFT = "https://json-schema.org/draft/2020-12/schema"


UNITS = {
    "_m3_s": "m3/s",
    "_mm": "mm",
    "_ms": "ms",
    "_m": "m",
    "_s": "s",
    "_c": "Cel",
    "_pct": "%",
    "_deg": "deg",
    "_v": "V",
    "_vnd": "VND",
    "_ratio": "1",
}
"""The unit of a field is the end of its name; longer ends stand before those they contain."""


def unit_of(field: str) -> str:
    """The unit in which a field is sent; empty for one without."""
    return next((unit for end, unit in UNITS.items() if field.endswith(end)), "")


def schema(feed: Feed) -> dict[str, Any]:
    """The published schema of one feed's whole event."""
    made = TypeAdapter(feed.record).json_schema()
    payload = made if feed.bare is not None else made["$defs"][feed.payload.__name__]
    for field, about in payload["properties"].items():
        _annotate(feed, field, about)
    if feed.bare is None:
        made["properties"]["type"] = {**made["properties"]["type"], "enum": list(feed.types)}
    return {
        "$schema": DRAFT,
        "$id": names.data_schema(feed.name, feed.version),
        "title": both(feed.title),
        "x-kafka-topic": feed.topic,
        "x-kafka-key": feed.key or None,
        **({"x-event-time": feed.bare} if feed.bare is not None else {}),
        **{name: part for name, part in made.items() if name != "title"},
        "examples": [dict(feed.example)],
    }


def both(text: Text) -> str:
    """A text in both languages, Vietnamese first."""
    return f"{text.vi} / {text.en}"


def words(feed: Feed, field: str) -> Text | None:
    """What a field of the payload means."""
    return next((mark for mark in marks(feed.hints[field]) if isinstance(mark, Text)), None)


def _annotate(feed: Feed, field: str, about: dict[str, Any]) -> None:
    """What JSON Schema has no words for stands in x- members, which validators pass over."""
    about.pop("title", None)
    if text := words(feed, field):
        about["description"] = both(text)
    if unit := unit_of(field):
        about["x-unit"] = unit
    if span := feed.plausible(field):
        about["x-plausible"] = [span.low, span.high]
    if listed := feed.listed(field):
        about["x-list"] = listed.name
