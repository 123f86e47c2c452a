"""Accepted records are counted a run at a time and decoded many at a time: nobody may see it in a number."""

from collections.abc import Iterable
from random import Random

from streams.engine.fold import TOGETHER, Folded, fold
from streams.engine.snapshot import dump
from streams.engine.state import State
from tests.engine.toys import STATIONS, Record, batch, fresh, plan_of, record

START = 1_767_574_800_000
MINUTE = 60_000
SOURCES = ("//laocai.gov.vn/kttv/vrain", "//laocai.gov.vn/kttv/thuyvan", "//laocai.gov.vn/pac/igate")
PLACES = ("LC-R-0042", "LC-R-0001")


def log(number: int, seed: int = 7) -> list[Record]:
    """Records of many sources and lanes, over hours, whose times and stamps go back as well; some are refused."""
    random, append = Random(seed), START
    found: list[Record] = []
    for place in range(number):
        append += random.choice((-2 * MINUTE, 0, MINUTE, 3 * MINUTE))
        at = append + random.choice((-50 * MINUTE, -MINUTE, 0, 4 * MINUTE, 9 * MINUTE))
        lane = random.choice(({}, {}, {"provenance": "replay"}))
        about = {"source": random.choice(SOURCES), "adminunit": "02647", **lane}
        if random.random() < 0.5:
            del about["adminunit"]  # with it the version is assumed: a flag
        if random.random() < 0.1:
            found.append((append, b"LC-R-0042", b"{}"))
        name = place if random.random() < 0.9 else place // 2
        found.append(record(STATIONS, name, "observed", at, append=append, attributes=about,
                            station_id=random.choice(PLACES), level_m=random.random(), quality="ok"))  # fmt: skip
    return found


def folded(records: list[Record], sizes: Iterable[int]) -> tuple[State, list[Folded]]:
    """A state that has read the records in batches of these sizes, and what was told of them."""
    plan, state, told, first = plan_of(STATIONS.name), fresh(STATIONS), [], 0
    for size in sizes:
        told.append(fold(plan, state, batch(STATIONS, records[first : first + size], first)))
        first += size
    state.version = 0
    return state, told


def test_a_batch_counts_as_its_records_do_one_by_one() -> None:
    records = log(3 * TOGETHER)
    together, [all_at_once] = folded(records, [len(records)])
    alone, told = folded(records, [1] * len(records))

    assert dump(plan_of(STATIONS.name), together) == dump(plan_of(STATIONS.name), alone)
    assert all_at_once.fates == sum((each.fates for each in told), all_at_once.fates.__class__())
    assert all_at_once.flags == sum((each.flags for each in told), all_at_once.flags.__class__())
    assert all_at_once.delays == [delay for each in told for delay in each.delays]
    assert all_at_once.dead_letters == [letter for each in told for letter in each.dead_letters]
    slots = [seen for lane in together.lanes.values() for each in lane.sources.values() for seen in each.slots.values()]
    assert all(seen == sorted(set(seen)) and len(seen) > 1 for seen in slots)
    assert len(all_at_once.fates) > len(SOURCES)
    assert all_at_once.flags
    assert all_at_once.delays
    assert {letter.reason.value for letter in all_at_once.dead_letters} > {"future_time", "not_cloudevent"}


def test_the_newest_record_of_a_source_tells_whether_its_clock_is_wrong() -> None:
    def look(number: int, ahead: int) -> Record:
        at = START + number * MINUTE
        return record(STATIONS, number, "observed", at + ahead * MINUTE, append=at, station_id=PLACES[0], quality="ok")

    for ahead, expected in (((0, 9), True), ((9, 0), False), ((0, 9, 0), False)):
        state, _ = folded([look(*each) for each in enumerate(ahead)], [len(ahead)])
        assert state.lanes["real"].sources[SOURCES[0]].fault is expected


def test_a_station_that_comes_back_after_a_day_counts_again() -> None:
    def look(number: int, at: int, place: str) -> Record:
        return record(STATIONS, number, "observed", at, append=at, station_id=place, quality="ok")

    plan, state, later = plan_of(STATIONS.name), fresh(STATIONS), START + 3 * 24 * 60 * MINUTE
    fold(plan, state, batch(STATIONS, [look(0, START, PLACES[0]), look(1, later, PLACES[1])], 0))
    dump(plan, state)
    assert state.lanes["real"].sources[SOURCES[0]].slots[PLACES[0]] == []
    told = fold(plan, state, batch(STATIONS, [look(2, later + MINUTE, PLACES[0])], 2))

    assert told.fates == {(SOURCES[0], "accepted"): 1}
    assert len(state.lanes["real"].sources[SOURCES[0]].slots[PLACES[0]]) == 1
