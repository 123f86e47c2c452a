"""What operators and agencies read, without Kafka."""

import argparse

import pytest

from schemas.errors import Reason, Rejection
from streams.operations.dlq import SHORT, Letter, choose, collect, digest, shorten, span, table, words
from streams.operations.publish import explain, parse
from streams.publisher import Record, Refused


def letter(offset: int = 1, **values: object) -> Record:
    headers = {"ioc-fate": "rejected", "ioc-reason": "wrong_key", "ioc-origin": f"t/0/{offset}", "ioc-source": "//a/b",
               "ioc-arrival": "1000", **values}
    return Record(0, offset, b"k", b"v", [(name, str(text).encode()) for name, text in headers.items()], 2000)


def marker(offset: int) -> Record:
    return Record(0, 99, b"k", None, [("ioc-replayed", f"t/0/{offset}".encode())], 3000)


def read(*records: Record) -> list[Letter]:
    return collect("hydromet", records)


def test_a_marker_makes_its_letter_replayed_also_when_the_letter_is_written_again_later() -> None:
    letters = {item.origin: item for item in read(letter(1), marker(1), letter(1), letter(2))}
    assert not letters["t/0/1"].pending
    assert letters["t/0/2"].pending


def test_a_letter_of_a_topic_made_anew_hides_none_of_the_topic_before_it() -> None:
    again = letter(1, **{"ioc-arrival": "5000", "ioc-reason": "late"})
    before = read(letter(1), again, letter(1))
    assert [(item.origin, item.reason) for item in before] == [("t/0/1@1000", "wrong_key"), ("t/0/1", "late")]
    assert [item.reason for item in choose(before, ["t/0/1"], None)[0]] == ["late"]
    assert [item.reason for item in choose(before, ["t/0/1@1000"], None)[0]] == ["wrong_key"]

    told = marker(1)._replace(headers=[("ioc-replayed", b"t/0/1"), ("ioc-arrival", b"1000")])
    assert [item.pending for item in read(letter(1), again, told)] == [False, True]
    assert [item.pending for item in read(letter(1), told, again)] == [False, True]


def test_a_record_that_is_no_letter_is_passed_over() -> None:
    assert read(Record(0, 0, None, b"what is this", (), 0)) == []


def test_a_letter_without_arrival_has_the_time_at_which_it_was_written() -> None:
    assert read(letter(1, **{"ioc-arrival": "soon"}))[0].arrival == 2000


def test_a_tombstone_has_no_value() -> None:
    assert read(letter(1, **{"ioc-tombstone": 1}))[0].value is None


def test_a_reason_that_is_not_known_any_more_is_shown_as_it_stands() -> None:
    assert words("retired_reason") == ("vi: retired_reason", "en: retired_reason")
    assert words("late")[0] == f"vi: {Reason.LATE.text.vi}"


def test_the_same_origin_named_twice_is_sent_once() -> None:
    ready, refusals = choose(read(letter(1)), ["t/0/1", "t/0/1"], None)
    assert ([item.origin for item in ready], refusals) == (["t/0/1"], [])


def test_a_record_that_ended_workers_is_told_and_sent_again_as_any_other() -> None:
    found = read(letter(1, **{"ioc-reason": "process_killer"}), letter(2))
    assert "process_killer" in "\n".join(table(found))
    assert words("process_killer")[0] == "vi: Bản ghi làm dừng tiến trình xử lý"
    ready, refusals = choose(found, [], "process_killer")
    assert ([item.origin for item in ready], refusals) == (["t/0/1"], [])


def test_a_replay_of_a_reason_leaves_out_what_was_replayed() -> None:
    ready, refusals = choose(read(letter(1), letter(2), marker(2)), [], "wrong_key")
    assert ([item.origin for item in ready], refusals) == (["t/0/1"], [])


def test_nothing_refused_is_said() -> None:
    assert "no dead letters" in next(table([]))
    assert "Nothing was refused." in "\n".join(digest([], "//a/b", 0))


def test_the_most_frequent_reason_comes_first_in_a_digest() -> None:
    letters = read(letter(1), *(letter(number, **{"ioc-reason": "late"}) for number in (2, 3)))
    told = "\n".join(digest(letters, "//a/b", 0))
    assert told.index("hydromet: late, 2") < told.index("hydromet: wrong_key, 1")


def test_a_long_body_is_shortened_and_harmless() -> None:
    assert shorten("a\x1b[2J\nb") == "a [2J b"
    assert shorten("x" * SHORT) == "x" * SHORT
    assert len(shorten("x" * 10_000)) < SHORT + 30


def test_spans_of_time() -> None:
    assert (span("30m"), span("24h"), span("7d")) == (1_800_000, 86_400_000, 604_800_000)
    with pytest.raises(argparse.ArgumentTypeError, match="write 30m, 24h or 7d"):
        span("yesterday")


NO_EVENTS = [("nonsense", "not_json"), ("[1]", "not_cloudevent"), ("[" * 100_000, "not_json")]


@pytest.mark.parametrize(("line", "reason"), NO_EVENTS, ids=["text", "list", "deep"])
def test_a_line_that_is_no_event_is_refused(line: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        parse(line)


def test_a_refusal_tells_line_reason_field_and_both_languages() -> None:
    told = explain(3, Rejection(Reason.NOT_FINITE, "/data/rain_mm", "nan"))
    for part in ("line 3", "not_finite", "/data/rain_mm", Reason.NOT_FINITE.text.vi, Reason.NOT_FINITE.text.en, "nan"):
        assert part in told
