"""The agent body: replays are skipped, holes sought again, dead letters confirmed before anything is durable."""

import asyncio
import hashlib
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError
from faust.exceptions import ProducerSendError

from schemas.decode import Decoder
from schemas.errors import LineStopped
from streams.engine.batch import Batch
from streams.engine.outsized import Outsized
from streams.engine.plan import Plan
from streams.engine.state import State
from streams.worker import trial
from streams.worker.agents import Body
from streams.worker.dead_letters import DeadLetters
from streams.worker.owned import Owned
from tests.worker import probe
from tests.worker.fakes import PLACE, TOPIC, Bench, Event


class Taker:
    """A body over a faked transport."""

    def __init__(self, plan: Plan) -> None:
        self.bench = Bench(plan)
        self.failing: list[bool] = []
        letters = DeadLetters(self.bench.producer.send, program="test", errors=self.bench.telemetry.dead_letter_errors,
                              failing=self.failing.append, pauses=(0.0, 0.0))
        self.body = Body(plan, self.bench.keeper, letters, self.bench.telemetry)

    async def take(self, first: int, *values: bytes | None) -> Event:
        event = Event(self.bench.log, probe.batch(first, list(values)))
        await self.body.take(event)
        return event

    @property
    def next_offset(self) -> int:
        owned = self.bench.keeper.owned(PLACE)
        assert owned is not None
        return owned.state.next_offset

    def dead(self) -> list[tuple[bytes | None, bytes | None, dict[str, bytes]]]:
        return [(key, value, dict(headers)) for topic, key, value, _, headers in self.bench.producer.sent
                if topic == f"{TOPIC}.dead"]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return probe.plan()


@pytest.fixture
async def taker(plan: Plan) -> Taker:
    made = Taker(plan)
    await made.bench.start()
    return made


async def test_a_batch_of_a_partition_that_is_not_ours_is_dropped(plan: Plan) -> None:
    taker = Taker(plan)
    await taker.take(0, probe.event(0))
    assert taker.bench.log == []


async def test_a_batch_is_acknowledged_with_the_snapshot_that_contains_it(taker: Taker) -> None:
    await taker.take(0, probe.event(0))
    assert taker.bench.log == []
    await taker.bench.keeper.flush()
    assert taker.bench.log == ["confirm", "show", "ack"]
    assert taker.bench.shown("ioc_feedback_reports") == [1]


async def test_a_batch_that_waits_for_its_snapshot_keeps_no_record(taker: Taker) -> None:
    event = await taker.take(0, probe.event(0), probe.event(1))
    assert (taker.next_offset, event.value.next_offset, event.value.values) == (2, 2, [])
    owned = taker.bench.keeper.owned(PLACE)
    assert owned is not None
    assert owned.held == [event]


async def test_records_read_again_are_skipped_and_their_batch_is_acknowledged(taker: Taker) -> None:
    await taker.take(0, probe.event(0), probe.event(1))
    whole, partly = await taker.take(0, probe.event(0)), await taker.take(1, probe.event(1), probe.event(2))
    await taker.bench.keeper.flush()
    assert taker.bench.shown("ioc_feedback_reports") == [3]
    assert taker.bench.consumer.counters.replayed == 2
    assert (whole.acked, partly.acked, taker.next_offset) == (True, True, 3)


async def test_a_hole_is_never_folded_and_read_again_from_where_the_state_ends(taker: Taker) -> None:
    await taker.take(0, probe.event(0))
    event = await taker.take(5, probe.event(5))
    await taker.bench.keeper.flush()
    assert taker.bench.consumer.sought == [(PLACE, 1)]
    assert (taker.next_offset, event.acked) == (1, False)


async def test_a_hole_whose_records_were_deleted_goes_on_where_the_log_begins(taker: Taker) -> None:
    taker.bench.consumer.start = 5
    await taker.take(5, probe.event(5))
    await taker.take(5, probe.event(5))
    assert taker.next_offset == 6


async def test_the_first_records_of_a_topic_made_anew_are_no_replay(taker: Taker) -> None:
    await taker.take(0, probe.event(0), probe.event(1))
    taker.bench.identities = {TOPIC: "id-2"}
    await taker.take(0, probe.event(10), probe.event(11))
    await taker.bench.keeper.flush()
    assert taker.bench.shown("ioc_feedback_reports") == [4]


async def test_a_topic_made_anew_while_nothing_of_it_was_counted_is_counted_once(taker: Taker) -> None:
    taker.bench.identities = {TOPIC: "id-2"}
    await taker.take(0, probe.event(0), probe.event(1))
    await taker.bench.keeper.look_at_log()
    assert taker.next_offset == 2


async def test_a_dead_letter_has_its_bytes_and_its_whole_story(taker: Taker) -> None:
    await taker.take(0, b"\xff junk", probe.event(1))
    ((key, value, headers),) = taker.dead()
    assert (key, value) == (b"a", b"\xff junk")
    assert headers.pop("ioc-detail")
    assert headers == {"ioc-fate": b"rejected", "ioc-reason": b"not_json", "ioc-pointer": b"",
                       "ioc-origin": b"ioc.feedback.v1/0/0", "ioc-source": b"other", "ioc-provenance": b"real",
                       "ioc-arrival": b"1767600000000", "ioc-program": b"test"}


async def test_a_tombstone_without_a_key_can_be_set_aside(taker: Taker) -> None:
    made = probe.batch(0, [None], key=None)
    await taker.body.take(Event(taker.bench.log, made))
    ((key, value, headers),) = taker.dead()
    assert (key, value, headers["ioc-tombstone"]) == (None, b"", b"1")


@pytest.mark.parametrize("is_wrapped", [False, True])
async def test_a_record_too_large_for_the_dead_letter_topic_leaves_its_digest(taker: Taker, is_wrapped: bool) -> None:
    def refuse(value: bytes | None) -> Exception | None:
        if not value or len(value) <= 100:
            return None
        error: Exception = MessageSizeTooLargeError()
        if is_wrapped:  # as Faust does, when its producer refuses before the broker can
            error, error.__cause__ = ProducerSendError("Error while sending"), error
        return error

    taker.bench.producer.refuse = refuse
    await taker.take(0, b"x" * 200)
    _, value, headers = taker.dead()[-1]
    assert (value, headers["ioc-length"], len(headers["ioc-sha256"])) == (b"", b"200", 64)


async def test_of_a_value_that_was_never_held_the_digest_is_kept(taker: Taker) -> None:
    event = Event(taker.bench.log, probe.batch(0, [probe.event(0), Outsized.of(200 << 20, "d" * 64), probe.event(2)]))
    await taker.body.take(event)
    ((key, value, headers),) = taker.dead()
    assert (key, value, headers["ioc-reason"]) == (b"a", b"", b"too_large")
    assert (headers["ioc-length"], headers["ioc-sha256"]) == (b"%d" % (200 << 20), b"d" * 64)
    assert headers["ioc-detail"].startswith(b"209715200 bytes")
    await taker.bench.keeper.flush()
    assert taker.bench.shown("ioc_feedback_reports") == [2]


@pytest.mark.parametrize("value", [None, b"", b"junk"])
@pytest.mark.parametrize("key", [b"k" * 200, Outsized.of(200, hashlib.sha256(b"k" * 200).hexdigest())])
async def test_a_key_too_large_for_the_dead_letter_topic_leaves_its_digest(taker: Taker, key: bytes,
                                                                           value: bytes | None) -> None:
    send = taker.bench.producer.send

    async def limited(topic: str, key: bytes | None, value: bytes | None, partition: int, headers: Any) -> Any:
        if len(key or b"") + len(value or b"") > 100:
            raise MessageSizeTooLargeError
        return await send(topic, key, value, partition, headers)

    taker.body.dead_letters.send = limited
    await taker.body.take(Event(taker.bench.log, probe.batch(0, [value], key=key)))
    ((kept, body, headers),) = taker.dead()
    assert (kept, body, headers.get("ioc-tombstone")) == (None, b"", b"1" if value is None else None)
    assert headers["ioc-sha256"] == hashlib.sha256(value or b"").hexdigest().encode()
    assert headers["ioc-key-sha256"] == hashlib.sha256(b"k" * 200).hexdigest().encode()
    assert headers["ioc-key-length"] == b"200"
    await taker.bench.keeper.flush()
    assert len(taker.bench.snapshots()) == 1


async def is_durable_only_with_its_letter(taker: Taker, value: bytes) -> None:
    """A record that becomes a dead letter: no snapshot contains it before the letter is confirmed."""
    taker.bench.producer.waits = True
    taking = asyncio.create_task(taker.take(0, value))
    async with asyncio.timeout(60):
        while not taker.dead():
            await asyncio.sleep(0.01)
    flush = asyncio.create_task(taker.bench.keeper.flush())
    await asyncio.sleep(0.01)
    assert taker.bench.snapshots() == []
    taker.bench.producer.waits = False
    taker.bench.producer.confirm(taker.bench.producer.waiting[0])
    await asyncio.gather(taking, flush)
    assert len(taker.bench.snapshots()) == 1


async def test_no_snapshot_before_its_dead_letters_are_confirmed(taker: Taker) -> None:
    await is_durable_only_with_its_letter(taker, b"junk")


async def test_dead_letters_are_tried_again_then_the_line_stops_and_nothing_is_durable(taker: Taker) -> None:
    taker.bench.producer.refuse = lambda value: OSError("no")
    with pytest.raises(LineStopped, match=r"1 dead letters of ioc\.feedback\.v1/0"):
        await taker.take(0, b"junk", probe.event(1))
    assert len(taker.dead()) == 3
    taker.bench.producer.refuse = lambda value: None
    await taker.bench.keeper.flush()
    assert taker.bench.snapshots() == []
    assert taker.failing == [True, True, True]


async def test_a_dead_letter_that_gets_through_in_the_end_lets_the_line_go_on(taker: Taker) -> None:
    answers = iter([OSError("no"), None])
    taker.bench.producer.refuse = lambda value: next(answers, None)
    await taker.take(0, b"junk")
    assert taker.failing == [True, False]
    assert taker.next_offset == 1


async def test_more_than_a_hundred_faults_of_our_own_in_a_row_stop_the_line(
        taker: Taker, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("our fault")

    monkeypatch.setattr("streams.engine.fold.take", broken)
    await taker.take(0, *(probe.event(number) for number in range(60)), b"junk")
    await taker.take(61, *(probe.event(number) for number in range(60, 120)))
    with pytest.raises(LineStopped, match="more than 100 records in a row"):
        await taker.take(121, *(probe.event(number) for number in range(120, 170)))


async def test_what_became_of_a_batch_is_counted_once_by_source(taker: Taker) -> None:
    await taker.take(0, probe.event(0), probe.event(0), b"junk")
    value = taker.bench.telemetry.registry.get_sample_value
    mine, other = {"feed": "feedback", "source": probe.SOURCE}, {"feed": "feedback", "source": "other"}
    assert value("ioc_events_read_total", mine) == 2
    assert value("ioc_events_accepted_total", mine) == 1
    assert value("ioc_events_duplicate_total", mine) == 1
    assert value("ioc_events_rejected_total", {**other, "reason": "not_json"}) == 1
    assert value("ioc_events_rejected_total", {**other, "reason": "wrong_key"}) == 0
    assert value("ioc_event_delay_seconds_count", {"feed": "feedback"}) == 1


@pytest.fixture
def killing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads an event of the id `killer` is dead."""
    monkeypatch.setattr(Decoder, "decode", Decoder.decode)  # and as it was, afterwards
    probe.plant(b'"killer"')


def careful(taker: Taker) -> Owned:
    owned = taker.bench.keeper.owned(PLACE)
    assert owned is not None
    owned.careful_until = 10
    return owned


@pytest.mark.usefixtures("killing")
async def test_a_killer_is_set_aside_with_its_dead_letter_and_the_skip_is_in_the_state(taker: Taker) -> None:
    owned = careful(taker)
    taker.bench.consumer.behind = True
    event = await taker.take(0, probe.event(0), probe.event(1, id="killer"), probe.event(2))
    assert [headers["ioc-reason"] for _, _, headers in taker.dead()] == [b"process_killer"]
    assert (taker.next_offset, owned.careful_until, event.acked) == (3, 10, False)
    await taker.bench.keeper.flush()
    assert (taker.bench.shown("ioc_feedback_reports"), event.acked) == ([2], True)
    other = Taker(taker.body.plan)
    other.bench.keep(taker.bench.snapshots()[-1])
    await other.bench.start()
    assert other.next_offset == 3
    assert sum(other.bench.shown("ioc_feed_records")) == 3


@pytest.mark.usefixtures("killing")
async def test_the_skip_of_a_killer_is_not_durable_before_its_dead_letter_is(taker: Taker) -> None:
    careful(taker)
    await is_durable_only_with_its_letter(taker, probe.event(0, id="killer"))


async def test_care_ends_where_all_is_read_or_behind_what_may_have_been_in_hand(
        taker: Taker, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    parts = trial.parts

    def watched(plan: Plan, state: State, batch: Batch) -> Any:
        tried.append(batch.first)
        return parts(plan, state, batch)

    monkeypatch.setattr(trial, "parts", watched)
    owned = careful(taker)
    taker.bench.consumer.behind = True
    await taker.take(0, *map(probe.event, range(6)))
    await taker.take(6, *map(probe.event, range(6, 12)))
    await taker.take(12, probe.event(12))
    assert tried == [0, 6], "the third begins behind it"
    owned.careful_until = 100
    taker.bench.consumer.behind = False
    await taker.take(13, probe.event(13))
    await taker.take(14, probe.event(14))
    assert (tried, owned.careful_until) == ([0, 6, 13], 0)


@pytest.mark.usefixtures("killing")
async def test_more_than_a_hundred_killers_in_a_row_are_our_fault_and_stop_the_line(
        taker: Taker, monkeypatch: pytest.MonkeyPatch) -> None:
    careful(taker).careful_until = 1000
    monkeypatch.setattr("streams.worker.dead_letters.INTERNAL_ERRORS", 3)
    with pytest.raises(LineStopped, match="more than 3 records in a row"):
        await taker.take(0, *(probe.event(number, id="killer") for number in range(5)))
