"""Records that no reader may let through unseen: of each kind the bytes, and the reasons that name its fault."""

import gzip
import unicodedata
import zlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from streams.publisher import encode

STATION: Final = "LC-R-0042"
Event = Mapping[str, Any]


class Kind(NamedTuple):
    """One kind: its value, and the reasons of which one must be given; without reasons it is no fault."""

    name: str
    value: bytes | None
    reasons: tuple[str, ...]


def corpus(good: Event) -> list[Kind]:
    """All kinds, made from a good event of hydromet; the caller gives each its own id."""
    return [Kind(name, value, reasons) for reasons, kinds in _groups(good) for name, value in kinds.items()]


def _groups(good: Event) -> list[tuple[tuple[str, ...], dict[str, bytes | None]]]:
    return [
        (("not_json",), _not_json(good)),
        (("not_cloudevent",), _no_event(good)),
        (("schema_violation",), _wrong(good)),
        (("not_finite", "schema_violation"), _numbers(good)),
        (("schema_violation", "unknown_entity"), _texts(good)),
        (("not_json", "schema_violation", "unknown_entity"), {
            "half a surrogate": _raw(good, "station_id", b'"\\ud800"')}),
        (("too_large",), {"huge text": _with(good, station_id="x" * 300_000)}),
        ((), {"a name twice": encode(good).replace(b'"rain_mm"', b'"rain_mm":1.5,"rain_mm"', 1),
              "minus nought": _raw({**good, "id": f"{good['id']}-b"}, "rain_mm", b"-0.0")}),
    ]


def _with(good: Event, **data: Any) -> bytes:
    return encode({**good, "data": {**good["data"], **data}})


def _raw(good: Event, field: str, text: bytes) -> bytes:
    """An event with a field written as no honest program writes it."""
    return _with(good, **{field: "@@"}).replace(b'"@@"', text)


def _without(good: Event, *names: str) -> dict[str, Any]:
    return {name: value for name, value in good.items() if name not in names}


def _not_json(good: Event) -> dict[str, bytes | None]:
    text = encode(good)
    return {
        "tombstone": None, "empty": b"", "blank": b"  \n", "no quotes": b'{"id":1, bad', "cut off": text[:-4],
        "trailing": text + b"x", "two documents": text + text, "single quotes": b"{'id':1}",
        "comment": b"/*x*/" + text, "trailing comma": text[:-1] + b",}", "nul byte": text + b"\0",
        "utf-16": text.decode().encode("utf-16"), "invalid utf-8": _raw(good, "station_id", b'"\xff\xfe"'),
        "overlong utf-8": _raw(good, "station_id", b'"\xc0\xaf"'),
        "surrogate in utf-8": _raw(good, "station_id", b'"\xed\xa0\x80"'), "gzip": gzip.compress(text, mtime=0),
        "zlib": zlib.compress(text), "protobuf": b"\x08\x01\x12\x05Sa Pa", "avro": b"\0\0\0\0\x05" + text,
        "html": b"<html><body>502 Bad Gateway</body></html>", "leading nought": _raw(good, "rain_mm", b"01"),
        "leading point": _raw(good, "rain_mm", b".5"), "hexadecimal": _raw(good, "rain_mm", b"0x10"),
        "5000 digits": _raw(good, "period_s", b"9" * 5000),
        "deep list": b"[" * 100_000 + b"]" * 100_000, "deep object": b'{"a":' * 3000 + b"1" + b"}" * 3000,
    }


def _no_event(good: Event) -> dict[str, bytes | None]:
    text = encode(good)
    return {
        "null": b"null", "true": b"true", "number": b"42", "text": b'"x"', "list": b"[1,2]", "empty object": b"{}",
        "list of events": b"[" + text + b"]", "no id": encode(_without(good, "id")),
        "no time": encode(_without(good, "time")), "no data": encode(_without(good, "data")),
        "id a number": encode({**good, "id": 1}), "id null": encode({**good, "id": None}),
        "id empty": encode({**good, "id": ""}), "data a list": encode({**good, "data": [1]}),
        "source not a path": encode({**good, "source": "vrain"}),
        "another version": encode({**good, "specversion": "2.0"}),
    }


def _wrong(good: Event) -> dict[str, bytes | None]:
    text = {name: value for name, value in good["data"].items() if name != "station_id"}
    return {
        "no station": encode({**good, "data": text}),
        "many names": encode({**good, **{f"k{i}": i for i in range(5000)}}),
        "whole number as text": _with(good, period_s="600"), "whole number null": _with(good, period_s=None),
        "whole number true": _with(good, period_s=True), "whole number a fraction": _with(good, period_s=1.5),
        "whole number a list": _with(good, period_s=[1]), "negative": _with(good, period_s=-1),
        "2**53+1": _with(good, period_s=2**53 + 1), "2**63": _with(good, period_s=2**63),
        "thirty digits": _with(good, period_s=10**29), "number as text": _with(good, rain_mm="1.5"),
        "number false": _with(good, rain_mm=False), "1e308": _raw(good, "rain_mm", b"1e308"),
        "minus 1e308": _raw(good, "rain_mm", b"-1e308"), "minus one": _with(good, rain_mm=-1),
    }


def _numbers(good: Event) -> dict[str, bytes | None]:
    return {"NaN": _raw(good, "rain_mm", b"NaN"), "Infinity": _raw(good, "rain_mm", b"Infinity"),
            "-Infinity": _raw(good, "rain_mm", b"-Infinity"), "1e999": _raw(good, "rain_mm", b"1e999"),
            "4000 digits": _raw(good, "period_s", b"9" * 4000)}


def _texts(good: Event) -> dict[str, bytes | None]:
    return {
        "a number as text field": _with(good, station_id=7), "empty text": _with(good, station_id=""),
        "no-break space": _with(good, station_id="\u00a0"), "nul": _raw(good, "station_id", b'"LC\\u0000R"'),
        "new line": _with(good, station_id=f"{STATION}\n"), "decomposed": _with(
            good, station_id=unicodedata.normalize("NFD", "Bắc Hà")),
        "homoglyph": _with(good, station_id=STATION.replace("C", "\u0421")),
        "right-to-left": _with(good, station_id=f"\u202e{STATION}"),
        "markup": _with(good, station_id='<script>"\\{}'), "not registered": _with(good, station_id="LC-R-9999"),
    }

