"""A scenario is the same story each time, is good but for what is bad on purpose, and finds its place again."""

from collections import Counter
from importlib import import_module
from itertools import takewhile
from typing import Any

import pytest

from schemas.catalogue import load_feeds
from schemas.decode import Decoder, Event
from schemas.reference import Reference
from streams.publisher import encode
from streams.simulator.player import Planned
from streams.simulator.scenarios.scenario import MINUTE, minute_of, tell
from streams.simulator.simulate import LOOK_BACK, first_minute, fresh, scenarios

MONDAY = 29_741_790  # Monday 2026-07-20 07:30 local, in minutes since the epoch
HOURS = 4 * 60


@pytest.fixture(scope="module")
def story(reference: Reference) -> list[Planned]:
    return told(reference, "1")


def told(reference: Reference, seed: str) -> list[Planned]:
    born = import_module("streams.simulator.scenarios.ordinary_monday").born
    feeds = {feed.name: feed for feed in load_feeds()}
    items = tell(born, seed=seed, since=MONDAY, reference=reference, feeds=feeds)
    return list(takewhile(lambda item: item.at < (MONDAY + HOURS) * MINUTE, items))


def essence(items: list[Planned]) -> list[Any]:
    return [(item.at, item.id, encode(item.event())) for item in items]


def test_the_same_seed_tells_the_same_story_another_seed_another(story: list[Planned], reference: Reference) -> None:
    assert essence(story) == essence(told(reference, "1"))
    assert essence(story) != essence(told(reference, "2"))


def test_all_four_feeds_move(story: list[Planned]) -> None:
    counts = Counter(item.feed for item in story)
    assert all(counts[feed] >= 50 for feed in ("dossier", "feedback", "hydromet", "exchange"))
    assert [item.at for item in story] == sorted(item.at for item in story)


def test_only_what_is_faulty_on_purpose_is_refused_at_the_door(story: list[Planned], reference: Reference) -> None:
    decoders = {feed.name: Decoder(feed, reference) for feed in load_feeds()}
    reasons: Counter[str] = Counter()
    for item in story:
        answer = decoders[item.feed].decode(encode(item.event()))
        if isinstance(answer, Event):
            assert answer.provenance == "simulated"
            assert not answer.flags, (answer.flags, item.event())
        else:
            assert item.faulty, (answer, item.event())
            reasons[answer.reason.value] += 1
    assert reasons == {"unknown_entity": 8, "schema_violation": 4}
    assert Counter(item.key for item in story if item.key == b"khong-phai-tram") == {b"khong-phai-tram": 8}


def test_there_are_repeats_with_the_same_bytes(story: list[Planned]) -> None:
    repeated = [name for name, number in Counter(item.id for item in story).items() if number > 1]
    assert len(repeated) >= 10
    bodies = {encode(item.event()) for item in story if item.id == repeated[0]}
    assert len(bodies) == 1


def test_ids_say_when_their_story_began(story: list[Planned]) -> None:
    assert minute_of(story[0].id) == MONDAY
    assert minute_of("something-else") is None


def test_it_goes_on_where_the_topic_ends(story: list[Planned], reference: Reference) -> None:
    there = {item.id: item.at for item in story}
    now = (MONDAY + HOURS + 1000) * MINUTE
    assert first_minute(there, now) == MONDAY
    assert first_minute(there, now + LOOK_BACK * MINUTE) == now // MINUTE
    feeds = {feed.name: feed for feed in load_feeds()}
    born = import_module("streams.simulator.scenarios.ordinary_monday").born
    again = fresh(born, "1", MONDAY, reference, feeds, there)
    assert next(again).at >= (MONDAY + HOURS) * MINUTE


def test_the_scenarios_are_found_by_their_files() -> None:
    assert "ordinary_monday" in scenarios()
