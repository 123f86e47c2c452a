"""`ioc recount`: judges a running stack; exit code 0 equal, 1 different, 2 not judged."""

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemas
from schemas.catalogue import load_feeds
from schemas.errors import DeclarationError, IocError
from schemas.feed import Feed
from schemas.reference import Reference, load_reference
from streams.recount.judge import Difference, Origin, Place, Shown, compare, compare_dead, killers, shown_partitions
from streams.recount.lanes import Dead, Replay
from streams.recount.logs import Log, Logs
from streams.recount.pages import Page, fetch_page, list_workers
from streams.recount.validity import Examiner
from streams.recount.worktime import WorkTime, load_worktime
from streams.settings import Settings

EQUAL, DIFFERENT, NOT_JUDGED = 0, 1, 2
WORDS = {EQUAL: "KHỚP / EQUAL", DIFFERENT: "LỆCH / DIFFERENT", NOT_JUDGED: "CHƯA XÉT / NOT JUDGED"}
PRINTED = 20
FATES = ("accepted", "duplicate", "late", "rejected")


@dataclass
class Verdict:
    """What was found of one feed."""

    feed: str
    records: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    entities: int = 0
    series: int = 0
    dead_letters: int = 0
    partitions: int = 0
    differences: list[Difference] = field(default_factory=list)
    not_judged: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        """Exit code; a difference weighs more than what could not be judged."""
        if self.differences:
            return DIFFERENT
        return NOT_JUDGED if self.not_judged or not self.partitions else EQUAL


@dataclass(frozen=True)
class House:
    """What every recount of a start needs."""

    settings: Settings
    reference: Reference
    worktime: WorkTime

    def replay(self, feed: Feed) -> Replay:
        """An empty replay of a partition of the feed."""
        settings = self.settings
        examiner = Examiner(feed, self.reference, load_schema(feed, settings.feeds), max_bytes=settings.max_event_bytes,
                            future_ms=settings.future_seconds * 1000)
        return Replay(feed, self.reference, self.worktime, examiner, settings.duplicate_horizon_seconds * 1000)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("--targets", type=Path, help="Prometheus file_sd file that lists the workers (IOC_TARGETS)")
    parser.add_argument("--brokers", help="Kafka bootstrap servers (IOC_BROKERS)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the table")


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Judge the stack; the exit code. What cannot be read is not judged: 1 always means a difference."""
    try:
        return _run(settings, args)
    except IocError as error:
        sys.stderr.write(f"ioc: {error}\n")
        return NOT_JUDGED


def _run(settings: Settings, args: argparse.Namespace) -> int:
    pages, unreachable = read_pages(list_workers(args.targets or settings.targets))
    feeds = load_feeds(settings.feeds)
    house = load_house(settings, feeds)
    logs = Logs(args.brokers or settings.brokers)
    try:
        verdicts = judge_all(house, feeds, pages, logs)
    finally:
        logs.close()
    code = overall(verdicts, unreachable)
    sys.stdout.write(as_json(verdicts, unreachable, code) if args.json else as_text(verdicts, unreachable, code))
    return code


def read_pages(workers: Iterable[str]) -> tuple[list[Page], list[str]]:
    """The pages of the workers that answer, and the workers that do not."""
    answers = {worker: fetch_page(worker, time.time) for worker in workers}
    return [page for page in answers.values() if page], [worker for worker, page in answers.items() if page is None]


def load_house(settings: Settings, feeds: Sequence[Feed]) -> House:
    """Reference data and working time of the folder in force, with its rows of foreign places and the feeds' lists."""
    home = Path(settings.reference)
    folders = [home, *([home / "foreign"] if (home / "foreign").is_dir() else [])]
    reference = load_reference(*folders, lists={name: kind for feed in feeds for name, kind in feed.lists.items()})
    return House(settings, reference, load_worktime(reference, folders))


def load_schema(feed: Feed, feeds: str = "") -> dict[str, Any]:
    """The published schema of a feed; it lies beside the folder of feeds.

    Raises:
        DeclarationError: it was not generated.
    """
    home = Path(feeds).parent if feeds else Path(schemas.__file__).parent
    path = home / "published" / f"{feed.name}.v{feed.version}.json"
    try:
        schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DeclarationError(f"{home.name}/published/{path.name} cannot be read: run `make generate`") from error
    return schema


def judge_all(house: House, feeds: Sequence[Feed], pages: Sequence[Page], logs: Logs) -> list[Verdict]:
    """A verdict for each feed."""
    shown = [one for page in pages for one in shown_partitions(page, feeds)]
    _stamp(shown, logs, house.settings.state_topic)
    return [judge_feed(house, feed, [one for one in shown if one.place[0] == feed.topic], logs) for feed in feeds]


def _stamp(shown: Sequence[Shown], logs: Logs, state_topic: str) -> None:
    """Notes of each partition when its newest snapshot was written, by the clock that the workers go by."""
    keys: defaultdict[int, set[bytes]] = defaultdict(set)
    for one in shown:
        keys[one.place[1]].add(_key(one))
    stamps = logs.newest(state_topic, keys)
    for one in shown:
        one.stamped_at = stamps.get(_key(one))


def _key(one: Shown) -> bytes:
    """The key of a partition's snapshots in the state topic; a snapshot lies in the partition of the same number."""
    return f"{one.place[0]}/{one.place[1]}".encode()


def judge_feed(house: House, feed: Feed, shown: Sequence[Shown], logs: Logs) -> Verdict:
    """The verdict on one feed: every partition that a page shows, and the dead letters."""
    verdict = Verdict(feed.name)
    places = logs.partitions([feed.topic])
    limits = {place: max((one.next_offset for one in shown if one.place == place), default=0) for place in places}
    events, dead = logs.read(limits), logs.read(dict.fromkeys(logs.partitions([feed.dead_letter_topic])))
    _note_unshown(verdict, shown, places, events)
    letters = [letter for log in dead.values() for letter in log.records]
    judged = _judge_partitions(house.replay(feed), [one for one in shown if one.place in events], events,
                               killers(letters), verdict)
    verdict.differences += compare_dead(letters, judged, feed.topic)
    return verdict


def _note_unshown(verdict: Verdict, shown: Sequence[Shown], places: Sequence[Place],
                  events: Mapping[Place, Log]) -> None:
    on_pages = {one.place for one in shown}
    if not on_pages:
        verdict.not_judged.append("no page shows a partition of it")
    for topic, number in places:
        log = events[topic, number]
        if log.first > 0 and (topic, number) in on_pages:
            verdict.not_judged.append(f"{topic}/{number} begins at offset {log.first}: what came before is gone")
        if (topic, number) not in on_pages and on_pages and log.end > 0:
            verdict.not_judged.append(f"{topic}/{number} holds records, but no page shows it")
    verdict.not_judged += [f"{place[0]}/{place[1]} is shown, but there is no such partition"
                           for place in sorted(on_pages - set(places))]


def _judge_partitions(empty: Replay, shown: Sequence[Shown], events: Mapping[Place, Log],
                      fatal: set[Origin], verdict: Verdict) -> dict[Place, tuple[int, Mapping[int, Dead]]]:
    judged: dict[Place, tuple[int, Mapping[int, Dead]]] = {}
    for one in sorted(shown, key=lambda one: (one.place, one.next_offset)):
        log = events[one.place]
        if log.first > 0:
            continue
        if one.next_offset > log.end:
            verdict.differences.append(Difference(
                "log", one.where, f"the next offset is {one.next_offset}, but the log ends at {log.end}"))
        replay = Replay(empty.feed, empty.reference, empty.worktime, empty.examiner, empty.horizon_ms,
                        frozenset(offset for *place, offset in fatal if tuple(place) == one.place))
        replay.read(record for record in log.records if record.offset < one.next_offset)
        found, compared = compare(one, replay)
        verdict.differences += found
        verdict.series += compared
        if one.place not in judged:
            _add_up(verdict, replay)
        judged[one.place] = (one.next_offset, replay.dead)
    return judged


def _add_up(verdict: Verdict, replay: Replay) -> None:
    verdict.partitions += 1
    verdict.records += len(replay.fates)
    verdict.fates.update(replay.fates.values())
    verdict.entities += sum(len(lane.things) for lane in replay.lanes.values())
    verdict.dead_letters += len(replay.dead)


def overall(verdicts: Iterable[Verdict], unreachable: Sequence[str]) -> int:
    """The exit code of all together."""
    codes = {verdict.code for verdict in verdicts} | ({NOT_JUDGED} if unreachable else set())
    if DIFFERENT in codes:
        return DIFFERENT
    return NOT_JUDGED if NOT_JUDGED in codes or not codes else EQUAL


def as_text(verdicts: Sequence[Verdict], unreachable: Sequence[str], code: int) -> str:
    """The table, then what differs and what was not judged."""
    lines = [f"{'feed':<12}{'records':>9}" + "".join(f"{fate:>11}" for fate in FATES)
             + f"{'entities':>10}{'series':>8}  verdict"]
    for verdict in verdicts:
        fates = "".join(f"{verdict.fates[fate]:>11}" for fate in FATES)
        lines.append(f"{verdict.feed:<12}{verdict.records:>9}{fates}{verdict.entities:>10}{verdict.series:>8}"
                     f"  {WORDS[verdict.code]}")
    differences = [difference for verdict in verdicts for difference in verdict.differences]
    if differences:
        lines += ["", f"{len(differences)} differences, the first {min(PRINTED, len(differences))}:"]
        lines += [f"  [{one.kind}] {one.where}: {one.text}" for one in differences[:PRINTED]]
        lines += [f"  {count} x {kind}" for kind, count in Counter(one.kind for one in differences).most_common()]
    lines += [f"not judged: {verdict.feed}: {reason}" for verdict in verdicts for reason in verdict.not_judged]
    lines += [f"not judged: worker {worker} does not answer" for worker in unreachable]
    return "\n".join([*lines, "", WORDS[code], ""])


def as_json(verdicts: Sequence[Verdict], unreachable: Sequence[str], code: int) -> str:
    """The same as one JSON object."""
    feeds = [{**vars(verdict), "differences": [one._asdict() for one in verdict.differences],
              "code": verdict.code} for verdict in verdicts]
    return json.dumps({"code": code, "feeds": feeds, "unreachable": list(unreachable)}, ensure_ascii=False) + "\n"
