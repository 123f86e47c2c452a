"""Every registered feed: what its fast reader accepts is what pydantic accepts, with equal values."""

import pytest

from schemas.catalogue import load_feeds
from schemas.decode import PARTS, Decoder
from schemas.feed import Feed
from schemas.reader import Reader, Readers
from tests.engine.toys import CASES, STATIONS, reference
from tests.reader.agreement import Tally, difference, first_difference, same
from tests.reader.documents import encode, filled, fixed
from tests.reader.tokens import TOKENS
from tests.schemas.test_decode import POISON

FEEDS = (*load_feeds(), CASES, STATIONS)
COVERED = {"dossier", "exchange", "feedback", "hydromet"}
every_feed = pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.name)


def reader_of(feed: Feed) -> Reader:
    """The reader that the worker would have; a feed beyond it is shown among the skipped, with the reason."""
    reader = Decoder(feed, reference(), readers=Readers()).reader
    if reader.why and feed.name not in COVERED:
        pytest.skip(f"feed {feed.name} is read by pydantic alone: {reader.why}")
    assert reader.why == ""
    return reader


@every_feed
def test_its_example_is_read_fast(feed: Feed) -> None:
    reader = reader_of(feed)

    parts = reader.read(encode(feed.example))

    assert (reader.fast, reader.judged, reader.differences) == (1, 0, 0)
    assert same(parts, tuple(map(reader.validate(encode(feed.example)).get, PARTS)))


@every_feed
def test_no_document_of_the_fixed_list_is_read_differently(feed: Feed) -> None:
    reader, tally = reader_of(feed), Tally()
    event = filled(feed.example, reader.schema, reader.validate)

    found = first_difference(reader._parts, reader._whole, reader.validate, PARTS, fixed(event, reader.schema), tally)

    assert not found
    assert tally.documents > 20_000
    assert tally.both > 1500, "hardly anything was accepted: nothing was compared"
    assert tally.left < tally.both, "more than keys that stand twice is left to pydantic"


def test_no_record_of_the_poison_corpus_is_read_differently() -> None:
    reader = reader_of(STATIONS)
    for value, _ in POISON.values():
        if value is not None:
            assert not difference(reader._parts, reader._whole, reader.validate, PARTS, value, Tally())


def test_the_comparison_tells_type_order_and_sign() -> None:
    pairs: list[tuple[object, object]] = [(1, 1.0), (1, True), (0.0, -0.0), ((1,), (1.0,)), (None, {})]
    pairs.append(({"a": 1, "b": 2}, {"b": 2, "a": 1}))
    for one, other in pairs:
        assert not same(one, other)
    assert same({"a": (1, "x")}, {"a": (1, "x")})
    assert len(set(TOKENS)) >= 200
