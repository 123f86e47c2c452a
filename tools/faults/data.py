"""What agencies may send: T20, T24, T25, T27, T28, T29. They share a house, and are judged together."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from schemas.catalogue import find_feed
from streams.publisher import encode
from streams.recount.pages import parse_page
from tools.faults.bed import PARTITIONS
from tools.faults.corpus import STATION, corpus
from tools.faults.house import House
from tools.faults.letters import FLOOD, expect, send
from tools.faults.scenario import Scenario
from tools.faults.stage import Stage
from tools.faults.story import Shot
from tools.faults.worker import Worker

FEED: Final = find_feed("hydromet")
KEY: Final = STATION.encode()
HOME: Final = timezone(timedelta(hours=7))
EACH: Final = 20
LARGE: Final = 50_000
"""Bytes of a value that is sent once only."""

IN_A_ROW: Final = 1000
SLOWEST: Final = 200.0
UNIQUE: Final = 10_000, 3000
NAMES: Final = 100_000, 4000
TENTHS: Final = 100_000, 3000
"""How many in a whole run, and in a quick one."""

UGLY: Final = ('"', "\\", "\n", "{", "}", "<b>", "x" * 10_000, "\u202e", "Ω", "a,b=c")
SERIES: Final = 20_000
RATE: Final = 300.0
"""The story of the house goes on beside what these scenarios send."""

SCRAPE_SECONDS: Final = 1.0
TRIES: Final = 3
"""Of which the best counts: a page that is slow is so each time, a busy machine is not."""


def seconds_of(worker: Worker) -> float:
    """Seconds that the page of a worker takes."""
    began = time.monotonic()
    worker.ask("/metrics")
    return time.monotonic() - began


def good(stage: Stage, number: int, at: datetime, **data: Any) -> dict[str, Any]:
    """A good event of the station; its id tells the scenario, and no other event has it."""
    body = {"station_id": STATION, "rain_mm": 1.5, "period_s": 600, "quality": "ok", **data}
    return {"specversion": "1.0", "id": f"faults-{stage.random.randrange(2**40)}-{number}",
            "source": "//laocai.gov.vn/kttv/vrain", "type": "vn.laocai.hydromet.observed.v1", "agency": "kttv",
            "time": at.isoformat(timespec="milliseconds"), "data": body}


def before(minutes: float = 0.0) -> datetime:
    """A moment before the story, within every window: it makes nothing else late."""
    return datetime.now(HOME) - timedelta(days=3, minutes=minutes)


def shot(value: bytes | None, key: bytes | None = KEY) -> Shot:
    """To the feed."""
    return Shot(FEED.topic, key, value)


def poison(stage: Stage) -> None:
    """Every kind of the corpus many times among good events, then a thousand bad ones in a row."""
    sent = []
    for number in range(EACH):
        event = good(stage, number, before())
        sent += [kind for kind in corpus(event) if not number or len(kind.value or b"") < LARGE]
    stage.random.shuffle(sent)
    ended = len(stage.bed.mended)
    receipts = send(stage, "the corpus", [shot(kind.value) for kind in sent])
    expect(stage, FEED.topic, ((kind.name, receipt, kind.reasons)
                               for kind, receipt in zip(sent, receipts, strict=True)))
    began = time.monotonic()
    send(stage, "bad ones in a row", [shot(b"{%d" % number) for number in range(IN_A_ROW)])
    rate = IN_A_ROW / (time.monotonic() - began)
    if rate < SLOWEST:
        stage.remarks.append(f"{rate:.0f} bad records a second, {SLOWEST:.0f} are needed")
    if len(stage.bed.mended) > ended:
        stage.remarks.append(f"a worker ended for bad records: {stage.bed.mended[-1]}")


def repeats(stage: Stage) -> None:
    """Each event one to five times, a worker killed amid them; ids with another body; a repeat in another partition."""
    events = [good(stage, number, before(number / 100)) for number in range(stage.many(*UNIQUE))]
    again = [event for event in events for _ in range(stage.random.choice([1, 1, 1, 1, stage.random.randint(2, 5)]))]
    stage.random.shuffle(again)
    half = len(again) // 2
    send(stage, "events, a fifth of them up to five times", [shot(encode(event)) for event in again[:half]])
    stage.kill(stage.random.choice(stage.bed.awake))
    stage.bed.join()
    send(stage, "the rest, across a crash", [shot(encode(event)) for event in again[half:]])
    others = [encode({**event, "data": {**event["data"], "rain_mm": 2.5}}) for event in events[:100]]
    receipts = send(stage, "ids with another body", [shot(value) for value in others])
    expect(stage, FEED.topic, (("another body", receipt, ["id_conflict"]) for receipt in receipts))
    homes = {receipt.partition for receipt in receipts if receipt}
    others_of = [number for number in range(PARTITIONS) if number not in homes]
    elsewhere = send(stage, "repeats in another partition", [
        shot(encode(event))._replace(partition=others_of[number % len(others_of)])
        for number, event in enumerate(events[:40])])
    expect(stage, FEED.topic, (("a repeat elsewhere", receipt, []) for receipt in elsewhere))


def keys(stage: Stage) -> None:
    """Keys of every wrong form, no value at all, and partitions that are not those of the key."""
    bad = [None, b"", b"x" * 64_000, b"\xff\xfe\xfd", b"LC-R-0043", KEY + b" "]
    values = [encode(good(stage, number, before())) for number in range(len(bad) * 5)]
    receipts = send(stage, "wrong keys", [shot(value, key) for value, key in zip(values, bad * 5, strict=True)])
    expect(stage, FEED.topic, ((f"key {key!r:.20}", receipt, ["wrong_key"])
                               for key, receipt in zip(bad * 5, receipts, strict=True)))
    tombs = [shot(None, key)._replace(partition=0) for key in (KEY, b"", b"LC-R-0043")]
    receipts = send(stage, "no value", tombs * 5)
    expect(stage, FEED.topic, (("no value", receipt, ["not_json"]) for receipt in receipts))
    wrong = [shot(encode(good(stage, number, before())))._replace(partition=number % PARTITIONS)
             for number in range(20)]
    receipts = send(stage, "other partitions", wrong)
    expect(stage, FEED.topic, (("another partition", receipt, []) for receipt in receipts))


def labels(stage: Stage) -> None:
    """Thousands of names that nobody has registered, and names that would break a page."""
    send(stage, "names of nobody", nobodies(stage, stage.many(*NAMES)), FLOOD)
    for worker in stage.bed.awake:
        text = worker.ask("/metrics")[1]
        took = min(seconds_of(worker) for _ in range(TRIES))
        samples = sum(1 for _ in parse_page(text))
        if took > SCRAPE_SECONDS or samples > SERIES or not samples:
            stage.remarks.append(f"the page of {worker.name} has {samples} series and took {took:.1f} s")
        stage.remarks += [f"{worker.name} shows a name of nobody: {line[:80]}" for line in text.splitlines()
                          if '00004"' in line or "a3999" in line or "<b>" in line][:3]


def nobodies(stage: Stage, number: int) -> list[Shot]:
    """Events of so many stations, places, sources and agencies that there are not; one name in ten is ugly."""
    values = []
    for each in range(number):
        name = f"{each:05}{UGLY[each // 10 % len(UGLY)] if each % 10 == 0 else ''}"
        event = good(stage, each, before())
        field = each % 4
        if field == 0:
            event["data"]["station_id"] = f"LC-R-{name}"
        elif field == 1:
            event["adminunit"] = name[:5]
        elif field == 2:
            event["source"] = f"//laocai.gov.vn/{name}"
        else:
            event["agency"] = f"a{each}"
        values.append(shot(encode(event), event["data"]["station_id"].encode()))
    return values


def numbers(stage: Stage) -> None:
    """Thousands of tenths, and numbers that no field may have."""
    number_of = stage.many(*TENTHS)
    tenths = [good(stage, number, before(number / number_of * 50), rain_mm=0.1, period_s=1)
              for number in range(number_of)]
    receipts = send(stage, "tenths", [shot(encode(event)) for event in tenths], FLOOD)
    expect(stage, FEED.topic, (("a tenth", receipt, []) for receipt in receipts))
    wild = [1e308, -1e308, 2**63, -1, 1e-320 - 1, 1000.0001, 10**400]
    values = [shot(encode(good(stage, 0, before(), rain_mm=number))) for number in wild * 3]
    receipts = send(stage, "wild numbers", values)
    expect(stage, FEED.topic, ((f"{number!r:.20}", receipt, ["schema_violation", "not_finite"])
                               for number, receipt in zip(wild * 3, receipts, strict=True)))
    edges = [0.05, 0.15, 0.25, 0.35, 999.95, 0.1 + 0.2, 5e-324, 1000]
    receipts = send(stage, "numbers at the edge",
                    [shot(encode(good(stage, 0, before(n), rain_mm=number))) for n, number in enumerate(edges * 5)])
    expect(stage, FEED.topic, (("at the edge", receipt, []) for receipt in receipts))


def times(stage: Stage) -> None:
    """Events shuffled, old, of the future, and with times that are none; the last row: it brings the present to now."""
    now = datetime.now(HOME)
    order = [good(stage, number, now - timedelta(seconds=number)) for number in range(2000)]
    for start in range(0, 1000, 10):
        part = order[start:start + 10]
        stage.random.shuffle(part)
        order[start:start + 10] = part
    rest = order[1000:]
    stage.random.shuffle(rest)
    send(stage, "shuffled by 10 and by 1,000", [shot(encode(event)) for event in order[:1000] + rest])
    moments: list[tuple[Any, list[str]]] = [
        (text, reasons) for moment, reasons in _moments(now) for text in [moment]]
    values = [shot(encode({**good(stage, 0, now), "time": text})) for text, _ in moments]
    receipts = send(stage, "times of every kind", values)
    expect(stage, FEED.topic, ((f"time {text!r}", receipt, reasons)
                               for (text, reasons), receipt in zip(moments, receipts, strict=True)))


def _moments(now: datetime) -> Iterator[tuple[Any, list[str]]]:
    seconds = now.timestamp()
    yield from ((text(now - away), []) for away in (timedelta(seconds=30), timedelta(hours=2)))
    yield text(now + timedelta(minutes=1)), []
    yield text(now - timedelta(days=5)), ["late"]
    yield from ((text(now + away), ["future_time"]) for away in (timedelta(minutes=10), timedelta(days=3653)))
    yield from ((value, ["not_cloudevent"]) for value in (
        0, -1, seconds, round(seconds * 1e3), round(seconds * 1e6), round(seconds * 1e9), "0", "-1",
        str(round(seconds)), "", now.replace(tzinfo=None).isoformat(), "2026-02-29T08:00:00+07:00",
        "2026-06-30T23:59:60Z", "10000-01-01T00:00:00Z", "2026-01-05_08:00Z", "2026-01-05T08:00:00\u221207:00",
        "2026-01-05T24:00:00Z", "2026-13-01T00:00:00Z"))
    yield now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), []
    yield "2024-02-29T08:00:00+07:00", ["late"]
    yield "0001-01-01T00:00:00Z", ["unknown_source", "not_cloudevent"]


def text(moment: datetime) -> str:
    """A time as an event writes it."""
    return moment.isoformat(timespec="milliseconds")


SHARED: Final = House(shared="data")

SCENARIOS: Final = tuple(
    Scenario(name, vi, en, also, act, faults, rate=RATE, house=SHARED, quick=True, parts=parts)
    for name, vi, en, also, act, faults, parts in (
        ("T20", "Hơn 70 loại bản ghi sai, mỗi loại 20 lần; 1.000 bản ghi sai liền nhau",
         "More than 70 kinds of bad records, 20 times each; a thousand in a row",
         "each rejected with its reason; at least 200 bad records/s; no worker ends", poison, 2, ()),
        ("T24", "10.000 sự kiện (3.000 khi QUICK=1) gửi 1 đến 5 lần, qua một lần kill -9; mã trùng khác nội dung",
         "10,000 events (3,000 with QUICK=1) sent 1 to 5 times across a kill -9; ids with another body",
         "counted once, in another partition anew; `id_conflict`", repeats, 5, ()),
        ("T27", "Khóa rỗng, thiếu, 64 KB, không phải UTF-8; không có nội dung; sai phân vùng",
         "Keys null, empty, of 64 KB, not UTF-8; tombstones; other partitions", "fate and reason by policy",
         keys, 3, ()),
        ("T29", "100.000 lần 0,1 (3.000 khi QUICK=1); số ngoài giới hạn; làm tròn",
         "100,000 times 0.1 (3,000 with QUICK=1); numbers out of range; rounding",
         "totals equal the recount's; out of range rejected", numbers, 3, ()),
        ("T28", "100.000 tên không ai đăng ký (4.000 khi QUICK=1), tên phá trang số liệu",
         "100,000 names of nobody (4,000 with QUICK=1), and names that break a page",
         "series within 20,000, scrape within 1 s, no such name shown", labels, 1, ()),
        ("T25", "Thời điểm xáo trộn, cũ, tương lai, sai dạng", "Times shuffled, old, of the future, malformed",
         "each accepted, `late`, `future_time` or refused as it must be", times, 2, ()),
    ))
