"""What a field may say, good and odd, as the declarations have it: for the steps of trees.py and the dictionary."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from schemas.feed import Feed
from schemas.reference import Reference

Place = tuple[str, ...]
"""Names from the whole to a field."""

Words = Mapping[Place, tuple[bytes, ...]]
"""For each field of a feed JSON texts that it might say."""

EACH: Final = 12
"""Values of a list, or seen in the seeds, for each field."""

LONGEST: Final = 48
"""Bytes of a word of the dictionary."""

NUMBERS: Final = """
0 -0 -0.0 1.0 1e0 1E3 1e-7 1e22 1e308 1e309 -1e999 5e-324 NaN Infinity -Infinity 01 .5 1. +1 0x10 9007199254740993
9223372036854775807 9223372036854775808 -9223372036854775809 18446744073709551616 null true false [] {} [[]]
"""
TEXTS: Final = (
    "", " ", "a", "0", "NaN", "1.0", "\\u0000", "\\ud800", "\\ud83d\\ude00", "\\n", "\u1eaf", "a\u0306\u0301", "\u212a",
    "\u0661", "\uff11", "\u202e", "\u2028", "\ufeff", "\U0001f600", "\ud800", "..", "//a", "%00", "__class__",
    "a" * 129,
    "2026-01-05T08:00:00Z", "2026-01-05T08:00:00.123456789+07:00", "2026-01-05T08:00:60Z", "2026-02-29T00:00:00Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:59", "2026-01-05 08:00:00Z", "2026-01-05T08:00:00+24:00",
    "\u0662\u0660\u0662\u0666-01-05T08:00:00Z", "0000-01-01T00:00:00Z",
)  # fmt: skip
LONG: Final = ('{"a":1}', '[{"":null}]', "9" * 400, "9" * 4301, "0." + "3" * 400, "1" + "0" * 309,
               "[" * 250 + "]" * 250)

ODD: Final = tuple(each.encode("utf-8", "surrogatepass")
                   for each in (*NUMBERS.split(), *(f'"{each}"' for each in TEXTS), *LONG))
"""What no honest sender writes, some of it no JSON."""


def words(feed: Feed, schema: Mapping[str, Any], reference: Reference, seen: Iterable[Mapping[str, Any]]) -> Words:
    """Of a feed whose record has this core schema, with what is seen in good records."""
    found: dict[Place, dict[bytes, None]] = {place: dict.fromkeys(edges(node)) for place, node in places(schema, ())}
    for place, values in _listed(feed, reference).items():
        if place in found:
            found[place].update(dict.fromkeys(map(text, islice(values, EACH))))
    for event in seen:
        for place, more in found.items():
            value = at(event, place)
            if value is not None and len(more) < 3 * EACH:
                more[text(value)] = None
    return {place: tuple(values) for place, values in found.items()}


def places(schema: Mapping[str, Any], above: Place) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Every field, also those inside, with pydantic's node of it."""
    for name, field in schema["fields"].items():
        node = field["schema"]
        while node["type"].startswith("function-"):
            node = node["schema"]
        yield (*above, name), node
        if node["type"] == "typed-dict":
            yield from places(node, (*above, name))


def edges(node: Mapping[str, Any]) -> Iterator[bytes]:
    """Values at the limits that a node names, and just beyond."""
    yield from map(text, node.get("expected", ()))
    for bound in (node[key] for key in ("ge", "gt", "le", "lt") if key in node):
        beside = (math.nextafter(bound, to) for to in (-math.inf, math.inf))
        yield from map(text, (bound, bound - 1, bound + 1, *beside))
    for length in (node[key] for key in ("min_length", "max_length") if key in node):
        yield from (text(letter * (length + more)) for letter in ("a", "\u1eaf") for more in (0, 1))


def at(event: Any, place: Place) -> Any:
    """The value of a field; None if it is absent."""
    for name in place:
        event = event.get(name) if isinstance(event, dict) else None
    return event


def text(value: Any) -> bytes:
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def dictionary(feeds: Iterable[Words]) -> str:
    """Names and words of all feeds, as libFuzzer reads them."""
    found: dict[bytes, None] = {}
    for each in feeds:
        found.update((text(place[-1]) + b":", None) for place in each)
        found.update((word, None) for several in each.values() for word in several)
    found.update(dict.fromkeys(ODD))
    return "".join(f'"{_escaped(word)}"\n' for word in found if len(word) <= LONGEST)


def _escaped(word: bytes) -> str:
    plain = (chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}" for byte in word)
    return "".join(plain)


def _listed(feed: Feed, reference: Reference) -> dict[Place, Iterable[Any]]:
    """Fields whose values stand in reference data."""
    found: dict[Place, Iterable[Any]] = {("type",): feed.types}
    found["source",] = (row.source for row in reference.sources.rows if feed.name in row.feeds)
    found["agency",] = reference.agencies.by_id
    found["adminunit",] = ("15", "02647", "02998", "080", "99999")
    inside = () if feed.bare is not None else ("data",)
    for name in feed.hints:
        if (listed := feed.listed(name)) is not None:
            found[*inside, name] = reference.table(listed.name).by_id
    return found
