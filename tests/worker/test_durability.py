"""Confirm, then show, then acknowledge; recovery takes the right snapshot and refuses what it does not understand."""

import asyncio
from hashlib import sha256

import pytest

from schemas.errors import SnapshotError
from streams.engine.fold import fold
from streams.engine.plan import Plan
from streams.worker.attempts import note_key
from streams.worker.loading import OvertakenError
from streams.worker.owned import Candidates, Owned
from tests.worker import probe
from tests.worker.fakes import PLACE, TOPIC, Bench, Event


@pytest.fixture(scope="module")
def plan() -> Plan:
    return probe.plan()


@pytest.fixture
async def bench(plan: Plan) -> Bench:
    made = Bench(plan)
    await made.start()
    return made


def owned_of(bench: Bench) -> Owned:
    owned = bench.keeper.owned(PLACE)
    assert owned is not None
    return owned


def take(bench: Bench, first: int, count: int) -> Event:
    """Folds events and holds their batch."""
    owned = owned_of(bench)
    fold(owned.plan, owned.state, probe.batch(first, [probe.event(number) for number in range(first, first + count)]))
    event = Event(bench.log)
    owned.held.append(event)
    return event


async def snapshot_of(plan: Plan, count: int, topic_id: str = "id-1") -> bytes:
    """The record that a worker writes after so many events."""
    bench = Bench(plan)
    bench.identities = {TOPIC: topic_id}
    await bench.start()
    take(bench, 0, count)
    await bench.keeper.flush()
    return bench.snapshots()[-1]


async def test_the_broker_confirms_then_the_page_shows_then_the_batch_is_acknowledged(bench: Bench) -> None:
    take(bench, 0, 2)
    await bench.keeper.flush()
    assert bench.log == ["confirm", "show", "ack"]
    assert bench.shown("ioc_next_offset") == [2]


async def test_before_the_confirmation_nothing_is_shown_and_nothing_acknowledged(bench: Bench) -> None:
    bench.producer.waits = True
    event = take(bench, 0, 2)
    flush = asyncio.create_task(bench.keeper.flush())
    await asyncio.sleep(0.01)
    assert len(bench.producer.waiting) == 1
    assert bench.shown("ioc_next_offset") == [0]
    assert not event.acked
    bench.producer.confirm(bench.producer.waiting[0])
    await flush
    assert event.acked


async def test_what_is_shown_is_the_snapshot_and_not_what_came_after_it(bench: Bench) -> None:
    bench.producer.waits = True
    take(bench, 0, 2)
    flush = asyncio.create_task(bench.keeper.flush())
    await asyncio.sleep(0.01)
    later = take(bench, 2, 3)
    bench.producer.confirm(bench.producer.waiting[0])
    await flush
    assert bench.shown("ioc_next_offset") == [2]
    assert bench.shown("ioc_feedback_reports") == [2]
    assert not later.acked


async def test_a_refused_snapshot_keeps_the_batch_held_and_is_tried_again(bench: Bench) -> None:
    bench.producer.refuse = lambda value: OSError("no")
    event = take(bench, 0, 2)
    await bench.keeper.flush()
    assert (bench.shown("ioc_next_offset"), event.acked) == ([0], False)
    assert bench.vitals.unconfirmed_since == bench.now
    bench.producer.refuse = lambda value: None
    later = take(bench, 2, 1)
    await bench.keeper.flush()
    assert (bench.shown("ioc_next_offset"), event.acked, later.acked) == ([3], True, True)
    assert bench.vitals.unconfirmed_since is None


async def test_a_flush_that_is_cancelled_loses_no_held_batch(bench: Bench) -> None:
    bench.producer.waits = True
    event = take(bench, 0, 2)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bench.keeper.flush(), 0.01)
    bench.producer.waits = False
    await bench.keeper.flush()
    assert event.acked


async def test_after_a_rebalance_in_mid_flush_nothing_is_shown_or_acknowledged(bench: Bench) -> None:
    bench.producer.waits = True
    event = take(bench, 0, 2)
    flush = asyncio.create_task(bench.keeper.flush())
    await asyncio.sleep(0.01)
    bench.consumer.generation = 2
    bench.producer.confirm(bench.producer.waiting[0])
    await flush
    assert (bench.shown("ioc_next_offset"), event.acked) == ([0], False)


async def test_an_unchanged_state_is_not_written_again(bench: Bench) -> None:
    take(bench, 0, 2)
    for _ in range(3):
        await bench.keeper.flush()
    assert len(bench.snapshots()) == 1


async def test_what_changes_while_a_snapshot_is_on_its_way_is_written_with_the_next(bench: Bench) -> None:
    bench.producer.waits = True
    take(bench, 0, 2)
    flush = asyncio.create_task(bench.keeper.flush())
    await asyncio.sleep(0.01)
    owned_of(bench).state.version += 1  # a present that went on
    bench.producer.waits = False
    bench.producer.confirm(bench.producer.waiting[0])
    await flush
    await bench.keeper.flush()
    assert len(bench.snapshots()) == 2


async def test_a_state_whose_dead_letters_were_not_written_never_becomes_durable(bench: Bench) -> None:
    event = take(bench, 0, 2)
    owned_of(bench).failed = True
    await bench.keeper.flush()
    assert (bench.snapshots(), event.acked) == ([], False)


async def test_the_flush_waits_for_the_dead_letters_of_the_batch(bench: Bench) -> None:
    take(bench, 0, 2)
    async with owned_of(bench).lock:
        flush = asyncio.create_task(bench.keeper.flush())
        await asyncio.sleep(0.01)
        assert bench.snapshots() == []
    await flush
    assert len(bench.snapshots()) == 1


async def test_a_snapshot_above_the_limit_names_its_size_and_the_limit(plan: Plan) -> None:
    bench = Bench(plan, snapshot_limit_bytes=100_000)
    await bench.start()
    owned = owned_of(bench)
    things = [sha256(str(number).encode()).hexdigest() for number in range(4000)]
    made = probe.batch(0, [probe.event(number, thing=thing) for number, thing in enumerate(things)])
    made.keys = [thing.encode() for thing in things]
    fold(owned.plan, owned.state, made)
    with pytest.raises(SnapshotError, match=r"has \d+ bytes, more than IOC_SNAPSHOT_LIMIT_BYTES=100000"):
        await bench.keeper.flush()


async def test_recovery_goes_on_where_the_snapshot_ends_and_shows_it_at_once(plan: Plan) -> None:
    bench = Bench(plan)
    bench.keep(await snapshot_of(plan, 5))
    assert await bench.keeper.recover([PLACE]) == {PLACE: 5}
    assert bench.shown("ioc_next_offset") == []
    bench.keeper.begin({PLACE: 5})
    assert bench.shown("ioc_next_offset") == [5]
    assert bench.shown("ioc_feedback_reports") == [5]
    await bench.keeper.flush()
    await bench.keeper.flush()
    assert len(bench.snapshots()) == 1, "written again once, for the broker's time"


async def test_a_recovery_whose_partitions_go_ends_before_the_next_of_them(plan: Plan) -> None:
    bench, told = Bench(plan), list[str | None]()

    def got_on() -> None:
        told.append(bench.keeper.vitals.recovering)
        bench.keeper.forget([PLACE])

    with pytest.raises(OvertakenError):
        await bench.keeper.recover([PLACE, (TOPIC, 1)], got_on)
    assert told == [f"{TOPIC}/0, 1 of 2 partitions"]


async def test_a_recovery_that_is_cancelled_lets_its_thread_end(plan: Plan) -> None:
    bench, begun = Bench(plan), asyncio.Event()

    async def hangs(*_: object) -> dict[int, dict[bytes, Candidates]]:
        begun.set()
        await asyncio.sleep(20)
        return {}

    bench.keeper._read = hangs
    task = asyncio.create_task(bench.keeper.recover([PLACE]))
    await begun.wait()
    loading = bench.keeper._loading
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert loading is not None
    assert not loading.wanted


async def test_the_highest_next_offset_wins_over_the_newest_record(plan: Plan) -> None:
    bench = Bench(plan)
    for count in (5, 9, 7):
        bench.keep(await snapshot_of(plan, count))
    assert await bench.keeper.recover([PLACE]) == {PLACE: 9}


async def test_without_a_snapshot_or_after_a_tombstone_reading_begins_at_the_beginning(plan: Plan) -> None:
    bench = Bench(plan)
    assert await bench.keeper.recover([PLACE]) == {}
    bench.keep(await snapshot_of(plan, 5))
    bench.keep(None)
    assert await bench.keeper.recover([PLACE]) == {}


async def test_a_topic_made_anew_keeps_what_was_counted_and_is_read_from_its_first_record(plan: Plan) -> None:
    bench = Bench(plan)
    bench.keep(await snapshot_of(plan, 5))
    bench.identities = {TOPIC: "id-2"}
    assert await bench.keeper.recover([PLACE]) == {PLACE: 0}
    bench.keeper.begin({PLACE: 0})
    assert bench.shown("ioc_feedback_reports") == [5]
    await bench.keeper.flush()
    bench.keep(bench.snapshots()[-1])
    assert await bench.keeper.recover([PLACE]) == {PLACE: 0}


async def test_a_topic_made_anew_while_we_run_is_read_from_its_first_record(bench: Bench) -> None:
    take(bench, 0, 5)
    bench.identities = {TOPIC: "id-2"}
    await bench.keeper.look_at_log()
    assert owned_of(bench).state.next_offset == 0
    assert bench.consumer.sought == [(PLACE, 0)]


async def test_a_log_that_ends_before_the_state_stops_the_process(bench: Bench) -> None:
    take(bench, 0, 5)
    bench.consumer.ends[PLACE] = 3
    with pytest.raises(SnapshotError, match="up to 5, but the log ends at 3"):
        await bench.keeper.look_at_log()


async def test_a_broker_that_does_not_answer_is_noted_until_it_does(
        bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def latest(partitions: object) -> dict[tuple[str, int], int]:
        raise TimeoutError

    with monkeypatch.context() as broken:
        broken.setattr(bench.consumer, "latest", latest)
        await bench.keeper.look_at_log()
        assert bench.vitals.broker_silent_since == bench.now
    await bench.keeper.look_at_log()
    assert bench.vitals.broker_silent_since is None


async def test_a_snapshot_of_another_format_or_no_snapshot_at_all_stops_the_start(plan: Plan) -> None:
    good = await snapshot_of(plan, 5)
    for value, what in ((good.replace(b'"format":1', b'"format":9'), "format 9"), (b"junk", "cannot be read"),
                        (good.replace(b'"next_offset":5', b'"next_offset":6'), "another state"),
                        (good[:-20], "no snapshot")):
        bench = Bench(plan)
        bench.keep(value)
        with pytest.raises(SnapshotError, match=what):
            await bench.keeper.recover([PLACE])


async def test_a_deleted_key_is_counted_anew_though_what_could_not_be_read_still_stands_before_it(plan: Plan) -> None:
    bench = Bench(plan)
    bench.keep(b"junk")
    bench.keep(None)
    assert await bench.keeper.recover([PLACE]) == {}
    bench.keep(await snapshot_of(plan, 5))
    assert await bench.keeper.recover([PLACE]) == {PLACE: 5}


async def test_what_cannot_be_read_stops_nobody_who_does_not_need_it_or_has_something_newer(plan: Plan) -> None:
    bench = Bench(plan)
    bench.keep(b"junk", key=b"of nobody")
    bench.keep(await snapshot_of(plan, 5))
    assert await bench.keeper.recover([PLACE]) == {PLACE: 5}
    bench.keep(b"junk")
    with pytest.raises(SnapshotError, match="cannot be read"):
        await bench.keeper.recover([PLACE])
    bench.keep(await snapshot_of(plan, 3))
    assert await bench.keeper.recover([PLACE]) == {PLACE: 5}


async def test_revoked_partitions_disappear_at_once(bench: Bench) -> None:
    take(bench, 0, 2)
    await bench.keeper.flush()
    bench.keeper.forget([PLACE])
    assert bench.shown("ioc_next_offset") == []
    assert bench.keeper.owned(PLACE) is None


async def test_an_idle_present_goes_on_only_when_nothing_waits(bench: Bench) -> None:
    take(bench, 0, 2)
    bench.consumer.behind = True
    await bench.keeper.tick()
    before = bench.shown("ioc_present_timestamp_seconds")
    bench.now += 100
    await bench.keeper.tick()
    assert bench.shown("ioc_present_timestamp_seconds") == before
    bench.now += 100
    bench.consumer.behind = False
    await bench.keeper.tick()
    assert bench.shown("ioc_present_timestamp_seconds")[0] > before[0]
    assert bench.shown("ioc_watermark_timestamp_seconds") == before


@pytest.mark.parametrize("fast", [600, -600, -3600])
async def test_an_idle_present_goes_on_by_the_broker_s_clock_whatever_the_worker_s_own_shows(
    plan: Plan, fast: int
) -> None:
    presents = []
    for own in (0, fast):
        bench = Bench(plan)
        bench.fast = own
        await bench.start()
        take(bench, 0, 2)
        await bench.keeper.tick()
        bench.now += 100
        await bench.keeper.tick()
        presents.append(bench.shown("ioc_present_timestamp_seconds"))
        assert bench.vitals.clock_offset == own
    assert presents[0] == presents[1]


async def test_a_worker_that_takes_over_what_is_idle_asks_for_the_broker_s_time_and_goes_on_by_it(plan: Plan) -> None:
    first = Bench(plan)
    await first.start()
    take(first, 0, 2)
    await first.keeper.flush()
    presents = []
    for fast in (0, 600):
        bench = Bench(plan)
        bench.fast, bench.now = fast, first.now + 100
        bench.keep(first.snapshots()[-1])
        await bench.start()
        before = bench.shown("ioc_present_timestamp_seconds")
        await bench.keeper.tick()
        assert bench.shown("ioc_present_timestamp_seconds") == before, "the broker has not told its time yet"
        assert len(bench.snapshots()) == 1, "written again for its stamp alone"
        bench.now += 100
        await bench.keeper.tick()
        await bench.keeper.tick()
        assert len(bench.snapshots()) == 2
        presents.append(bench.shown("ioc_present_timestamp_seconds"))
        assert presents[-1] > before
    assert presents[0] == presents[1]


async def taken_over(plan: Plan, before: Bench) -> Bench:
    """Another worker, that finds the newest note and snapshot of the one before."""
    bench = Bench(plan)
    for topic, key, value, _, _ in before.producer.sent:
        if topic == "ioc.state.v1" and key is not None:
            bench.keep(value, key)
    await bench.start()
    return bench


async def test_an_attempt_is_noted_before_a_record_is_folded_and_two_dead_ends_make_the_next_owner_careful(
        plan: Plan, bench: Bench) -> None:
    assert [(note.offset, note.failures) for note in bench.notes()] == [(0, 0)]
    second = await taken_over(plan, bench)  # the first has died
    assert [(note.offset, note.failures) for note in second.notes()] == [(0, 1)]
    assert owned_of(second).careful_until == 0
    third = await taken_over(plan, second)
    assert [note.failures for note in third.notes()] == [2]
    assert owned_of(third).careful_until > 0
    take(third, 0, 3)
    await third.keeper.flush()
    fourth = await taken_over(plan, third)
    assert [(note.offset, note.failures) for note in fourth.notes()] == [(3, 0)], "a snapshot is progress"
    assert owned_of(fourth).careful_until == 0


async def test_what_is_given_up_in_good_order_is_no_dead_end(plan: Plan, bench: Bench) -> None:
    await bench.keeper.release()
    assert [note.released for note in bench.notes()] == [False, True]
    second = await taken_over(plan, bench)
    assert owned_of(second).careful_until == 0


async def test_who_has_made_progress_need_not_say_that_the_end_was_good(bench: Bench) -> None:
    take(bench, 0, 3)
    await bench.keeper.flush()
    await bench.keeper.release()
    assert [note.released for note in bench.notes()] == [False]


@pytest.mark.parametrize("is_behind", [False, True])
async def test_a_release_clears_of_suspicion_only_where_all_was_read(plan: Plan, bench: Bench, is_behind: bool) -> None:
    third = await taken_over(plan, await taken_over(plan, bench))
    third.consumer.behind = is_behind
    await third.keeper.release()
    fourth = await taken_over(plan, third)
    assert bool(owned_of(fourth).careful_until) == is_behind


async def test_an_assignment_of_the_same_process_writes_nothing_and_doubts_nothing(bench: Bench) -> None:
    for topic, key, value, _, _ in list(bench.producer.sent):
        assert (topic, key) == ("ioc.state.v1", note_key(PLACE))
        bench.keep(value, note_key(PLACE))
    await bench.start()
    assert len(bench.notes()) == 1
    assert owned_of(bench).careful_until == 0


async def test_a_note_that_is_not_confirmed_stops_nobody(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.worker.takeover.NOTE_SECONDS", 0.01)
    for refuses in (True, False):
        bench = Bench(plan)
        bench.producer.waits = not refuses
        if refuses:
            bench.producer.refuse = lambda value: OSError("no")
        await bench.start()
        assert owned_of(bench).state.next_offset == 0


async def test_nothing_is_begun_before_the_notes_are_confirmed(plan: Plan) -> None:
    bench = Bench(plan)
    bench.producer.waits = True
    recovering = asyncio.create_task(bench.keeper.recover([PLACE]))
    async with asyncio.timeout(60):
        while not bench.producer.waiting:
            await asyncio.sleep(0.01)
    assert not recovering.done()
    bench.producer.confirm(bench.producer.waiting[0])
    await recovering


async def test_a_note_that_cannot_be_read_is_none(plan: Plan) -> None:
    bench = Bench(plan)
    bench.keep(b"junk", note_key(PLACE))
    await bench.start()
    assert [(note.offset, note.failures) for note in bench.notes()] == [(0, 0)]
