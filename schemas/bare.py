"""Records without an envelope, as senders write them who do not know ours: the payload alone, its topic the source."""

from collections.abc import Mapping
from typing import Any

from schemas.columns import ColumnReader
from schemas.decode import MAX_BYTES, NO_FLAGS, REAL, Decoder, Event
from schemas.errors import Flag, Reason, Rejection
from schemas.feed import Feed
from schemas.reference import Reference


class BareDecoder(Decoder):
    """The reader of a feed without envelope: the payload is the record, the topic its source."""

    data = ""

    def __init__(self, feed: Feed, reference: Reference, *, max_bytes: int = MAX_BYTES) -> None:
        super().__init__(feed, reference, max_bytes=max_bytes)
        [self._action] = feed.actions
        self._time = feed.bare or ""

    def columns(self) -> ColumnReader | None:
        """A reader of whole batches, if the feed's declaration is ordinary enough."""
        if not ColumnReader.can_read(self.feed):
            return None
        return ColumnReader(self.feed, self._reference, self._validate, self._max)

    def label(self, value: bytes | None) -> tuple[str, str]:  # noqa: ARG002  # the topic says it all
        """Source label and provenance under which a refused record is counted."""
        return self.feed.topic, REAL

    def _read(self, event: Mapping[str, Any]) -> Event | Rejection:
        row: dict[str, Any] = event  # type: ignore[assignment]  # pydantic has made it for us
        pointer = ""
        try:
            for name, read in self._times:
                if name in row:
                    pointer = f"/{name}"
                    row[name] = read(row[name])
        except ValueError as error:
            return Rejection(Reason.SCHEMA_VIOLATION, pointer, str(error))
        time = row[self._time]
        unlisted = self._look_up(row, time)
        if isinstance(unlisted, Rejection):
            return unlisted
        flags: tuple[str, ...] = (Flag.UNLISTED,) if unlisted else NO_FLAGS
        if self._is_out_of_range(row):
            flags = (*flags, Flag.OUT_OF_RANGE)
        topic = self.feed.topic
        row["action"], row["time"], row["source"] = self._action, time, topic
        return Event(topic, "", REAL, self._action, time, row, flags)


def decoder(feed: Feed, reference: Reference, *, max_bytes: int = MAX_BYTES) -> Decoder:
    """The reader of a feed."""
    return (Decoder if feed.bare is None else BareDecoder)(feed, reference, max_bytes=max_bytes)
