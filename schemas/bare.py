"""Records without an envelope, as senders write them who do not know ours: the payload alone, its topic the source."""

from typing import Any

from schemas.columns import ColumnReader
from schemas.conditions import calls
from schemas.decode import MAX_BYTES, REAL, Decoder, Event, at
from schemas.errors import Flag, Reason, Rejection
from schemas.feed import Feed
from schemas.labels import OTHER
from schemas.reader import Parts, Readers
from schemas.reference import Reference


class BareDecoder(Decoder):
    """The reader of a feed without envelope: the payload is the record, the topic its source."""

    data = ""

    def __init__(
        self, feed: Feed, reference: Reference, *, max_bytes: int = MAX_BYTES, readers: Readers | None = None
    ) -> None:
        super().__init__(feed, reference, max_bytes=max_bytes, readers=readers)
        [self._action] = feed.actions
        self._time, self._fields, self._topic = feed.bare or "", looked_at(feed), feed.topic

    def columns(self) -> ColumnReader | None:
        """A reader of whole batches, if the feed's declaration is ordinary enough."""
        if not ColumnReader.can_read(self.feed):
            return None
        return ColumnReader(self.feed, self._fields, self._reference, self.reader, self._max)

    def label(self, value: bytes | None) -> tuple[str, str]:  # noqa: ARG002  # the topic says it all
        """Source label and provenance under which a refused record is counted."""
        return self._topic, REAL

    @staticmethod
    def _taken(feed: Feed) -> tuple[str, ...]:
        return looked_at(feed)

    def _read(self, parts: Parts) -> Event | Rejection:
        row: dict[str, Any] = {
            name: value for name, value in zip(self._fields, parts, strict=True) if value is not None
        }
        pointer = ""
        try:
            for name, place, read in self._times:
                if name in row:
                    pointer = place
                    row[name] = read(row[name])
        except ValueError as error:
            return Rejection(Reason.SCHEMA_VIOLATION, pointer, str(error))
        time = row[self._time]
        flags: tuple[str, ...] = ()
        for name, _, listed in self._lists:
            if name in row and not self._reference.known(listed.name, row[name], time):
                if listed.law:
                    return Rejection(Reason.UNKNOWN_ENTITY, f"/{name}", f"{row[name]!r} is not in {listed.name}")
                row[name], flags = OTHER, (Flag.UNLISTED,)
        for name, field, lines in self._joins:
            row[name] = at(lines.get(row[field], ()), time) if field in row else ""
        for name, low, high in self._ranges:
            if name in row and not low <= row[name] <= high:
                flags = (*flags, Flag.OUT_OF_RANGE)
                break
        row["action"], row["time"], row["source"] = self._action, time, self._topic
        return Event(self._topic, "", REAL, self._action, time, row, flags)


def looked_at(feed: Feed) -> tuple[str, ...]:
    """The fields of the payload that something depends on, in their order; others are validated, and that is all."""
    measures = [measure for kpi in feed.kpis for measure in kpi.aggregate.measures]
    asked = [part for part in (*measures, *(kpi.where for kpi in feed.kpis)) if not isinstance(part, str)]
    if feed.checks or any(map(calls, asked)):
        return tuple(feed.hints)
    used = {feed.bare, feed.key, feed.covers, *feed.times, *(name for kpi in feed.kpis for name in feed.named(kpi))}
    used |= set(feed.entity.remembers) if feed.entity is not None else set()
    return tuple(name for name in feed.hints if name in used or feed.listed(name) or feed.plausible(name))


def decoder(
    feed: Feed, reference: Reference, *, max_bytes: int = MAX_BYTES, readers: Readers | None = None
) -> Decoder:
    """The reader of a feed."""
    kind = Decoder if feed.bare is None else BareDecoder
    return kind(feed, reference, max_bytes=max_bytes, readers=readers)
