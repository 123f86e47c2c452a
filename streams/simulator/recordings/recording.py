"""What a reader of foreign files hands over: recorded events in order, and what could not be mapped."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, NamedTuple

from schemas import names
from schemas.errors import IocError
from schemas.feed import Feed

HOME: Final = timezone(timedelta(hours=7))
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class RecordingError(IocError):
    """A file is no recording we can read; says which and why."""


class Recorded(NamedTuple):
    """One event as recorded: `at` and the times in `data` are milliseconds, not yet shifted."""

    at: int
    id: str
    action: str
    agency: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recording:
    """A file, read.

    Attributes:
        feed: name of the feed its events belong to.
        events: in the order of their time.
        renamed: fields of the payload that name an entity which lives once a round, a dossier for example.
        pause: milliseconds from the last event of a round to the first of the next, for a file shorter than a week.
        unmapped: what the file holds and our feed does not take, by reason.
    """

    name: str
    feed: str
    source: str
    events: tuple[Recorded, ...]
    renamed: tuple[str, ...] = ()
    pause: int = 0
    unmapped: Counter[str] = field(default_factory=Counter)

    @property
    def first(self) -> int:
        """Moment of the earliest event."""
        return self.events[0].at

    @property
    def last(self) -> int:
        """Moment of the newest event."""
        return self.events[-1].at


def recording(name: str, events: Iterable[Recorded], **about: Any) -> Recording:
    """A recording with its events in order.

    Raises:
        RecordingError: it has none.
    """
    ordered = tuple(sorted(events, key=lambda event: event.at))  # stable: equal times keep the order of the file
    if not ordered:
        raise RecordingError(f"{name} holds no event that can be mapped: is it complete?")
    return Recording(name=name, events=ordered, **about)


def to_event(recorded: Recorded, feed: Feed, source: str, *, shift: int, round_: int = 0,
             renamed: tuple[str, ...] = ()) -> dict[str, Any]:
    """The event as it is published: all its times moved by `shift`, its ids those of the round."""
    data = {name: text_of(value + shift) if name in feed.times else value for name, value in recorded.data.items()}
    for name in renamed:
        data[name] = in_round(data[name], round_)
    return {
        "specversion": "1.0",
        "id": in_round(recorded.id, round_),
        "source": source,
        "type": names.event_type(feed.name, recorded.action, feed.version),
        "time": text_of(recorded.at + shift),
        "agency": recorded.agency,
        "provenance": "replay",
        "data": data,
    }


def in_round(name: str, round_: int) -> str:
    """An id as it is called in a round; the first round keeps the names of the file."""
    return name if round_ == 0 else f"{name}.r{round_}"


def text_of(at: int) -> str:
    """A moment on the wire, local time."""
    return (EPOCH + timedelta(milliseconds=at)).astimezone(HOME).isoformat(timespec="milliseconds")


def millis_of(moment: datetime) -> int:
    """Whole milliseconds since the epoch; finer digits are cut off."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def wall(moment: datetime) -> int:
    """The moment at which the clocks of Lào Cai show what the clock of the recording showed: office hours stay."""
    return millis_of(moment.replace(tzinfo=HOME))
