"""The one door: hostile bytes are refused with a reason of the closed list, and never raise."""

import gzip
import json
import unicodedata
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decode import Decoder, Event
from schemas.errors import Reason, Rejection
from schemas.event import known_millis, millis
from schemas.reader import Readers
from tests.engine.toys import STATIONS, reference

DECODER = Decoder(STATIONS, reference())
FAST = Decoder(STATIONS, reference(), readers=Readers())
decoders = pytest.mark.parametrize("decoder", [DECODER, FAST], ids=["pydantic", "fast"])


def event(**data: Any) -> bytes:
    """A good event whose data are changed."""
    return json.dumps({**STATIONS.example, "data": {**STATIONS.example["data"], **data}}).encode()


def around(**attributes: Any) -> bytes:
    """A good event whose attributes are changed."""
    return json.dumps({**STATIONS.example, **attributes}).encode()


def raw(field: str, text: bytes) -> bytes:
    """An event whose field holds JSON text that json.dumps would not write."""
    return event(**{field: "@@"}).replace(b'"@@"', text)


GOOD = event()
NOT_JSON, NO_EVENT, VIOLATION = Reason.NOT_JSON, Reason.NOT_CLOUDEVENT, Reason.SCHEMA_VIOLATION
FINITE, ENTITY = Reason.NOT_FINITE, Reason.UNKNOWN_ENTITY
POISON: Mapping[str, tuple[bytes | None, Reason]] = {
    "tombstone": (None, NOT_JSON),
    "empty": (b"", NOT_JSON),
    "blank": (b"  \n", NOT_JSON),
    "truncated": (GOOD[:-4], NOT_JSON),
    "trailing": (GOOD + b"x", NOT_JSON),
    "two documents": (GOOD + GOOD, NOT_JSON),
    "single quotes": (b"{'id':1}", NOT_JSON),
    "comment": (b"/*x*/" + GOOD, NOT_JSON),
    "trailing comma": (b'{"id":1,}', NOT_JSON),
    "bom": (b"\xef\xbb\xbf" + GOOD, NOT_JSON),
    "nul": (GOOD + b"\0", NOT_JSON),
    "utf-16": (GOOD.decode().encode("utf-16"), NOT_JSON),
    "invalid utf-8": (raw("quality", b'"\xff\xfe"'), NOT_JSON),
    "overlong utf-8": (raw("quality", b'"\xc0\xaf"'), NOT_JSON),
    "surrogate": (raw("quality", b'"\\ud800"'), NOT_JSON),
    "gzip": (gzip.compress(GOOD, mtime=0), NOT_JSON),
    "zlib": (zlib.compress(GOOD), NOT_JSON),
    "protobuf": (b"\x08\x01\x12\x05Sa Pa", NOT_JSON),
    "html": (b"<html>502 Bad Gateway</html>", NOT_JSON),
    "deep list": (b"[" * 100_000 + b"]" * 100_000, NOT_JSON),
    "value 01": (raw("level_m", b"01"), NOT_JSON),
    "value .5": (raw("level_m", b".5"), NOT_JSON),
    "value hex": (raw("level_m", b"0x10"), NOT_JSON),
    "null": (b"null", NO_EVENT),
    "true": (b"true", NO_EVENT),
    "number": (b"42", NO_EVENT),
    "string": (b'"x"', NO_EVENT),
    "list": (b"[1,2]", NO_EVENT),
    "empty object": (b"{}", NO_EVENT),
    "list of events": (b"[" + GOOD + b"]", NO_EVENT),
    "no data": (json.dumps({k: v for k, v in STATIONS.example.items() if k != "data"}).encode(), NO_EVENT),
    "specversion 2": (around(specversion="2.0"), NO_EVENT),
    "id number": (around(id=1), NO_EVENT),
    "id empty": (around(id=""), NO_EVENT),
    "id newline": (around(id="a\n"), NO_EVENT),
    "id blank": (around(id="\u00a0"), NO_EVENT),
    "id NFD": (around(id=unicodedata.normalize("NFD", "Bắc")), NO_EVENT),
    "id long": (around(id="x" * 65), NO_EVENT),
    "naive time": (around(time="2026-01-05T08:00:00"), NO_EVENT),
    "time blank": (around(time="2026-01-05 08:00:00Z"), NO_EVENT),
    "year 10000": (around(time="10000-01-05T08:00:00Z"), NO_EVENT),
    "leap second": (around(time="2026-06-30T23:59:60Z"), NO_EVENT),
    "29 February 2026": (around(time="2026-02-29T08:00:00Z"), NO_EVENT),
    "time digits": (around(time="1767600000"), NO_EVENT),
    "minus sign U+2212": (around(time="2026-01-05T08:00:00\u221207:00"), NO_EVENT),
    "many keys": (around(**{f"k{i}": i for i in range(5000)}), VIOLATION),
    "unknown attribute": (around(received_at=1), VIOLATION),
    "agency null": (around(agency=None), VIOLATION),
    "provenance real": (around(provenance="real"), VIOLATION),
    "huge string": (event(station_id="x" * 200_000), VIOLATION),
    "period text": (event(period_s="600"), VIOLATION),
    "period null": (event(period_s=None), VIOLATION),
    "period bool": (event(period_s=True), VIOLATION),
    "period 600.0": (event(period_s=600.0), VIOLATION),
    "period list": (event(period_s=[1]), VIOLATION),
    "level text": (event(level_m="1.5"), VIOLATION),
    "level bool": (event(level_m=False), VIOLATION),
    "quality unknown": (event(quality="fine"), VIOLATION),
    "quality right-to-left": (event(quality="\u202eko"), VIOLATION),
    "quality NUL": (event(quality="ok\0"), VIOLATION),
    "nested": (event(level_m={"value": 1}), VIOLATION),
    "station markup": (event(station_id='<script>"\\{}'), VIOLATION),
    "station number": (event(station_id=7), VIOLATION),
    "nan": (raw("level_m", b"NaN"), FINITE),
    "infinity": (raw("level_m", b"Infinity"), FINITE),
    "-infinity": (raw("level_m", b"-Infinity"), FINITE),
    "1e999": (raw("level_m", b"1e999"), FINITE),
    "station unknown": (event(station_id="S1"), ENTITY),
    "station homoglyph": (event(station_id="LC-R-0O42"), ENTITY),
    "too large": (b" " * 262_145, Reason.TOO_LARGE),
}


@decoders
@pytest.mark.parametrize("kind", POISON)
def test_poison_is_refused_with_its_reason(kind: str, decoder: Decoder) -> None:
    value, reason = POISON[kind]
    answer = decoder.decode(value)
    assert isinstance(answer, Rejection), kind
    assert answer.reason == reason, answer


@decoders
def test_what_is_too_large_is_not_even_read_for_its_label(decoder: Decoder) -> None:
    value = around(provenance="replay")
    source = json.loads(value)["source"]
    assert decoder.label(value) == (source, "replay")
    assert decoder.label(value + b" " * 262_144) == ("other", "real")


@decoders
def test_a_good_event_is_read_with_times_in_milliseconds(decoder: Decoder) -> None:
    answer = decoder.decode(around(time="2026-01-05T08:00:00.1239+07:00"))
    assert isinstance(answer, Event)
    assert answer.time == 1_767_574_800_123
    assert answer.row["station_id"] == "LC-R-0042"
    assert (answer.provenance, answer.action, answer.flags) == ("real", "observed", ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2026-01-05T08:00:00+07:00", 1_767_574_800_000),
        ("2026-01-04T20:30:00-04:30", 1_767_574_800_000),
        ("2024-02-29T00:00:00.5Z", 1_709_164_800_500),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
    ],
)
def test_a_time_is_whole_milliseconds_whatever_its_offset(text: str, expected: int) -> None:
    assert millis(text) == expected == millis(text)


@pytest.mark.parametrize("tail", ["+07:00", "Z", ".5Z", ".123-03:30", ".999999999+14:00"])
def test_a_time_put_together_of_parts_seen_before_is_that_of_the_standard_library(tail: str) -> None:
    for text in ("2031-03-04T05:06:07+07:00", "2031-08-09T10:11:12.345+07:00", f"2031-01-02T03:04:31{tail}"):
        millis(text)
    for head, second in product(("2031-03-04T05:06", "2031-08-09T10:11", "2031-01-02T03:04"), ("07", "12", "31")):
        text = f"{head}:{second}{tail}"
        # the library takes no more than six digits of a second; finer ones are cut off
        since = datetime.fromisoformat(text.replace("999999999", "999999")) - datetime(1970, 1, 1, tzinfo=UTC)
        assert millis(text) == since // timedelta(milliseconds=1) == millis(text)


@pytest.mark.parametrize("text", ["2031-01-02T03:04:60+07:00", "2031-01-02T03:04:05+0700", "2031-01-02T03:04:05+24:00",
                                  "2031-02-30T03:04:05+07:00", "2031-01-02 03:04:05+07:00", "2031-01-02T03:04:05"])
def test_a_bad_time_is_refused_also_where_the_rest_of_it_was_seen_before(text: str) -> None:
    millis("2031-01-02T03:04:05+07:00")
    for _ in range(2):
        with pytest.raises(ValueError, match="is n"):
            millis(text)


def test_times_of_whole_seconds_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.event._CACHE_SECONDS", 2)
    texts = [f"2031-01-02T03:04:0{second}+07:00" for second in range(10)]
    first = millis(texts[0])
    for second, text in enumerate(texts * 2):
        assert millis(text) == first + second % 10 * 1000
    assert 0 < sum(known_millis(text) is not None for text in texts) <= 2


@decoders
def test_a_unit_without_version_is_read_by_event_time_and_flagged(decoder: Decoder) -> None:
    answer = decoder.decode(around(adminunit="02647"))
    assert isinstance(answer, Event)
    assert (answer.row["commune"], answer.row["admin_version"], answer.flags) == ("02647", "2025", ("assumed_version",))


@decoders
def test_a_value_outside_its_plausible_range_is_flagged_not_refused(decoder: Decoder) -> None:
    answer = decoder.decode(event(rain_mm=61.0))
    assert isinstance(answer, Event)
    assert answer.flags == ("out_of_range",)


json_trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(st.binary(max_size=200) | json_trees.map(lambda tree: json.dumps(tree).encode()))
def test_random_bytes_and_trees_never_raise(value: bytes) -> None:
    answer = FAST.decode(value)
    assert isinstance(answer, Rejection)
    assert answer == DECODER.decode(value)
    assert answer.reason in Reason
    assert DECODER.label(value)[1] in {"real", "replay", "simulated"}


@given(st.sampled_from(sorted(STATIONS.example)), json_trees, st.booleans())
def test_mutations_of_a_good_event_are_refused_or_mean_the_same(name: str, tree: Any, inside: bool) -> None:
    body = {**STATIONS.example}
    if inside:
        body["data"] = {**body["data"], "level_m": tree}
    else:
        body[name] = tree
    answer = FAST.decode(json.dumps(body).encode())
    assert answer == DECODER.decode(json.dumps(body).encode())
    if isinstance(answer, Event):
        again = DECODER.decode(json.dumps(json.loads(json.dumps(body))).encode())
        assert again == answer
