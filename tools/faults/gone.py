"""What deleted topics held: copied before, it stands before what the topics hold now, and is recounted as one log.

What was counted stays when a topic is made anew under its name, and its new records are counted from the first; so the
state goes on as if nothing had happened to the log, and only the offsets begin again.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from schemas.catalogue import load_feeds
from streams.publisher import written
from streams.recount import command
from streams.recount.judge import NEXT_OFFSET, ORIGIN, Place
from streams.recount.logs import Log, Logs
from streams.recount.pages import Page, list_workers
from streams.recount.validity import Record
from streams.settings import Settings

DEAD: Final = ".dead"


@dataclass(frozen=True)
class Era:
    """A log that is gone: what it held, how much was counted before it, where its dead letters end."""

    records: Sequence[Record]
    before: int
    letters: int


@dataclass
class Gone:
    """The copies of logs that were deleted, the oldest first."""

    eras: dict[Place, list[Era]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.eras)

    def keep(self, brokers: str, topic: str, letters: Mapping[Place, int]) -> None:
        """Copies what a topic holds; `letters`: where the logs of its dead letters end."""
        logs: dict[Place, list[Record]] = {place: [] for place in ((topic, number) for _, number in letters)}
        for one in written(brokers, topic):
            logs[topic, one.partition].append(Record(one.offset, one.at, one.key, one.value, tuple(one.headers)))
        for place, records in logs.items():
            self.eras.setdefault(place, []).append(Era(records, self.length(place), letters[topic + DEAD, place[1]]))

    def length(self, place: Place) -> int:
        """How many records all gone logs of a partition held."""
        return sum(len(era.records) for era in self.eras.get(place, ()))

    def records(self) -> Iterator[tuple[str, Record]]:
        """Every record of them, with its topic."""
        for (topic, _), eras in self.eras.items():
            yield from ((topic, record) for era in eras for record in era.records)

    def spliced(self, place: Place, log: Log) -> Log:
        """A log behind those before it, its offsets going on; of dead letters the origins do."""
        topic, number = place
        if topic.endswith(DEAD):
            origin = topic.removesuffix(DEAD), number
            return Log(log.first, log.end, [self._moved(origin, letter) for letter in log.records])
        logs = [*((era.before, era.records) for era in self.eras.get(place, ())), (self.length(place), log.records)]
        return Log(log.first, log.end + self.length(place),
                   [one._replace(offset=shift + one.offset) for shift, records in logs for one in records])

    def _moved(self, place: Place, letter: Record) -> Record:
        """A dead letter whose origin is the offset in the spliced log."""
        shift = next((era.before for era in self.eras.get(place, ()) if letter.offset < era.letters),
                     self.length(place))
        headers = ((name, _shifted(value, shift) if name == ORIGIN else value) for name, value in letter.headers)
        return letter._replace(headers=tuple(headers))

    def page(self, page: Page) -> Page:
        """A page whose next offsets are those of the spliced logs."""
        return page._replace(samples=tuple(
            one._replace(value=one.value + self.length((one.labels["topic"], int(one.labels["partition"]))))
            if one.name == NEXT_OFFSET else one for one in page.samples))


def _shifted(origin: bytes, shift: int) -> bytes:
    place, _, offset = origin.rpartition(b"/")
    return b"%s/%d" % (place, int(offset) + shift)


class Spliced(Logs):
    """The broker's logs, each behind those that are gone."""

    def __init__(self, brokers: str, gone: Gone) -> None:
        super().__init__(brokers)
        self.gone = gone

    def read(self, limits: Mapping[Place, int | None]) -> dict[Place, Log]:
        """As `Logs.read`, with limits of the spliced logs."""
        own = {place: None if limit is None else limit - self.gone.length(place) for place, limit in limits.items()}
        return {place: self.gone.spliced(place, log) for place, log in super().read(own).items()}


def recount(brokers: str, targets: Path, gone: Gone) -> tuple[int, str]:
    """What `ioc recount --json` does, of spliced logs; exit code and answer."""
    feeds = load_feeds()
    pages, unreachable = command.read_pages(list_workers(targets))
    with closing(Spliced(brokers, gone)) as logs:
        verdicts = command.judge_all(command.load_house(Settings.model_construct(), feeds), feeds,
                                     [gone.page(page) for page in pages], logs)
    code = command.overall(verdicts, unreachable)
    return code, command.as_json(verdicts, unreachable, code)
