"""The fixed list: documents made of an event in which each field in turn says something odd, and odd bytes.

Every field gets every token: in place of the good value, before it and after it (the same key twice). This list carries
the proof that both readers agree; random documents (test_random.py) are the net for what nobody thought of.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from hypothesis import find
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.reader.tokens import AROUND, INSERTED, MORE, TOKENS

Validate = Callable[[bytes], dict[str, Any]]

MARK = "@@here@@"

class Place(NamedTuple):
    """A field of an event: the bytes around its value, the value, and what pydantic knows of it."""

    name: str
    node: Mapping[str, Any]
    head: bytes
    good: bytes
    tail: bytes


def places(event: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Place]:
    """Every field, also those inside."""
    for name, field in schema["fields"].items():
        node = inner(field["schema"])
        head, tail = encode({**event, name: MARK}).split(encode(MARK))
        yield Place(name, node, head, encode(event[name]), tail)
        if node["type"] == "typed-dict":
            for each in places(event[name], node):
                yield each._replace(head=head + each.head, tail=each.tail + tail)


def inner(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What stands inside of validators."""
    while node["type"].startswith("function-"):
        node = node["schema"]
    return node


def encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def filled(example: Mapping[str, Any], schema: Mapping[str, Any], validate: Validate) -> dict[str, Any]:
    """The example with every field that may be absent, too, each with the first candidate that pydantic takes."""
    event = json.loads(encode(example))
    for path, name, candidates in _absent(event, schema, ()):
        for candidate in candidates:
            tried = json.loads(encode(event))
            target = tried
            for step in path:
                target = target[step]
            target[name] = candidate
            try:
                validate(encode(tried))
            except ValidationError:
                continue
            event = tried
            break
        else:
            raise AssertionError(f"no candidate is good for /{'/'.join((*path, name))}: add one to CANDIDATES")
    return event  # type: ignore[no-any-return]


@cache
def simplest(pattern: str) -> str:
    """A text that is as the pattern says."""
    return find(st.from_regex(pattern, fullmatch=True), bool)


CANDIDATES = ("2026-01-05T08:00:00+07:00", "a", 1, 0.5, True)


def _absent(event: Mapping[str, Any], schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    for name, field in schema["fields"].items():
        node = inner(field["schema"])
        if name not in event:
            matching = [simplest(node["pattern"])] if "pattern" in node else []
            yield path, name, (*matching, *node.get("expected", ()), *CANDIDATES)
        elif node["type"] == "typed-dict":
            yield from _absent(event[name], node, (*path, name))


def fixed(event: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[bytes]:
    """All of the fixed list; the event must have every field."""
    whole = encode(event)
    yield whole
    all_places = list(places(event, schema))
    goods = dict.fromkeys(place.good for place in all_places)
    for place in all_places:
        key = encode(place.name)
        for token in dict.fromkeys((*TOKENS, *goods, *edges(place.node), *near(place.good))):
            yield place.head + token + place.tail
            yield place.head + token + b", " + key + b": " + place.good + place.tail
            yield place.head + place.good + b", " + key + b": " + token + place.tail
        yield from _keys(place, key)
    yield from _bytes(whole)
    yield encode(dict(reversed(list(event.items()))))


def edges(node: Mapping[str, Any]) -> Iterator[bytes]:
    """Values at the limits that the node itself names, and just beyond."""
    for bound in (node[key] for key in ("ge", "gt", "le", "lt") if key in node):
        beside = (math.nextafter(bound, to) for to in (-math.inf, math.inf))
        yield from (repr(number).encode() for number in (bound, bound - 1, bound + 1, float(bound), *beside))
    for length in (node[key] + more for key in ("min_length", "max_length") if key in node for more in (-1, 0, 1)):
        for letter in ("a", "\u1eaf", "\U0001f600", "e\u0301"):
            yield encode(letter * max(0, length))
    for word in node.get("expected", ()):
        yield from map(encode, (word, word.upper(), word.title(), word + " ", " " + word, word + "\0", word[:-1]))


def near(good: bytes) -> Iterator[bytes]:
    """The good value with something at its ends or inside, and written with escapes."""
    yield from (b" " + good, good + b"\n", b"[" + good + b"]", good + good, good + b"0", b"-" + good)
    yield encode(good.decode())
    value = json.loads(good)
    if isinstance(value, str):
        for more in MORE:
            yield from map(encode, (value + more, more + value, value[:1] + more + value[1:], more))
        yield from map(encode, (value.upper(), value.lower(), value.swapcase(), value * 2, value[:-1], value[1:]))
        for nought in (0x660, 0xFF10, 0x1D7CE):  # digits that are none of ours
            yield encode(value.translate({48 + digit: nought + digit for digit in range(10)}))
        yield b'"' + b"".join(f"\\u{ord(letter):04x}".encode() for letter in value if ord(letter) < 0x10000) + b'"'


def _keys(place: Place, key: bytes) -> Iterator[bytes]:
    """The key absent, unknown beside it, written otherwise; the value repeated."""
    head = place.head[: -len(key) - 2]  # without `"key": `
    rest = place.tail.removeprefix(b", ")
    yield (head + rest) if rest != place.tail else head.removesuffix(b", ") + rest
    name = json.loads(key)
    shapes = (name.upper(), name.title(), name + " ", name + "\0", "", "x", "__class__", name[:-1], "e\u0301")
    escaped = b'"' + f"\\u{ord(name[0]):04x}{name[1:]}".encode() + b'"'
    bare = name.encode()
    for other in (*map(encode, shapes), escaped, b'"\xff"', b'"\\ud800"', b"1", bare, b"'" + bare + b"'"):
        yield head + other + b": " + place.good + place.tail
        yield head + other + b": " + place.good + b", " + key + b": " + place.good + place.tail
        yield head + other + b': "\xff", ' + key + b": " + place.good + place.tail
    yield head + key + b" : " + place.good + b" " + place.tail
    yield head + key + b" " + place.good + place.tail
    yield head + key + b": " + place.good + b"," + place.tail


def _bytes(whole: bytes) -> Iterator[bytes]:
    """Each byte removed, some inserted everywhere, the end cut off, things around it, other encodings."""
    for place in range(len(whole) + 1):
        yield whole[:place]
        yield whole[:place] + whole[place + 1 :]
        yield from (whole[:place] + byte + whole[place:] for byte in INSERTED)
    for text in AROUND:
        yield from (text.encode() + whole, whole + text.encode(), text.encode())
    yield from (whole + whole, whole + b"\n" + whole, b"[" + whole + b"]", encode(whole.decode()), whole[::-1])
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7"):
        yield whole.decode().encode(encoding)
    yield from (b"[" * 100_000, b'{"a":' * 100_000, b'{"id":' * 1000 + b"1" + b"}" * 1000, b"null", b"0", b'"a"')
