"""Tells who comes after us that we have taken partitions over, and that we gave them up in good order."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping

from streams.worker.attempts import Attempt, following, note_key, pack, reach, unpack
from streams.worker.owned import Candidates, Owned, Partition

Send = Callable[[str, bytes, bytes | None, int], Awaitable[Awaitable[object]]]

NOTE_SECONDS = 5.0
"""For the notes of a take-over; without them the partitions are read all the same."""

log = logging.getLogger(__name__)


class Takeover:
    """Writes the notes of one process to the state topic, all of a hand-over together."""

    def __init__(self, send: Send, topic: str) -> None:
        self.send, self.topic = send, topic
        self.owner = uuid.uuid4().hex

    async def announce(self, recovered: Iterable[Owned], found: Mapping[int, Mapping[bytes, Candidates]]) -> None:
        """Notes the attempts at partitions before a record of theirs is folded, and says where care is needed."""
        notes, doubted = {}, []
        for owned in recovered:
            topic, number = owned.partition
            kept = found[number].get(note_key(owned.partition))
            before = unpack(kept.block) if kept is not None and kept.block is not None else None
            state = owned.state
            attempt = owned.attempt = following(before, state.topic_id, state.next_offset, self.owner)
            if careful := reach(attempt.failures):
                owned.careful_until = state.next_offset + careful
                doubted.append(f"{topic}/{number}")
            if attempt != before:
                notes[owned.partition] = attempt
        if doubted:
            log.warning("workers ended without progress in %s partitions, whose next records are tried in a child "
                        "process first: %s", len(doubted), ", ".join(doubted))
        await self._write(notes)

    async def release(self, given_up: Iterable[Owned], caught_up: Callable[[Partition, int], bool]) -> None:
        """Notes that partitions are given up in good order, where no snapshot beyond the attempt's offset says so."""
        notes = {}
        for owned in given_up:
            attempt = owned.attempt
            if attempt is not None and (owned.confirmed is None or owned.confirmed[1] <= attempt.offset):
                is_read = caught_up(owned.partition, owned.state.next_offset)
                failures = 0 if is_read else attempt.failures  # where all is read nothing of it was fatal
                notes[owned.partition] = owned.attempt = attempt._replace(failures=failures, released=True)
        await self._write(notes)

    async def _write(self, notes: Mapping[Partition, Attempt]) -> None:
        """Has the broker confirm notes; without them all goes on, only a crash would not be told from a good end."""
        try:
            async with asyncio.timeout(NOTE_SECONDS):
                await asyncio.gather(*(self._put(*each) for each in notes.items()))
        except Exception as error:  # noqa: BLE001  # of Faust, of aiokafka, of time: none is a reason not to read
            log.warning("the attempts at %s partitions are not noted: %r", len(notes), error)

    async def _put(self, partition: Partition, attempt: Attempt) -> None:
        await (await self.send(self.topic, note_key(partition), pack(attempt), partition[1]))
