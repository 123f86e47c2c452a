"""The reader in operation: counted, compared now and then, ended by a difference, rested when it only costs."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.decode import Decoder, Event
from schemas.reader import ALL, DIFFERED, OFF, REFUSALS, RESTED, SHADOWED, SWITCHED_OFF, Parts, Reader, Readers
from tests.engine.toys import CASES, STATIONS, reference
from tests.reader import toy
from tests.reader.documents import encode

GOOD = encode(toy.EXAMPLE)
BAD = encode({**toy.EXAMPLE, "id": ""})
SLOW = GOOD.replace(b'"id": "A1"', b'"id": 1, "id": "A1"')
"""A key that stands twice: pydantic takes the last, the fast reader leaves it alone."""


def made(readers: Readers, feed: str = "toy") -> Reader:
    return readers.reader(feed, toy.Toy, toy.PARTS, toy.OFTEN)


def lying(reader: Reader, change: Callable[[Any], Any]) -> None:
    """Let the fast reader of this one take things otherwise from now on."""
    parts = reader._parts
    reader._parts = lambda value: change(parts(value))


def test_both_give_the_same_parts_and_each_is_counted() -> None:
    fast, slow = made(Readers()), made(Readers((OFF,)))
    for value in (GOOD, SLOW):
        assert repr(fast.read(value)) == repr(slow.read(value))
    for reader in (fast, slow):
        with pytest.raises(ValidationError, match="id"):
            reader.read(BAD)
    assert (fast.fast, fast.judged, fast.trying, fast.why) == (1, 2, True, "")
    assert (slow.fast, slow.judged, slow.trying, slow.why) == (0, 3, False, SWITCHED_OFF)


@pytest.mark.parametrize(("wanted", "trying"), [((ALL,), True), ((OFF,), False), (("toy",), True), (("other",), False),
                                                (("other", "toy"), True)])  # fmt: skip
def test_it_is_switched_by_feed(wanted: tuple[str, ...], trying: bool) -> None:
    assert made(Readers(wanted)).trying is trying


def test_the_first_and_then_one_in_so_many_is_read_by_both() -> None:
    reader = made(Readers())
    compared = []
    validate = reader.validate
    reader.validate = lambda value: compared.append(reader.fast) or validate(value)  # type: ignore[func-returns-value]
    for _ in range(2 * SHADOWED + 5):
        reader.read(GOOD)
    assert compared == [1, 1 + SHADOWED, 1 + 2 * SHADOWED]
    assert (reader.differences, reader.judged) == (0, 0)


@pytest.mark.parametrize("sizes", [[2 * SHADOWED + 5], [1, SHADOWED - 1, SHADOWED + 1, 4], [700, 1298], [0, 1998]])
def test_many_at_once_are_read_counted_and_compared_as_single_ones(sizes: list[int]) -> None:
    single, reader = made(Readers()), made(Readers())
    compared = []
    validate = reader.validate
    reader.validate = lambda value: compared.append(reader.fast) or validate(value)  # type: ignore[func-returns-value]
    for size in sizes:
        values = [GOOD] * size
        assert list(zip(*reader.columns(values), strict=True)) == [single.read(value) for value in values]
    assert compared == [count for count in (1, 1 + SHADOWED, 1 + 2 * SHADOWED) if count <= sum(sizes)]
    assert (reader.fast, reader.judged) == (single.fast, single.judged)


def test_what_one_of_many_is_refused_for_is_told_by_pydantic() -> None:
    reader = made(Readers())
    reader.read(GOOD)
    assert reader.columns([GOOD, SLOW, GOOD]) == reader.turned(map(reader.read, [GOOD, SLOW, GOOD]))
    with pytest.raises(ValidationError, match="id"):
        reader.columns([GOOD, BAD, GOOD])
    assert made(Readers((OFF,))).columns([GOOD, SLOW]) == reader.turned(map(reader.read, [GOOD, SLOW]))


def swapped(parts: Parts) -> Parts:
    return tuple(reversed(parts))


def signed(parts: Parts) -> Parts:
    return (*parts[:3], {**parts[3], "whole": float(parts[3]["whole"])}, *parts[4:])


@pytest.mark.parametrize("change", [swapped, signed])
def test_a_difference_is_counted_told_and_ends_the_fast_reader_of_every_feed(change: Callable[[Any], Any]) -> None:
    told: list[str] = []
    readers = Readers(told=told.append)
    reader, other = made(readers), made(readers, "other")
    lying(reader, change)

    answer = reader.read(GOOD)

    assert answer == made(Readers((OFF,))).read(GOOD), "pydantic's verdict counts"
    assert (reader.differences, other.differences) == (1, 0)
    assert [each.trying for each in readers.made] == [False, False]
    assert [each.why for each in readers.made] == [DIFFERED, DIFFERED]
    assert len(told) == 1
    assert "feed toy" in told[0]
    assert "'A1'" in told[0]
    for _ in range(RESTED + 2):
        other.read(GOOD)
    assert other.fast == 0, "for good"


def test_accepting_what_pydantic_refuses_is_a_difference_and_it_is_refused() -> None:
    told: list[str] = []
    reader = made(Readers(told=told.append))
    reader._parts = lambda value: ()
    with pytest.raises(ValidationError):
        reader.read(BAD)
    assert reader.differences == 1
    assert not reader.trying
    assert "refuses" in told[0]


def test_an_attribute_that_nobody_takes_is_compared_too() -> None:
    reader = made(Readers())
    whole = reader._whole
    reader._whole = lambda value: {**whole(value), "plain": "other"}
    reader.read(GOOD)
    assert reader.differences == 1


def test_a_reader_that_cannot_give_the_whole_of_what_it_took_differs() -> None:
    reader = made(Readers())

    def broken(value: bytes) -> dict[str, Any]:
        raise RuntimeError("no")

    reader._whole = broken
    assert reader.read(GOOD)[2] == "A1"
    assert reader.differences == 1


def tries(reader: Reader) -> bool:
    """Whether it does now; mypy takes an attribute for what it was."""
    return reader.trying


def feed_it(reader: Reader, *, slow: int, fast: int) -> None:
    for _ in range(slow):
        reader.read(SLOW)
        for _ in range(fast):
            reader.read(GOOD)


def test_it_rests_when_more_than_a_third_is_left_to_pydantic_and_tries_again_later() -> None:
    reader = made(Readers())
    feed_it(reader, slow=REFUSALS - 1, fast=1)
    assert tries(reader), "not enough to judge by"
    reader.read(SLOW)
    assert not tries(reader)
    assert (reader.why, reader.judged, reader.fast) == ("", REFUSALS, REFUSALS - 1)
    feed_it(reader, slow=RESTED - 1, fast=0)
    assert not tries(reader)
    reader.read(GOOD)
    assert tries(reader)
    reader.read(GOOD)
    assert reader.fast == REFUSALS


def test_it_goes_on_when_less_than_a_third_is_left_to_pydantic() -> None:
    reader = made(Readers())
    feed_it(reader, slow=3 * REFUSALS, fast=3)
    assert tries(reader)
    feed_it(reader, slow=REFUSALS, fast=1)
    assert not tries(reader), "of the newest, not of all"


@pytest.mark.parametrize("feed", [CASES, STATIONS], ids=lambda feed: feed.name)
def test_a_decoder_gives_the_same_events_with_either(feed: Any) -> None:
    plain, quick = Decoder(feed, reference()), Decoder(feed, reference(), readers=Readers())
    body = {**feed.example, "adminunit": "02647", "recordedtime": "2026-01-05T08:00:01+07:00", "provenance": "replay"}
    for value in (encode(feed.example), encode(body), encode({**body, "expirytime": "x"}), encode({**body, "id": ""}),
                  encode({**body, "dataschema": "urn:x"}), encode({**body, "type": "x"}), b"{", None):  # fmt: skip
        assert repr(quick.decode(value)) == repr(plain.decode(value))
    assert isinstance(quick.decode(encode(body)), Event)
    assert quick.reader.fast > 0
    assert plain.reader.fast == 0, "who asks for no fast reader has none"


def test_a_difference_ends_a_reader_that_rests_too() -> None:
    readers = Readers()
    reader, other = made(readers), made(readers, "other")
    feed_it(reader, slow=REFUSALS, fast=0)
    assert not tries(reader)
    lying(other, swapped)
    other.read(GOOD)
    feed_it(reader, slow=RESTED + 1, fast=0)
    assert not tries(reader)
    assert reader.why == DIFFERED
