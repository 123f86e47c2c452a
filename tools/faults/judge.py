"""Judges a bed after its faults: is everything read, is it shown once, and does `ioc recount` find the same numbers."""

import json
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition

from schemas.feed import Feed
from streams.publisher import BOOTSTRAP_MS, connect, written
from tools.faults import gone
from tools.faults.bed import Bed
from tools.faults.durable import committed
from tools.faults.load import differences, held, ledger, mark
from tools.faults.stage import Stage
from tools.faults.story import LANES
from tools.faults.waiting import NotSeen
from tools.faults.watch import Place, shown

DRAIN_SECONDS: Final = 90
SETTLE_SECONDS: Final = 40
LOOKS: Final = 10
"""A scenario goes on until the pages were looked at so often: before, it proves little."""

CODES: Final = {0: "EQUAL", 1: "DIFFERENT", 2: "NOT JUDGED"}
EXPECTED_LINT: Final = "millimet"
"""Rain is measured in millimetres everywhere; promtool would have it in metres."""


@dataclass
class Judgement:
    """What was found; without `problems` the numbers are exact."""

    problems: list[str] = field(default_factory=list)
    fates: Counter[str] = field(default_factory=Counter)
    records: int = 0
    series: int = 0
    dead_letters: int = 0
    written_twice: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    drained: float = 0.0
    met: Counter[str] = field(default_factory=Counter)
    recovered: float = 0.0

    @property
    def again(self) -> int:
        """Records read more than once, as far as the pages could tell before a worker died."""
        return max(0, self.met["read"] - self.records)

    @property
    def exact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def judge(stage: Stage, feeds: Iterable[Feed]) -> Judgement:
    """Waits until everything is read, and compares."""
    found, topics = Judgement(), [feed.topic for feed in feeds]
    _try(found, lambda: stage.bed.until(lambda: stage.watch.looks >= LOOKS, SETTLE_SECONDS,
                                        lambda: f"the pages were looked at {stage.watch.looks} times only"))
    stage.load.finish()
    if stage.load.trouble:
        found.problems.append(f"the load broke: {stage.load.trouble!r}")
    for step in (_drain, _check_ledger, _check_dead_letters):
        _try(found, lambda step=step: step(stage, topics, found))  # type: ignore[misc]
    stage.watch.finish()
    _try(found, lambda: _check_pages(stage, found))
    _try(found, lambda: take_recount(recount(stage.bed), found))
    _check_total(stage, topics, found)
    return found


def _try(found: Judgement, step: Callable[[], object]) -> None:
    """What is not seen in time is a problem, and the rest is judged all the same."""
    try:
        step()
    except NotSeen as error:
        found.problems.append(str(error))


def _drain(stage: Stage, topics: list[str], found: Judgement) -> None:
    began, ends = time.monotonic(), ends_of(stage.bed.broker.address, topics)
    expected = {place: [end] for place, end in ends.items()}
    stage.bed.until(lambda: shown(stage.bed.awake) == expected, DRAIN_SECONDS,
                    lambda: f"every partition shown to its end by exactly one worker; {behind(stage.bed, ends)}")
    found.drained = time.monotonic() - began
    stage.bed.until(lambda: all(worker.settled for worker in stage.bed.awake), SETTLE_SECONDS,
                    lambda: f"every worker ready; they say {[worker.ask('/readyz')[1] for worker in stage.bed.awake]}")
    stage.bed.until(lambda: not uncommitted(stage.bed, ends), SETTLE_SECONDS,
                    lambda: f"the group has committed every end; {'; '.join(uncommitted(stage.bed, ends)[:4])}")


def uncommitted(bed: Bed, ends: Mapping[Place, int]) -> list[str]:
    """Where the group has not committed the end, in a few words each."""
    offsets = committed(bed.broker.address, {topic for topic, _ in ends})
    return [f"{topic}/{number} ends at {end}, committed {offsets.get((topic, number), 0)}"
            for (topic, number), end in ends.items() if offsets.get((topic, number), 0) != end]


def behind(bed: Bed, ends: Mapping[Place, int]) -> str:
    """What is not as it shall be, in a few words."""
    pages = shown(bed.awake)
    wrong = [f"{place[0]}/{place[1]} ends at {end}, shown {pages.get(place, 'by nobody')}"
             for place, end in ends.items() if pages.get(place) != [end]]
    return "; ".join(wrong[:4]) or "all is there"


def ends_of(brokers: str, topics: Iterable[str]) -> dict[Place, int]:
    """Where the log of each partition ends."""
    consumer = connect(KafkaConsumer, brokers, enable_auto_commit=False, bootstrap_timeout_ms=BOOTSTRAP_MS)
    try:
        places = [TopicPartition(topic, number) for topic in topics
                  for number in sorted(consumer.partitions_for_topic(topic) or ())]
        return {(place.topic, place.partition): end for place, end in consumer.end_offsets(places).items()}
    finally:
        consumer.close()


def _check_ledger(stage: Stage, topics: list[str], found: Judgement) -> None:
    book = ledger(stage.load.entries)
    book.acknowledged.update(stage.load.known)
    found.unknown = book.unknown.total()
    there = held(stage.bed.broker.address, topics)
    there.update(mark(topic, record.key, record.value) for topic, record in stage.bed.gone.records())
    found.problems += differences(book, there)


def _check_dead_letters(stage: Stage, topics: list[str], found: Judgement) -> None:
    origins: Counter[bytes] = Counter()
    for topic in topics:
        for record in written(stage.bed.broker.address, f"{topic}.dead"):
            headers = dict(record.headers)
            origins[headers["ioc-origin"]] += 1
            if origins[headers["ioc-origin"]] == 1:
                found.reasons[headers["ioc-reason"].decode()] += 1
    found.written_twice = origins.total() - len(origins)


def _check_pages(stage: Stage, found: Judgement) -> None:
    found.met = stage.watch.totals()
    found.recovered = max(stage.recovered, default=found.drained)
    found.problems += [f"a page was wrong: {text}" for text in stage.watch.fallen[:5]]
    for worker in stage.bed.awake:
        page = worker.ask("/metrics")[1]
        found.problems += [f"promtool on {worker.name}: {line}" for line in lint(page)]
        found.problems += [f"{worker.name} shows no number: {line}" for line in page.splitlines() if no_number(line)]


def no_number(line: str) -> bool:
    """Whether a line of a page has a value that is not finite."""
    return not line.startswith("#") and line.rpartition(" ")[2].lower() in {"nan", "+inf", "-inf", "inf"}


def lint(page: str) -> list[str]:
    """What promtool says against a page; nothing where there is no promtool."""
    promtool = shutil.which("promtool")
    if promtool is None:
        return []
    done = subprocess.run([promtool, "check", "metrics"], input=page, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60, check=False)
    lines = [line for line in done.stdout.splitlines() if line.strip() and EXPECTED_LINT not in line]
    return lines or (["the page is empty"] if not page else [])


def recount(bed: Bed) -> tuple[int, str]:
    """Exit code and answer of `ioc recount --json`, of deleted topics with a copy; kept in the folder."""
    bed.list_workers()
    if bed.gone:
        code, text = gone.recount(bed.broker.address, bed.targets, bed.gone)
    else:
        done = bed.ioc("recount", "--json")
        code, text = done.returncode, done.stdout
    (bed.folder / "recount.json").write_text(text)
    return code, text


def take_recount(answer: tuple[int, str], found: Judgement) -> None:
    """Takes the recount's word: equal in all feeds, or a problem for each difference."""
    code, text = answer
    try:
        said: dict[str, Any] = json.loads(text)
    except ValueError:
        found.problems.append(f"`ioc recount` ended with code {code}: {text[-500:]}")
        return
    for feed in said["feeds"]:
        found.fates.update(feed["fates"])
        found.records += feed["records"]
        found.series += feed["series"]
        found.dead_letters += feed["dead_letters"]
        found.problems += [f"{feed['feed']}: [{one['kind']}] {one['where']}: {one['text']}"
                           for one in feed["differences"]]
        found.problems += [f"{feed['feed']} was not judged: {reason}" for reason in feed["not_judged"]]
    found.problems += [f"{worker} did not answer the recount" for worker in said["unreachable"]]
    if (code, said["code"]) != (0, 0):
        found.problems.append(f"`ioc recount` ended with code {code}: {CODES.get(code, 'broken')}")


def _check_total(stage: Stage, topics: list[str], found: Judgement) -> None:
    """A proof in which nothing happened is none: fates of every kind, every reason of the load's bad records."""
    read, sent = found.records, stage.load.sent + len(stage.load.known)
    if not sent - found.unknown <= read <= sent:
        found.problems.append(f"{sent} records were sent, {found.unknown} of unknown outcome, {read} were counted")
    found.problems += [f"no record was {fate}: the load proves too little"
                       for fate in ("accepted", "duplicate", "late", "rejected") if not found.fates[fate]]
    missing = {(topic, lane) for topic in topics for lane in LANES} - stage.watch.lanes()
    if missing:
        found.problems.append(f"no record was counted of {sorted(missing)}: the load proves too little")
    if len(found.reasons) < 8:
        found.problems.append(f"only {len(found.reasons)} reasons among the dead letters: the load proves too little")
