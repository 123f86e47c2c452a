"""A large record is refused for the same fault as a small one, and costs no more than it must."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.decode import Decoder
from schemas.errors import Reason, Rejection
from schemas.feed import Feed
from schemas.reader import LARGE, OFF, Reader, Readers
from tests.engine.toys import reference
from tests.reader import toy
from tests.reader.documents import encode
from tests.reader.test_fixed import every_feed

UNKNOWN = b',"":0,"x":{}'
MANY = 5000


def flooded(event: dict[str, Any], *, where: str, times: int) -> bytes:
    """An event with so many unknown names, in `data`, around it, or in both."""
    whole, inside = json.dumps({**event, "data": "@@"}).encode(), json.dumps(event["data"]).encode()
    more = UNKNOWN * times
    if where != "around" and inside.startswith(b"{"):
        inside = b"{" + more[1:] + (b"," if event["data"] else b"") + inside[1:]
    return (whole[:-1] + more + b"}" if where != "data" else whole).replace(b'"@@"', inside)


@every_feed
@pytest.mark.parametrize("where", ["around", "data", "both"])
@pytest.mark.parametrize("fast", ["all", OFF])
def test_a_record_of_thousands_of_unknown_names_is_refused_for_the_fault_of_a_small_one(
    feed: Feed, where: str, fast: str
) -> None:
    decoder = Decoder(feed, reference(), readers=Readers((fast,)))
    good = dict(feed.example)
    field = next((name for name in good["data"] if name != feed.key), feed.key)
    changes: list[dict[str, Any]] = [
        {}, {"id": " "}, {"type": 7}, {"data": {**good["data"], field: [1]}}, {"agency": None}, {"data": {}},
        {"data": []}, {"data": {**good["data"], feed.key: None}}, {"provenance": "real", "id": ""},
        {"severitynumber": 10**999}, {"data": {**good["data"], field: float("nan")}},
    ]  # fmt: skip
    for change in changes:
        event = {**good, **change}
        small = decoder.decode(flooded(event, where=where, times=1))
        large = decoder.decode(flooded(event, where=where, times=MANY))
        assert isinstance(small, Rejection)
        assert large == small, change
    cut = decoder.decode(flooded(good, where=where, times=MANY)[:-1])
    assert isinstance(cut, Rejection)
    assert cut.reason is Reason.NOT_JSON


CROWDED = {
    "names around": flooded(dict(toy.EXAMPLE), where="around", times=MANY),
    "names inside": flooded(dict(toy.EXAMPLE), where="data", times=MANY),
    "names inside, fields missing": flooded({"data": {}}, where="both", times=MANY),
    "a list in place of a text": encode({"id": [{}] * MANY}),
    "an object in place of a number": encode({"data": {"whole": {str(number): {} for number in range(MANY)}}}),
    "a list in place of the object": encode({**toy.EXAMPLE, "data": [0] * LARGE}),
}


@pytest.mark.parametrize("fast", ["all", OFF])
@pytest.mark.parametrize("kind", CROWDED)
def test_an_error_is_kept_for_few_of_thousands_of_faults_and_without_what_nobody_looks_at(kind: str, fast: str) -> None:
    reader = Readers((fast,)).reader("toy", toy.Toy, toy.PARTS, toy.OFTEN)
    assert len(CROWDED[kind]) > LARGE
    with pytest.raises(ValidationError) as found:
        reader.read(CROWDED[kind])
    faults = found.value.errors()
    assert len(faults) <= len(toy.SCHEMA["fields"]) + len(toy.EXAMPLE["data"])
    assert max(len(repr(fault["input"])) for fault in faults) < 300


@pytest.mark.parametrize("fast", ["all", OFF])
def test_a_large_record_without_a_fault_is_read_as_a_small_one(fast: str) -> None:
    reader: Reader = Readers((fast,)).reader("toy", toy.Toy, toy.PARTS, toy.OFTEN)
    small = encode(toy.EXAMPLE)
    twice = small.replace(b'"id": "A1"', b'"id": 1, ' * LARGE + b'"id": "A1"')
    assert repr(reader.read(twice)) == repr(reader.read(small + b" " * LARGE)) == repr(reader.read(small))
