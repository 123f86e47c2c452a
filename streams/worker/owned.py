"""One partition that is ours: its state, the events not yet acknowledged, and its snapshot as it stands in Kafka.

A snapshot record is one line of JSON that says whose it is, then the state as the engine writes it. The line lets a
reader choose among many records without loading any.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from schemas.errors import SnapshotError
from streams.engine import snapshot
from streams.engine.plan import Plan
from streams.engine.state import State
from streams.transport.state_reader import StateRecord

Partition = tuple[str, int]
Mark = tuple[int, int]

FORMAT = 1


class Held(Protocol):
    """A Faust event whose offsets are committed once it is acknowledged."""

    def ack(self) -> bool:
        """Everything it carried is durable."""


@dataclass(slots=True, eq=False)
class Owned:
    """One partition that is ours.

    Attributes:
        lock: held from the fold of a batch until its dead letters are confirmed; under it a snapshot is whole.
        confirmed: the mark of the state that the broker has confirmed; None before the first.
        failed: dead letters of the state could not be written: it must never become durable.
        internal_run: how many internal errors end the records so far.
    """

    plan: Plan
    state: State
    confirmed: Mark | None
    held: list[Held] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    failed: bool = False
    internal_run: int = 0

    @property
    def partition(self) -> Partition:
        """Topic and partition."""
        return self.state.topic, self.state.partition

    @property
    def key(self) -> bytes:
        """The key of its snapshots."""
        return key_of(self.partition)

    @property
    def mark(self) -> Mark:
        """What tells two contents of the state apart."""
        return self.state.version, self.state.next_offset

    @property
    def dirty(self) -> bool:
        """Whether there is something to make durable or to acknowledge."""
        return bool(self.held) or self.mark != self.confirmed

    def rebase(self, topic_id: str) -> None:
        """The topic was made anew under its name: what was counted stays, reading begins at its first record."""
        self.state.topic_id = topic_id
        self.state.next_offset = 0
        self.state.version += 1


def key_of(partition: Partition) -> bytes:
    """The key of the snapshots of a partition."""
    topic, number = partition
    return f"{topic}/{number}".encode()


class Snapshot(NamedTuple):
    """A record of the state topic, not yet loaded."""

    next_offset: int
    topic_id: str
    body: bytes


@dataclass(slots=True)
class Candidates:
    """What is kept of one key.

    Attributes:
        by_topic: by topic id the snapshot with the highest next offset; the id written last stands last.
        fault: why the newest record cannot be read. A snapshot or a tombstone behind it makes it the past.
    """

    by_topic: dict[str, Snapshot] = field(default_factory=dict)
    fault: SnapshotError | None = None


def pack(plan: Plan, state: State) -> bytes:
    """The record of a state."""
    head = {"format": FORMAT, "next_offset": state.next_offset, "topic_id": state.topic_id}
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + snapshot.dump(plan, state)


def unpack(record: StateRecord) -> Snapshot:
    """The record's head read, its body as it is.

    Raises:
        SnapshotError: it is no snapshot, or one of another format.
    """
    line, _, body = (record.value or b"").partition(b"\n")
    where = f"the snapshot {record.key!r} at offset {record.offset} of state partition {record.partition}"
    try:
        head: dict[str, Any] = json.loads(line)
        form, found = head["format"], Snapshot(int(head["next_offset"]), str(head["topic_id"]), body)
    except (ValueError, KeyError, TypeError):
        raise SnapshotError(f"{where} cannot be read; restore the topic, or delete the key to count anew") from None
    if form != FORMAT:
        raise SnapshotError(f"{where} has format {form}, this program reads {FORMAT}; start the program that wrote it, "
                            f"or delete the key to count anew from the log")
    return found


def choose(kept: Candidates | None, record: StateRecord) -> Candidates | None:
    """What is kept of one key: per topic id the highest next offset, whoever wrote it; a tombstone forgets all.

    A record that cannot be read is a fault only of who needs its key, and only until the key is deleted: a tombstone
    stands behind it, and the record itself stays until the broker cleans the topic.
    """
    if record.value is None:
        return None
    kept = kept or Candidates()
    try:
        found = unpack(record)
    except SnapshotError as error:
        kept.fault = error
        return kept
    kept.fault = None
    best = kept.by_topic.pop(found.topic_id, found)
    kept.by_topic[found.topic_id] = found if found.next_offset >= best.next_offset else best
    return kept


def restore(plan: Plan, partition: Partition, candidates: Candidates | None, topic_id: str, horizon_ms: int) -> Owned:
    """The state that goes on: the snapshot of this topic, or one of its forerunner of the same name, or a fresh one.

    Raises:
        SnapshotError: the newest snapshot cannot be read or loaded.
    """
    topic, number = partition
    if candidates is not None and candidates.fault is not None:
        raise candidates.fault
    if candidates is None:
        fresh = State(topic, number, horizon_ms=horizon_ms, topic_id=topic_id)
        return Owned(plan, fresh, (fresh.version, fresh.next_offset))
    found = candidates.by_topic.get(topic_id) or next(reversed(candidates.by_topic.values()))
    state = snapshot.load(plan, found.body, horizon_ms=horizon_ms)
    if (state.topic, state.partition, state.next_offset) != (topic, number, found.next_offset):
        raise SnapshotError(f"the snapshot of {topic}/{number} contains another state than its head says; restore the "
                            f"state topic, or delete the key to count anew")
    owned = Owned(plan, state, (state.version, state.next_offset))
    if found.topic_id != topic_id:
        owned.rebase(topic_id)
    return owned
