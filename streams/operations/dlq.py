"""`ioc dlq list | show | replay`: what was refused or came too late, for operators and for the agencies that sent it.

A dead letter is known by its origin, topic/partition/offset; it may stand in `.dead` several times and counts once. A
topic made anew has the same offsets again: of two letters with one origin and different arrivals the earlier is called
topic/partition/offset@arrival.

A replay sends the original bytes and key to the feed again, waits for the broker, then leaves a marker in `.dead`.
Killed between the two, the letter stays pending; sent a second time within the hour of repeats it is a duplicate.
"""

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from schemas.catalogue import find_feed, load_feeds
from schemas.errors import Reason
from schemas.feed import Feed
from streams.publisher import Line, PublishError, Record, written
from streams.settings import Settings

REPLAYED: Final = "ioc-replayed"
ARRIVAL: Final = "ioc-arrival"
EARLIER: Final = "@"
SPAN: Final = re.compile(r"^([0-9]+)([mhd])$")
UNITS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
SHORT: Final = 300


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter, whatever number of times it was written."""

    feed: str
    partition: int
    origin: str
    fate: str
    reason: str
    pointer: str
    detail: str
    source: str
    provenance: str
    arrival: int
    key: bytes | None
    value: bytes | None
    digest: str = ""
    replayed: int = 0

    @property
    def pending(self) -> bool:
        """Whether it was not replayed yet."""
        return not self.replayed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the three verbs."""
    verbs = parser.add_subparsers(dest="action", required=True)
    listing = verbs.add_parser("list", help="counts by reason; with --source and --since a digest for an agency")
    for part in (listing, verbs.add_parser("replay", help="send dead letters again")):
        part.add_argument("--feed", help="only this feed")
        part.add_argument("--source", help="only this source")
        part.add_argument("--since", type=span, metavar="24h", help="only what arrived lately: 30m, 24h, 7d")
        if part is listing:
            part.add_argument("--json", action="store_true", help="for programs")
            continue
        part.add_argument("origins", nargs="*", metavar="origin", help="topic/partition/offset, as the list shows it")
        part.add_argument("--reason", choices=[reason.value for reason in Reason], help="with --feed: all of it")
        part.add_argument("--dry-run", action="store_true", help="say what would be sent")
    showing = verbs.add_parser("show", help="everything about one dead letter")
    showing.add_argument("origin", help="topic/partition/offset, as the list shows it")


def span(text: str) -> int:
    """Milliseconds of 30m, 24h, 7d."""
    if not (match := SPAN.match(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no span of time: write 30m, 24h or 7d")
    return int(match[1]) * UNITS[match[2]]


def run(settings: Settings, args: argparse.Namespace) -> int:
    """The verb asked for."""
    now = time.time_ns() // 1_000_000
    if args.action == "show":
        return show(settings, args.origin)
    since = None if args.since is None else now - args.since
    if args.action == "replay":
        return replay(settings, args, since)
    letters = select(read(settings, feeds(settings, args.feed)), args.source, since)
    if args.json:
        print(json.dumps(list(as_rows(letters)), ensure_ascii=False, indent=1))
    elif args.source and args.since is not None:
        print("\n".join(digest(letters, args.source, since or 0)))
    else:
        print("\n".join(table(letters)))
    return 0


def feeds(settings: Settings, name: str | None) -> tuple[Feed, ...]:
    """The feed of that name, or all."""
    return (find_feed(name, settings.feeds),) if name else load_feeds(settings.feeds)


# Reading.


def read(settings: Settings, chosen: Iterable[Feed]) -> list[Letter]:
    """All dead letters of feeds, each once, by arrival."""
    topics = {feed.name: written(settings.brokers, feed.dead_letter_topic) for feed in chosen}
    letters = [letter for name, records in topics.items() for letter in collect(name, records)]
    return sorted(letters, key=lambda letter: (letter.arrival, letter.origin))


def collect(feed: str, records: Iterable[Record]) -> list[Letter]:
    """The dead letters among the records of a `.dead` topic; markers say which were replayed."""
    letters: dict[tuple[str, int], Letter] = {}
    replayed: dict[tuple[str, int | None], int] = {}
    for record in records:
        headers = {name: value.decode("utf-8", "replace") for name, value in record.headers}
        if REPLAYED in headers:
            arrival = headers.get(ARRIVAL, "")
            replayed.setdefault((headers[REPLAYED], int(arrival) if arrival.isdecimal() else None), record.at)
        elif origin := headers.get("ioc-origin"):
            letter = _letter(feed, origin, headers, record)
            letters.setdefault((origin, letter.arrival), letter)
    newest = dict(sorted(letters))
    return [replace(letter, origin=origin if arrival == newest[origin] else f"{origin}{EARLIER}{arrival}",
                    replayed=replayed.get((origin, arrival), replayed.get((origin, None), 0)))
            for (origin, arrival), letter in letters.items()]


def _letter(feed: str, origin: str, headers: Mapping[str, str], record: Record) -> Letter:
    short = f"{headers.get('ioc-length', '?')} bytes, sha256 {headers.get('ioc-sha256')}"
    arrival = headers.get(ARRIVAL, "")
    return Letter(
        feed=feed, partition=record.partition, origin=origin, fate=headers.get("ioc-fate", "?"),
        reason=headers.get("ioc-reason", "?"), pointer=headers.get("ioc-pointer", ""),
        detail=headers.get("ioc-detail", ""), source=headers.get("ioc-source", "other"),
        provenance=headers.get("ioc-provenance", "real"),
        arrival=int(arrival) if arrival.isdecimal() else record.at, key=record.key,
        value=None if "ioc-tombstone" in headers else record.value, digest=short if "ioc-sha256" in headers else "",
    )  # fmt: skip


def select(letters: Iterable[Letter], source: str | None, since: int | None) -> list[Letter]:
    """The letters of a source that arrived since a moment."""
    return [letter for letter in letters
            if (source is None or letter.source == source) and (since is None or letter.arrival >= since)]


# Showing.


def groups(letters: Iterable[Letter]) -> dict[tuple[str, ...], list[Letter]]:
    """Letters by feed, source, provenance, fate, reason."""
    found: dict[tuple[str, ...], list[Letter]] = {}
    for letter in letters:
        key = (letter.feed, letter.source, letter.provenance, letter.fate, letter.reason)
        found.setdefault(key, []).append(letter)
    return dict(sorted(found.items()))


HEADINGS: Final = ("feed", "source", "provenance", "fate", "reason", "pending", "replayed", "oldest", "example")


def as_rows(letters: Iterable[Letter]) -> Iterator[dict[str, Any]]:
    """One row a group; the example is its oldest pending letter, or its oldest."""
    for key, members in groups(letters).items():
        pending = [letter for letter in members if letter.pending]
        numbers = (len(pending), len(members) - len(pending), stamp(members[0].arrival), (pending or members)[0].origin)
        yield dict(zip(HEADINGS, (*key, *numbers), strict=True))


def table(letters: Sequence[Letter]) -> Iterator[str]:
    """The groups in columns."""
    rows = [HEADINGS, *([str(cell) for cell in row.values()] for row in as_rows(letters))]
    if len(rows) == 1:
        yield "không có bản ghi bị loại / no dead letters"
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def digest(letters: Sequence[Letter], source: str, since: int) -> Iterator[str]:
    """What an agency is told: by reason, in both languages, with an example."""
    yield f"Nguồn / source: {source}"
    yield f"Từ / since: {stamp(since)}. Bị loại / refused: {len(letters)}"
    if not letters:
        yield "Không có bản ghi bị loại. / Nothing was refused."
    by_reason: dict[tuple[str, str], list[Letter]] = {}
    for letter in letters:
        by_reason.setdefault((letter.feed, letter.reason), []).append(letter)
    for (feed, reason), members in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        example = members[-1]
        replayed = sum(not letter.pending for letter in members)
        yield ""
        yield f"{feed}: {reason}, {len(members)} bản ghi / records, đã phát lại / replayed {replayed}"
        yield from (f"  {line}" for line in words(reason))
        yield f"  ví dụ / example: {example.origin}, {stamp(example.arrival)}"
        yield f"  trường / field: {example.pointer or '/'}: {example.detail}"
        yield f"  {shorten(body(example))}"


def words(reason: str) -> tuple[str, str]:
    """A reason in both languages."""
    try:
        text = Reason(reason).text
    except ValueError:
        return (f"vi: {reason}", f"en: {reason}")
    return (f"vi: {text.vi}", f"en: {text.en}")


def body(letter: Letter) -> str:
    """The bytes of a letter, as text."""
    if letter.digest:
        return f"({letter.digest}; the body stands at its origin only)"
    return "(tombstone)" if letter.value is None else letter.value.decode("utf-8", "backslashreplace")


def shorten(text: str) -> str:
    """A line of text, cut to what a mail can carry, without what a terminal would obey."""
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line if len(line) <= SHORT else f"{line[:SHORT]}... ({len(line)} characters)"


def stamp(at: int) -> str:
    """A moment in local time."""
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(at / 1000 + 7 * 3600))}+07:00"


def show(settings: Settings, origin: str) -> int:
    """Everything about one dead letter."""
    letter = find(settings, origin)
    if letter is None:
        return 1
    replayed = stamp(letter.replayed) if letter.replayed else "no"
    fields = {"origin": origin, "feed": letter.feed, "fate": letter.fate, "reason": letter.reason,
              "field": letter.pointer or "/", "detail": letter.detail, "source": letter.source,
              "provenance": letter.provenance,
              "arrival": stamp(letter.arrival), "replayed": replayed,
              "key": "(none)" if letter.key is None else letter.key.decode("utf-8", "backslashreplace")}
    for name, value in fields.items():
        print(f"{name:11}{value}")
    for line in words(letter.reason):
        print(f"{'':11}{line}")
    print(body(letter))
    return 0


def find(settings: Settings, origin: str) -> Letter | None:
    """The dead letter of an origin; says so if there is none."""
    topic = origin.split("/", maxsplit=1)[0]
    chosen = [feed for feed in load_feeds(settings.feeds) if feed.topic == topic]
    letter = next((letter for letter in read(settings, chosen) if letter.origin == origin), None)
    if letter is None:
        print(f"no dead letter comes from {origin}: an origin is topic/partition/offset, as `ioc dlq list` shows it")
    return letter


# Replaying.


def replay(settings: Settings, args: argparse.Namespace, since: int | None) -> int:
    """Send letters again; 1 if one of them cannot be."""
    if not args.origins and not (args.feed and args.reason):
        print("name origins, or a feed and a reason: ioc dlq replay --feed hydromet --reason unknown_entity")
        return 1
    topics = {origin.split("/", maxsplit=1)[0] for origin in args.origins}
    chosen = [feed for feed in feeds(settings, args.feed) if not topics or feed.topic in topics]
    letters = select(read(settings, chosen), args.source, since)
    ready, refusals = choose(letters, args.origins, args.reason)
    for refusal in refusals:
        print(refusal)
    if args.dry_run:
        for letter in ready:
            print(f"would be sent again: {letter.origin} {letter.reason} {letter.pointer}")
    else:
        send_again(settings, ready)
    print(f"{len(ready)} {'would be ' if args.dry_run else ''}replayed, {len(refusals)} refused")
    return 1 if refusals or (args.origins and not ready) else 0


def choose(letters: Iterable[Letter], origins: Sequence[str], reason: str | None) -> tuple[list[Letter], list[str]]:
    """The letters to send again, and why others are not."""
    fitting = {letter.origin: letter for letter in letters if reason is None or letter.reason == reason}
    if not origins:
        return ([letter for letter in fitting.values() if letter.pending and not letter.digest],
                [f"{letter.origin} is not replayed: {letter.digest}; its body stands at its origin only"
                 for letter in fitting.values() if letter.pending and letter.digest])
    ready: list[Letter] = []
    refusals: list[str] = []
    for origin in dict.fromkeys(origins):
        letter = fitting.get(origin)
        if letter is None:
            refusals.append(f"{origin} is not among the dead letters asked for: see `ioc dlq list`")
        elif not letter.pending:
            refusals.append(f"{origin} was replayed already, at {stamp(letter.replayed)}: it is sent once only")
        elif letter.digest:
            refusals.append(f"{origin} is not replayed: {letter.digest}; its body stands at its origin only")
        else:
            ready.append(letter)
    return ready, refusals


def send_again(settings: Settings, letters: Sequence[Letter]) -> None:
    """Original bytes and key to the feed, confirmed one by one, then the marker, confirmed.

    Raises:
        PublishError: the broker does not take one; those before it are sent and marked.
    """
    if not letters:
        return
    known = {feed.name: feed for feed in load_feeds(settings.feeds)}
    done: Counter[str] = Counter()
    with Line(settings.brokers, max_bytes=settings.max_event_bytes, linger_ms=0) as line:
        for letter in letters:
            try:
                send_one(line, known[letter.feed], letter)
            except PublishError as error:
                so_far = f"{sum(done.values())} of {len(letters)} were replayed"
                raise PublishError(f"{so_far}, then {letter.origin} failed: {error}") from error
            done[letter.feed] += 1


def send_one(line: Line, feed: Feed, letter: Letter) -> None:
    """One letter and its marker; without a key it goes to the partition it came from."""
    partition = None if letter.key is not None else letter.partition
    value = b"" if letter.value is None and letter.key is None else letter.value
    receipt = line.send(feed.topic, key=letter.key, value=value, partition=partition).receipt()
    origin = letter.origin.partition(EARLIER)[0].encode()
    headers = [(REPLAYED, origin), ("ioc-origin", origin), (ARRIVAL, b"%d" % letter.arrival),
               ("ioc-target", "/".join(map(str, receipt)).encode())]
    key = letter.key if letter.key is not None else b""  # a record needs a key or a value
    line.send(feed.dead_letter_topic, key=key, value=None, headers=headers, partition=letter.partition).receipt()
    print(f"{letter.origin} sent again as {'/'.join(map(str, receipt))}")
