"""Each question of docs/numbers.md, section 2, decides as written there; neighbours of a bad record are not harmed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from schemas.errors import Fate, Reason
from schemas.event import millis
from schemas.feed import Feed
from streams.engine.fold import Folded, fold
from streams.engine.state import State
from tests.engine.toys import CASES, STATIONS, Record, batch, fresh, plan_of, record, stamp

MORNING = "2026-01-05T09:00:00+07:00"
AT = millis(MORNING)
HOUR = 3_600_000


def folded(feed: Feed, log: Sequence[Record], state: State | None = None) -> tuple[State, Folded]:
    """A log folded from its beginning."""
    state = state or fresh(feed)
    return state, fold(plan_of(feed.name), state, batch(feed, log, state.next_offset))


def fates(feed: Feed, log: Sequence[Record]) -> list[str]:
    """The fate of each record, or the reason why it was refused."""
    state, found = fresh(feed), []
    for row in log:
        _, result = folded(feed, [row], state)
        [(_, fate)] = result.fates
        found.append(result.dead_letters[0].reason if fate == Fate.REJECTED else fate)
    return [str(fate) for fate in found]


def case(number: int | str, at: str | int = MORNING, action: str = "received", **more: object) -> Record:
    """An event of a case."""
    return record(CASES, number, action, at, **{"case_id": "a", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bad", "reason", "pointer"),
    [
        ((AT, b"a", None), Reason.NOT_JSON, ""),
        ((AT, b"a", b"{"), Reason.NOT_JSON, ""),
        ((AT, b"a", b"\xff"), Reason.NOT_JSON, ""),
        ((AT, b"a", b"[1]"), Reason.NOT_CLOUDEVENT, ""),
        ((AT, b"a", b'{"specversion": "1.0"}'), Reason.NOT_CLOUDEVENT, "/id"),
        ((AT, b"a", b" " * 300_000), Reason.TOO_LARGE, ""),
        (case(1, attributes={"type": "vn.laocai.toycase.eaten.v1"}), Reason.UNKNOWN_TYPE, "/type"),
        (case(1, attributes={"dataschema": "urn:ioc:toycase:9"}), Reason.UNKNOWN_SCHEMA, "/dataschema"),
        (case(1, attributes={"source": "//laocai.gov.vn/nobody"}), Reason.UNKNOWN_SOURCE, "/source"),
        (case(1, attributes={"source": "//laocai.gov.vn/skhcn/lgsp/x"}), Reason.UNKNOWN_SOURCE, "/source"),
        (case(1, attributes={"adminunit": "99999", "adminversion": "2025"}), Reason.UNKNOWN_COMMUNE, "/adminunit"),
        (case(1, at="2023-06-01T08:00:00+07:00", attributes={"adminunit": "15"}), Reason.OUT_OF_PROVINCE, "/adminunit"),
        (case(1, attributes={"extra": 1}), Reason.SCHEMA_VIOLATION, "/extra"),
        (case(1, colour="red"), Reason.SCHEMA_VIOLATION, "/data/colour"),
        (case(1, channel="fax"), Reason.SCHEMA_VIOLATION, "/data/channel"),
        (case(1, due_at="tomorrow"), Reason.SCHEMA_VIOLATION, "/data/due_at"),
        (case(1, due_at="2026-02-30T08:00:00Z"), Reason.SCHEMA_VIOLATION, "/data/due_at"),
        (case(1, due_at="1767600000"), Reason.SCHEMA_VIOLATION, "/data/due_at"),
        (case(1, at="2026-01-05T09:00:60+07:00", append=AT), Reason.NOT_CLOUDEVENT, "/time"),
        (case(1, key="b"), Reason.WRONG_KEY, "/data/case_id"),
        ((AT, None, case(1)[2]), Reason.WRONG_KEY, "/data/case_id"),
        ((AT, b"\xff" * 65536, case(1)[2]), Reason.WRONG_KEY, "/data/case_id"),
        (case(1, at=AT + 300_001, append=AT), Reason.FUTURE_TIME, "/time"),
    ],
)
def test_a_bad_record_is_refused_with_its_reason_and_its_neighbours_count(
    bad: Record, reason: Reason, pointer: str
) -> None:
    _, result = folded(CASES, [case("before"), bad, case("after", action="moved")])
    [letter] = result.dead_letters
    assert (letter.fate, letter.reason, letter.pointer) == (Fate.REJECTED, reason, pointer)
    assert (letter.offset, letter.value, letter.key) == (1, bad[2], bad[1])
    assert sum(count for (_, fate), count in result.fates.items() if fate == Fate.ACCEPTED) == 2


def test_an_unregistered_station_is_an_unknown_entity_and_an_unlisted_agency_counts_as_other() -> None:
    _, result = folded(STATIONS, [record(STATIONS, 1, "observed", MORNING, station_id="nowhere", quality="ok")])
    assert result.dead_letters[0].reason == Reason.UNKNOWN_ENTITY
    state, result = folded(CASES, [case(1, attributes={"agency": "nobody"})])
    assert state.lanes["real"].entities["a"].values["agency"] == "other"
    assert [flag for _, flag in result.flags] == ["unlisted"]


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_a_number_that_is_not_finite_has_a_reason_of_its_own(text: bytes) -> None:
    good = record(STATIONS, 1, "observed", MORNING, station_id="LC-R-0042", quality="ok", level_m=7.25)
    _, result = folded(STATIONS, [(AT, good[1], (good[2] or b"").replace(b"7.25", text))])
    assert (result.dead_letters[0].reason, result.dead_letters[0].pointer) == (Reason.NOT_FINITE, "/data/level_m")


def test_repeats_count_once_within_an_hour_of_arrival_whatever_their_event_time() -> None:
    """append:   09:00   10:00:00.000   11:00:00.001
    e1          A          =               new        (each repeat begins the hour anew)
    """
    log = [case(1, append=AT), case(1, append=AT + HOUR), case(1, append=AT + 2 * HOUR + 1)]
    assert fates(CASES, log) == ["accepted", "duplicate", "accepted"]


def test_an_id_with_another_body_is_a_conflict_and_other_provenances_and_sources_have_ids_of_their_own() -> None:
    other = {"source": "//laocai.gov.vn/1022/phananh"}
    log = [case(1), case(1, channel="online"), case(1, attributes={"provenance": "replay"}), case(1, attributes=other)]
    assert fates(CASES, log) == ["accepted", "id_conflict", "accepted", "accepted"]


def test_a_refused_record_leaves_its_id_free() -> None:
    wrong = case(1, key="b")
    assert fates(CASES, [wrong, case(1)]) == ["wrong_key", "accepted"]


def test_a_record_is_late_only_when_older_than_every_window_and_no_news() -> None:
    """windows: 1 h in steps of 10 min, and the rain day from 19:00. The watermark stands at 09:00:
    the rain day began at 19:00 the evening before; 18:59 belongs to no window that is kept.
    """
    new: dict[str, Any] = {"station_id": "LC-R-0042", "quality": "ok"}
    log = [
        record(STATIONS, 1, "observed", MORNING, level_m=2.0, **new),
        record(STATIONS, 2, "observed", AT - 14 * HOUR, append=AT, level_m=2.0, **new),
        record(STATIONS, 3, "observed", AT - 14 * HOUR - 60_000, append=AT, level_m=2.0, **new),
        record(STATIONS, 4, "observed", AT - 14 * HOUR - 60_000, append=AT, rain_mm=2.0, **new),
    ]
    assert fates(STATIONS, log) == ["accepted", "accepted", "late", "accepted"]


def test_a_late_record_names_the_watermark_that_judged_it() -> None:
    new: dict[str, Any] = {"station_id": "LC-R-0042", "quality": "ok", "level_m": 2.0}
    _, result = folded(
        STATIONS,
        [
            record(STATIONS, 1, "observed", MORNING, **new),
            record(STATIONS, 2, "observed", AT - 48 * HOUR, append=AT, **new),
        ],
    )
    assert f"watermark {AT} ms" in result.dead_letters[0].detail


def test_a_clock_that_is_a_little_ahead_does_not_move_the_watermark_beyond_the_arrival() -> None:
    state, _ = folded(CASES, [case(1, at=AT + 200_000, append=AT)])
    assert state.lanes["real"].watermark == AT


def test_a_fault_of_ours_is_a_dead_letter_that_changes_nothing_and_may_be_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state, _ = folded(CASES, [case(0)])
    plan = plan_of(CASES.name)
    kept = plan.doings["received"]

    def broken(row: object, own: object, at: int) -> int:
        raise ZeroDivisionError("planted")

    [group, *_] = kept.groups
    planted = group._replace(entries=(replace(group.entries[0], take=broken),))
    monkeypatch.setitem(plan.doings, "received", kept._replace(groups=(planted,), calls=True))
    before = state.lanes["real"].entities["a"].values.copy()
    _, result = folded(CASES, [case(1, channel="counter")], state)
    assert [letter.reason for letter in result.dead_letters] == [Reason.INTERNAL_ERROR]
    assert state.lanes["real"].entities["a"].values == before
    monkeypatch.setitem(plan.doings, "received", kept)
    _, result = folded(CASES, [case(1, channel="counter")], state)
    assert [fate for _, fate in result.fates] == [Fate.ACCEPTED]


def test_a_record_after_a_fault_of_ours_is_no_repeat_of_it_and_those_before_stay_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = plan_of(CASES.name)
    kept = plan.doings["received"]
    [group, *_] = kept.groups
    calls = iter(range(9))

    def broken_once(row: object, own: object, at: int) -> int:
        if next(calls) == 1:
            raise ZeroDivisionError("planted")
        return 1

    planted = group._replace(entries=(replace(group.entries[0], take=broken_once),))
    monkeypatch.setitem(plan.doings, "received", kept._replace(groups=(planted,), calls=True))
    again, other = case(1, channel="counter"), case(2)
    _, result = folded(CASES, [case(0), again, again, other, case(0), again, other])
    assert [letter.reason for letter in result.dead_letters] == [Reason.INTERNAL_ERROR]
    assert {fate: number for (_, fate), number in result.fates.items()} == {
        Fate.ACCEPTED: 3, Fate.REJECTED: 1, Fate.DUPLICATE: 3}  # fmt: skip


def test_a_reader_that_raises_costs_one_record_and_not_the_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(CASES.name)
    decode = plan.decoder.decode

    def broken(value: bytes | None) -> object:
        if value == case(2)[2]:
            raise ZeroDivisionError("planted")
        return decode(value)

    monkeypatch.setattr(plan.decoder, "decode", broken)
    _, result = folded(CASES, [case(1), case(2), case(3)])
    assert [letter.reason for letter in result.dead_letters] == [Reason.INTERNAL_ERROR]
    assert sorted((fate, number) for (_, fate), number in result.fates.items()) == [("accepted", 2), ("rejected", 1)]


def test_records_below_the_next_offset_are_skipped_and_compacted_tails_are_covered() -> None:
    state, _ = folded(CASES, [case(1), case(2)])
    again = batch(CASES, [case(1), case(2), case(3)])
    again.next_offset = 9
    result = fold(plan_of(CASES.name), state, again)
    assert (result.skipped, result.read, state.next_offset) == (2, 1, 9)


def test_stamps_survive_49_days_of_silence() -> None:
    """Append stamps are kept modulo 2^32 ms; a repeat after exactly that long is no repeat."""
    log = [case(1, append=AT), case(1, append=AT + (1 << 32))]
    assert fates(CASES, log) == ["accepted", "accepted"]
    assert stamp(AT).startswith("2026-01-05T02:00:00")
