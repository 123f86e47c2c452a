"""The comparison: what a partition's page and dead letters say against what the recount found."""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.errors import Reason
from schemas.feed import Feed
from streams.recount.kpis import Expected, Series, Value, expect, series
from streams.recount.lanes import KILLER, Dead, Replay
from streams.recount.pages import Page, Sample
from streams.recount.validity import Record

SLACK_MS = 1000
ORIGIN, FATE, REASON, REPLAYED = "ioc-origin", "ioc-fate", "ioc-reason", "ioc-replayed"
TOMBSTONE, DIGEST, LENGTH = "ioc-tombstone", "ioc-sha256", "ioc-length"
PRESENT = "ioc_present_timestamp_seconds"
NEXT_OFFSET = "ioc_next_offset"
FIGURES = frozenset({
    "ioc_feed_records", "ioc_watermark_timestamp_seconds",
    *(f"ioc_feed_{name}" for name in ("last_event_timestamp_seconds", "last_arrival_timestamp_seconds")),
    *(f"ioc_feed_{name}_ratio_{part}" for name in ("validity", "quality", "completeness")
      for part in ("numerator", "denominator")),
})
Place = tuple[str, int]
Origin = tuple[str, int, int]


class Difference(NamedTuple):
    """One thing that is not as it must be."""

    kind: str
    where: str
    text: str


@dataclass
class Shown:
    """What one worker's page says of one partition.

    Attributes:
        read_at: when it was read, by this machine's clock.
        stamped_at: the broker's stamp of the partition's newest snapshot, which is not older than what is shown.
    """

    worker: str
    place: Place
    next_offset: int
    read_at: int
    stamped_at: int | None = None
    presents: dict[str, int] = field(default_factory=dict)
    numbers: dict[Series, float] = field(default_factory=dict)
    doubled: list[Series] = field(default_factory=list)

    @property
    def where(self) -> str:
        """Where a difference was seen."""
        return f"{self.place[0]}/{self.place[1]} on {self.worker}"


def shown_partitions(page: Page, feeds: Iterable[Feed]) -> list[Shown]:
    """What a page says of each partition that it shows, without the series nobody recounts."""
    by_topic = {feed.topic: feed for feed in feeds}
    found = {_place(sample): Shown(page.worker, _place(sample), round(sample.value), page.read_at)
             for sample in page.samples if sample.name == NEXT_OFFSET and sample.labels.get("topic") in by_topic}
    for sample in page.samples:
        feed = by_topic.get(sample.labels.get("topic", ""))
        if feed is None or "partition" not in sample.labels or sample.name == NEXT_OFFSET:
            continue
        shown = found.get(_place(sample))
        if shown is not None and _is_judged(sample, feed):
            _sort_in(shown, sample)
    return list(found.values())


def _is_judged(sample: Sample, feed: Feed) -> bool:
    return sample.name in FIGURES or sample.name == PRESENT or sample.name.startswith(f"ioc_{feed.name}_")


def _sort_in(shown: Shown, sample: Sample) -> None:
    if sample.name == PRESENT:
        shown.presents[sample.labels.get("provenance", "")] = round(sample.value * 1000)
        return
    key = series(sample.name, sample.labels)
    if key in shown.numbers:
        shown.doubled.append(key)
    shown.numbers[key] = sample.value


def _place(sample: Sample) -> Place:
    return sample.labels["topic"], int(sample.labels["partition"])


def compare(shown: Shown, replay: Replay) -> tuple[list[Difference], int]:
    """Every difference between a page and the recount of one partition, and how many series were compared."""
    topic, partition = shown.place
    expected = expect(replay, shown.presents, {"topic": topic, "partition": str(partition)})
    found = [Difference("doubled", shown.where, f"{text(key)} stands twice on the page") for key in shown.doubled]
    found += _presents(shown, replay)
    found += _numbers(shown, expected)
    return found, len(expected)


def _numbers(shown: Shown, expected: Expected) -> list[Difference]:
    found = []
    for key in sorted(expected.keys() | shown.numbers.keys()):
        value, number = expected.get(key), shown.numbers.get(key)
        if value is None and number == 0 and key.name == "ioc_feed_records":
            continue  # no record of that fate is 0, said or unsaid
        if value is None:
            found.append(Difference("not counted", shown.where, f"{text(key)} shows {number}, the recount has none"))
        elif number is None:
            found.append(Difference("not shown", shown.where, f"{text(key)}: the recount has {plain(value)}"))
        elif not is_equal(number, value):
            said = f"{text(key)} shows {number}, the recount has {plain(value)}"
            found.append(Difference("different", shown.where, said))
    return found


def is_equal(number: float, value: Value) -> bool:
    """Whether a number shown is the value: whole steps exactly, others within 1e-9."""
    if not math.isfinite(number):
        return False
    if isinstance(value.steps, int):
        steps = number * value.per
        return round(steps) == value.steps and abs(steps - value.steps) <= 1e-6 * max(1, abs(value.steps))
    exact = value.steps / value.per
    return abs(number - exact) <= 1e-9 * max(1.0, abs(exact))


def _presents(shown: Shown, replay: Replay) -> list[Difference]:
    found = []
    now = shown.read_at if shown.stamped_at is None else shown.stamped_at
    for provenance in sorted(replay.lanes.keys() | shown.presents.keys()):
        lane, present = replay.lanes.get(provenance), shown.presents.get(provenance)
        watermark = lane.watermark if lane else None
        if present is None and watermark is None:
            continue
        if present is None:
            found.append(Difference("present", shown.where, f"{provenance}: no present is shown"))
        elif lane is None or watermark is None or lane.accepted_at is None:
            found.append(Difference("present", shown.where, f"{provenance}: shows {present}, the recount has none"))
        else:
            latest = max(watermark + now - lane.accepted_at, lane.ceiling or watermark, watermark) + SLACK_MS
            if present != watermark and not watermark <= present <= latest:
                found.append(Difference("present", shown.where, f"{provenance}: shows {present}, must lie between "
                                                                f"{watermark} and {latest}"))
    return found


def compare_dead(letters: Iterable[Record], judged: Mapping[Place, tuple[int, Mapping[int, Dead]]],
                 topic: str) -> list[Difference]:
    """Every difference of a feed's dead letters; `judged` has next offset and dead of each partition."""
    found: list[Difference] = []
    there: set[Origin] = set()
    for letter in letters:
        headers = {name: value.decode("utf-8", "replace") for name, value in letter.headers}
        if REPLAYED in headers:
            continue
        origin = _origin(headers.get(ORIGIN, ""))
        if origin is None:
            found.append(Difference("dead letter", f"{topic}.dead", f"offset {letter.offset}: origin "
                                                                    f"{headers.get(ORIGIN)!r} is none"))
        elif origin[:2] in judged and origin[2] < judged[origin[:2]][0]:
            there.add(origin)
            found += _letter(letter, headers, origin, judged[origin[:2]][1].get(origin[2]))
    for place, (_, dead) in judged.items():
        found += [Difference("dead letter", f"{place[0]}/{place[1]}", f"offset {offset} was {one.fate} "
                                                                     f"({one.reasons[0]}), no dead letter is there")
                  for offset, one in dead.items() if (*place, offset) not in there]
    return found


def killers(letters: Iterable[Record]) -> set[Origin]:
    """The records that end who reads them, by their dead letters: the one thing that no recount can find out."""
    found: set[Origin] = set()
    for letter in letters:
        headers = {name: value.decode("utf-8", "replace") for name, value in letter.headers}
        origin = _origin(headers.get(ORIGIN, ""))
        if origin is not None and REPLAYED not in headers and headers.get(REASON) == KILLER:
            found.add(origin)
    return found


def _origin(header: str) -> Origin | None:
    parts = header.split("/")
    if len(parts) != 3 or not (parts[1].isdecimal() and parts[2].isdecimal()):
        return None
    return parts[0], int(parts[1]), int(parts[2])


def _letter(letter: Record, headers: Mapping[str, str], origin: Origin,
            dead: Dead | None) -> list[Difference]:
    where = "/".join(map(str, origin))
    if dead is None:
        return [Difference("dead letter", where, "is a dead letter, the recount has it neither rejected nor late")]
    found = []
    fate, reason = headers.get(FATE), headers.get(REASON)
    if fate != dead.fate:
        found.append(Difference("dead letter", where, f"fate {fate}, the recount has {dead.fate}"))
    if reason not in dead.reasons or reason not in {str(one) for one in Reason}:
        found.append(Difference("dead letter", where, f"reason {reason}, the recount has {', '.join(dead.reasons)}"))
    if not _is_whole(letter, headers, dead):
        found.append(Difference("dead letter", where, "the bytes are not those of the record"))
    return found


def _is_whole(letter: Record, headers: Mapping[str, str], dead: Dead) -> bool:
    """Whether the bytes are those of the record; of one too large for its topic digest and length suffice."""
    value = dead.value
    if TOMBSTONE in headers or value is None:
        return value is None and not letter.value
    if DIGEST in headers:
        return headers[DIGEST] == hashlib.sha256(value).hexdigest() and headers.get(LENGTH) == str(len(value))
    return letter.value == value


def text(key: Series) -> str:
    """A series as Prometheus writes it."""
    inner = ",".join(f'{name}="{value}"' for name, value in key.labels)
    return f"{key.name}{{{inner}}}"


def plain(value: Value) -> str:
    """A value as it would be shown."""
    return repr(value.steps / value.per) if value.per != 1 else repr(value.steps)
