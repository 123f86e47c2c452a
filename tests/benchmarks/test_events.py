"""The events of the benchmarks: the same every time, and every one accepted by decoder and engine."""

from collections import defaultdict
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.events import BEGINNING, Record, open_dossiers, records
from benchmarks.hot_path import batches, folded
from schemas.catalogue import load_feeds
from schemas.decode import Event
from schemas.errors import Fate
from schemas.feed import Feed
from schemas.reference import Reference, load_reference
from streams.engine.plan import Plan
from streams.engine.readings import readings

ROOT = Path(__file__).parents[2]
NUMBER = 6000


@pytest.fixture(scope="module")
def reference() -> Reference:
    return load_reference(ROOT / "reference")


@pytest.fixture(scope="module")
def feeds() -> dict[str, Feed]:
    return {feed.name: feed for feed in load_feeds()}


@pytest.fixture(scope="module")
def found(reference: Reference, feeds: dict[str, Feed]) -> list[Record]:
    return list(islice(records(reference, feeds), NUMBER))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    reference: Reference, feeds: dict[str, Feed], found: list[Record]
) -> None:
    assert list(islice(records(reference, feeds), NUMBER)) == found
    assert list(islice(records(reference, feeds, seed=1), NUMBER)) != found


def test_all_four_feeds_occur_and_no_event_twice(feeds: dict[str, Feed], found: list[Record]) -> None:
    assert {record.feed for record in found} == {"dossier", "exchange", "feedback", "hydromet"} <= set(feeds)
    assert len({record.value for record in found}) == NUMBER


def test_events_come_in_the_order_in_which_they_happen(reference: Reference, feeds: dict[str, Feed],
                                                       found: list[Record]) -> None:
    decoders = {name: Plan(feed, reference).decoder for name, feed in feeds.items()}
    events = [decoders[record.feed].decode(record.value) for record in found]
    times = [event.time for event in events if isinstance(event, Event)]
    assert len(times) == NUMBER
    assert times == sorted(times)
    assert times[0] >= BEGINNING


def test_every_event_is_accepted(reference: Reference, feeds: dict[str, Feed], found: list[Record]) -> None:
    by_feed: dict[str, list[Record]] = defaultdict(list)
    for record in found:
        by_feed[record.feed].append(record)
    for name, some in by_feed.items():
        plan = Plan(feeds[name], reference)
        (lane,) = folded(plan, batches(plan, some)).lanes.values()
        fates = {label.rpartition("\x1f")[2]: number for label, number in lane.fates.items()}
        assert set(fates) == {Fate.ACCEPTED}
        assert sum(lane.fates.values()) == len(some)


def test_open_dossiers_are_open(reference: Reference, feeds: dict[str, Feed]) -> None:
    plan = Plan(feeds["dossier"], reference)
    state = folded(plan, batches(plan, list(open_dossiers(reference, feeds, 700))))
    assert sum(found.value for found in readings(plan, state) if found.name == "ioc_dossier_open") == 700
