"""Logs that are gone and the log that is there, judged as one."""

from pathlib import Path

from streams.recount.logs import Log
from streams.recount.pages import Page, Sample
from streams.recount.validity import Record
from tools.faults.bed import Bed
from tools.faults.gone import Era, Gone
from tools.faults.watch import Key, Watch

PLACE = ("ioc.a.v1", 0)
DEAD = ("ioc.a.v1.dead", 0)


def records(*values: bytes) -> list[Record]:
    return [Record(offset, 1000, None, value) for offset, value in enumerate(values)]


def letter(offset: int, origin: int) -> Record:
    return Record(offset, 1000, None, b"", (("ioc-fate", b"late"), ("ioc-origin", b"ioc.a.v1/0/%d" % origin)))


def gone() -> Gone:
    """Two logs of three and of two records; one dead letter of the first, two of the second."""
    return Gone({PLACE: [Era(records(b"a", b"b", b"c"), 0, 1), Era(records(b"d", b"e"), 3, 3)]})


def test_offsets_go_on_through_all_logs_of_a_name() -> None:
    log = gone().spliced(PLACE, Log(0, 2, records(b"f", b"g")))
    assert (log.first, log.end) == (0, 7)
    assert [(one.offset, one.value) for one in log.records] == [
        (offset, b"abcdefg"[offset:offset + 1]) for offset in range(7)]


def test_a_dead_letter_is_one_of_the_log_that_was_there_when_it_was_written() -> None:
    log = gone().spliced(DEAD, Log(0, 5, [letter(0, 1), letter(1, 1), letter(2, 0), letter(3, 1), letter(4, 0)]))
    assert [dict(one.headers)["ioc-origin"] for one in log.records] == [
        b"ioc.a.v1/0/%d" % origin for origin in (1, 4, 3, 6, 5)]


def test_a_page_has_read_what_is_gone_too() -> None:
    labels = {"topic": "ioc.a.v1", "partition": "0"}
    samples = (Sample("ioc_next_offset", labels, 2), Sample("ioc_next_offset", {**labels, "partition": "1"}, 2),
               Sample("ioc_feed_records", labels, 7))
    assert [one.value for one in gone().page(Page("worker", samples, 0)).samples] == [7, 2, 7]


def test_a_log_of_which_nothing_is_gone_stays_as_it_is() -> None:
    log = Log(0, 1, records(b"f"))
    assert gone().spliced(("ioc.b.v1", 0), log) == log


def test_offsets_may_begin_again_once_and_what_is_counted_never(tmp_path: Path) -> None:
    watch = Watch(Bed(tmp_path), lambda: 100)
    labels = (("partition", "0"), ("topic", "ioc.a.v1"))
    offset, count = ("ioc_next_offset", labels), ("ioc_feed_records", labels)

    def see(**values: float) -> int:
        now: dict[Key, float] = {{"offset": offset, "count": count}[name]: value for name, value in values.items()}
        watch.compare(now)
        return len(watch.fallen)

    assert see(offset=9, count=9) == 0
    watch.begin_anew("ioc.a.v1")
    assert see(offset=9, count=9) == 0
    assert see(offset=0, count=9) == 0
    assert see(offset=4, count=8) == 1
    assert see(offset=3, count=13) == 2
