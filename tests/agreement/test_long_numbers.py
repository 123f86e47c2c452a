"""Where a number is too long to be JSON, both readers say so at the same digit."""

import pytest

from schemas.catalogue import find_feed
from schemas.decode import Decoder
from schemas.errors import Reason, Rejection
from schemas.reference import load_reference
from streams.publisher import encode
from streams.recount.validity import read_json
from tests.engine.toys import ROOT

FEED = find_feed("hydromet")
DECODER = Decoder(FEED, load_reference(ROOT / "reference"))


@pytest.mark.parametrize(("text", "is_json"), [
    (b"9" * 4300, True), (b"9" * 4301, False), (b"-" + b"9" * 4300, True), (b"-" + b"9" * 4301, False),
    (b"9" * 4301 + b".5", False), (b"9" * 4301 + b"e1", False), (b"0." + b"9" * 5000, True),
    (b"1E" + b"9" * 5000, True),
])
def test_a_number_of_more_than_4300_digits_before_its_point_is_no_json_to_anybody(text: bytes, is_json: bool) -> None:
    value = encode({**FEED.example, "data": {**FEED.example["data"], "period_s": "@@"}}).replace(b'"@@"', text)
    decoded = DECODER.decode(value)
    assert isinstance(decoded, Rejection)
    assert (decoded.reason is not Reason.NOT_JSON) is is_json
    assert ("not_json" not in read_json(value)[1]) is is_json
