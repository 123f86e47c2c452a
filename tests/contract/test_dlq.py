"""Dead letters on a real broker: listed once, shown whole, replayed once and never twice."""

import argparse
import json
import time
from collections.abc import Callable, Iterator

import pytest

from schemas.errors import Reason
from schemas.feed import Feed
from streams.operations import dlq
from streams.publisher import Line, encode, written
from streams.settings import Settings
from tests.contract.publishing import fresh_feed, make_topics, rain, settings

pytestmark = pytest.mark.kafka

SOURCE = "//laocai.gov.vn/kttv/vrain"
Run = Callable[..., int]


class Desk:
    """One feed with dead letters, and the verb on it."""

    def __init__(self, given: Settings, feed: Feed) -> None:
        self.given, self.feed = given, feed

    def bury(self, line: Line, offset: int, *, partition: int = 0, reason: Reason = Reason.UNKNOWN_ENTITY,
             value: bytes | None = b"{}", key: bytes | None = b"K", arrival: int = 1_790_000_000_000,
             **more: bytes) -> str:
        """Write a dead letter as the worker does; its origin."""
        origin = f"{self.feed.topic}/{partition}/{offset}"
        about = {"fate": b"rejected", "reason": reason.value.encode(), "pointer": b"/data/station_id",
                 "detail": "không có".encode(), "origin": origin.encode(), "source": SOURCE.encode(),
                 "provenance": b"real", "arrival": b"%d" % arrival, **more}
        headers = [(f"ioc-{name}", text) for name, text in about.items()]
        line.send(self.feed.dead_letter_topic, key=key, value=value, headers=headers, partition=partition).receipt()
        return origin

    def run(self, *words: str) -> int:
        """`ioc dlq ...`."""
        parser = argparse.ArgumentParser()
        dlq.add_arguments(parser)
        return dlq.run(self.given, parser.parse_args(words))


@pytest.fixture
def desk(kafka: str, monkeypatch: pytest.MonkeyPatch) -> Desk:
    feed, given = fresh_feed("hydromet"), settings(kafka)
    make_topics(given, feed)
    monkeypatch.setattr(dlq, "load_feeds", lambda _: (feed,))
    monkeypatch.setattr(dlq, "find_feed", lambda *_: feed)
    return Desk(given, feed)


@pytest.fixture
def line(kafka: str) -> Iterator[Line]:
    with Line(kafka, linger_ms=0) as opened:
        yield opened


def counts(desk: Desk, capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[int, int]]:
    """Pending and replayed by reason, as the list tells a program."""
    capsys.readouterr()
    assert desk.run("list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    return {row["reason"]: (row["pending"], row["replayed"]) for row in rows}


def test_a_letter_written_twice_counts_once(desk: Desk, line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        desk.bury(line, 7)
    desk.bury(line, 8, reason=Reason.WRONG_KEY)
    assert counts(desk, capsys) == {"unknown_entity": (1, 0), "wrong_key": (1, 0)}


def test_the_table_names_feed_source_and_reason(desk: Desk, line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    origin = desk.bury(line, 7)
    assert desk.run("list") == 0
    told = capsys.readouterr().out
    assert all(word in told for word in ("pending", "hydromet", SOURCE, "rejected", "unknown_entity", origin))


def test_a_list_is_narrowed_by_source_and_arrival(desk: Desk, line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    desk.bury(line, 7)
    assert desk.run("list", "--source", "//somebody/else", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert desk.run("list", "--since", "1m", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_the_digest_explains_each_reason_in_both_languages(desk: Desk, line: Line, capsys: pytest.CaptureFixture[str],
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_790_000_100_000 * 1_000_000)
    desk.bury(line, 7, value=b"x" * 5000 + b"\x1b[31m")
    origin = desk.bury(line, 8, value=b"y" * 5000, arrival=1_790_000_001_000)
    desk.bury(line, 9, arrival=1_700_000_000_000)  # long ago
    assert desk.run("list", "--source", SOURCE, "--since", "24h") == 0
    told = capsys.readouterr().out
    assert "refused: 2" in told
    assert Reason.UNKNOWN_ENTITY.text.vi in told
    assert Reason.UNKNOWN_ENTITY.text.en in told
    assert f"example: {origin}" in told
    assert "/data/station_id: không có" in told
    assert "(5000 characters)" in told
    assert "\x1b" not in told


def test_everything_about_a_letter_is_shown(desk: Desk, line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    origin = desk.bury(line, 7, value=b'{"a": "b\xff"}')
    assert desk.run("show", origin) == 0
    told = capsys.readouterr().out
    assert all(word in told for word in (origin, "unknown_entity", "/data/station_id", SOURCE, '{"a": "b\\xff"}'))
    assert desk.run("show", f"{desk.feed.topic}/0/99") == 1


def test_a_replay_sends_the_original_bytes_and_counts_once(desk: Desk, line: Line, kafka: str,
                                                           capsys: pytest.CaptureFixture[str]) -> None:
    body = encode(rain(desk.feed))
    origin = desk.bury(line, 7, value=body, key=b"LC-R-0042")
    desk.bury(line, 8)
    assert desk.run("replay", origin) == 0
    assert [(record.key, record.value) for record in written(kafka, desk.feed.topic)] == [(b"LC-R-0042", body)]
    assert counts(desk, capsys) == {"unknown_entity": (1, 1)}


def test_the_marker_stands_beside_its_letter(desk: Desk, line: Line, kafka: str) -> None:
    origin = desk.bury(line, 7, partition=1)
    desk.run("replay", origin)
    letter, marker = written(kafka, desk.feed.dead_letter_topic)
    assert (letter.partition, marker.partition) == (1, 1)
    assert (marker.key, marker.value, dict(marker.headers)["ioc-replayed"]) == (b"K", None, origin.encode())


def test_a_second_replay_is_refused(desk: Desk, line: Line, kafka: str, capsys: pytest.CaptureFixture[str]) -> None:
    origin = desk.bury(line, 7)
    assert desk.run("replay", origin) == 0
    assert desk.run("replay", origin) == 1
    assert f"{origin} was replayed already" in capsys.readouterr().out
    assert len(list(written(kafka, desk.feed.topic))) == 1


def test_letters_of_one_origin_from_two_topics_of_a_name_are_each_sent_once(
        desk: Desk, line: Line, kafka: str, capsys: pytest.CaptureFixture[str]) -> None:
    origin = desk.bury(line, 7, value=b"before", arrival=1_790_000_000_000)
    desk.bury(line, 7, value=b"after", arrival=1_790_000_600_000)
    assert counts(desk, capsys) == {"unknown_entity": (2, 0)}
    assert desk.run("replay", origin) == 0
    assert desk.run("replay", origin) == 1
    assert counts(desk, capsys) == {"unknown_entity": (1, 1)}
    assert desk.run("show", f"{origin}@1790000000000") == 0
    assert "before" in capsys.readouterr().out
    assert desk.run("replay", f"{origin}@1790000000000") == 0
    assert counts(desk, capsys) == {"unknown_entity": (0, 2)}
    assert sorted(record.value or b"" for record in written(kafka, desk.feed.topic)) == [b"after", b"before"]


def test_an_origin_that_is_not_there_is_refused(desk: Desk, line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    desk.bury(line, 7)
    assert desk.run("replay", f"{desk.feed.topic}/0/99") == 1
    assert "is not among the dead letters" in capsys.readouterr().out


def test_all_of_a_reason_are_replayed(desk: Desk, line: Line, kafka: str, capsys: pytest.CaptureFixture[str]) -> None:
    for offset in range(3):
        desk.bury(line, offset, value=b"%d" % offset)
    desk.bury(line, 3, reason=Reason.WRONG_KEY)
    assert desk.run("replay", "--feed", "hydromet", "--reason", "unknown_entity") == 0
    assert sorted(record.value or b"" for record in written(kafka, desk.feed.topic)) == [b"0", b"1", b"2"]
    assert counts(desk, capsys) == {"unknown_entity": (0, 3), "wrong_key": (1, 0)}


def test_a_dry_run_sends_nothing(desk: Desk, line: Line, kafka: str, capsys: pytest.CaptureFixture[str]) -> None:
    origin = desk.bury(line, 7)
    assert desk.run("replay", origin, "--dry-run") == 0
    assert f"would be sent again: {origin}" in capsys.readouterr().out
    assert list(written(kafka, desk.feed.topic)) == []


def test_a_letter_whose_body_was_too_large_is_not_replayed(desk: Desk, line: Line, capsys: pytest.CaptureFixture[str]
                                                           ) -> None:
    origin = desk.bury(line, 7, value=b"", sha256=b"abc", length=b"20000000")
    assert desk.run("replay", origin) == 1
    assert "its body stands at its origin only" in capsys.readouterr().out


def test_a_replay_without_a_choice_is_refused(desk: Desk) -> None:
    assert desk.run("replay") == 1


def test_a_letter_without_key_returns_to_its_partition(desk: Desk, line: Line, kafka: str) -> None:
    origin = desk.bury(line, 7, partition=1, key=None, value=b"nonsense")
    assert desk.run("replay", origin) == 0
    (record,) = written(kafka, desk.feed.topic)
    assert (record.partition, record.key, record.value) == (1, None, b"nonsense")
    assert desk.run("replay", origin) == 1
