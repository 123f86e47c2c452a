"""One partition that is ours: its state, the events not yet acknowledged, and its snapshot as it stands in Kafka.

A snapshot record is one line of JSON that says whose it is, then the state as the engine writes it. The line lets a
reader choose among many records without loading any.

Blocks of a large state (`streams/engine/cutting.py`) are records of their own, `topic/partition/writer/number`:

- A key is written once, by one writer: each recovery takes a name nobody had before. So compaction cannot take a block
  from under a head that names it, and nobody writes into another's blocks, not even who lost the partition unawares.
- Blocks are confirmed before the head that names them is sent. A block that was not is sent again, the same bytes under
  the same key. A crash in between leaves blocks that no head names, and the head before, whose blocks are all there.
- A block that counts no more is deleted, by a tombstone, only when the group has taken from us a commit *beyond* the
  first head without it: a commit is refused to who has lost the partition, so every later owner reads that head or a
  newer one. What lies about unnamed at a recovery goes the same way.
- Of two owners' heads the one with the highest next offset wins, if its blocks are all there as it names them, by
  digest; else the next one. A state none of whose heads is whole stops the start: nothing is counted from a part.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from schemas.errors import SnapshotError
from streams.engine import snapshot
from streams.engine.plan import Plan
from streams.engine.progress import Told, untold
from streams.engine.state import State
from streams.transport.state_reader import StateRecord
from streams.worker.attempts import Attempt, is_note

Partition = tuple[str, int]
Mark = tuple[int, int]

FORMAT = 1

log = logging.getLogger(__name__)


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
        unsent: blocks the broker has not confirmed, by key.
        let_go: (next offset of the first head without it, key) of blocks to be deleted.
        attempt: what is noted of our attempt at this partition (`streams/worker/attempts.py`).
        careful_until: below this offset a record may end the process: it is tried in a child first.
    """

    plan: Plan
    state: State
    confirmed: Mark | None
    held: list[Held] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    failed: bool = False
    internal_run: int = 0
    unsent: dict[bytes, bytes] = field(default_factory=dict)
    let_go: list[tuple[int, bytes]] = field(default_factory=list)
    attempt: Attempt | None = None
    careful_until: int = 0

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

    def pack(self) -> bytes:
        """The record of the state; blocks made for it are added to `unsent`, those that count no more to `let_go`."""
        written = snapshot.write(self.plan, self.state)
        self.unsent |= {block_key(self.partition, name): value for name, value in written.made.items()}
        for name in written.dropped:
            key = block_key(self.partition, name)
            self.unsent.pop(key, None)
            self.let_go.append((self.state.next_offset, key))
        return _headed(self.state, written.head)

    def deletable(self, committed: int) -> list[bytes]:
        """Takes from `let_go` the keys that no later owner will need, given what the group has taken from us."""
        found = [key for offset, key in self.let_go if offset < committed]
        self.let_go = [each for each in self.let_go if each[0] >= committed]
        return found

    def rebase(self, topic_id: str) -> None:
        """The topic was made anew under its name: what was counted stays, reading begins at its first record."""
        self.state.topic_id = topic_id
        self.state.next_offset = 0
        self.state.version += 1


def key_of(partition: Partition) -> bytes:
    """The key of the snapshots of a partition."""
    topic, number = partition
    return f"{topic}/{number}".encode()


def block_key(partition: Partition, name: str) -> bytes:
    """The key of a block of a partition."""
    return key_of(partition) + b"/" + name.encode()


class Snapshot(NamedTuple):
    """A record of the state topic, not yet loaded."""

    next_offset: int
    topic_id: str
    writer: str
    body: bytes


@dataclass(slots=True)
class Candidates:
    """What is kept of one key.

    Attributes:
        by_writer: by topic id and writer the snapshot with the highest next offset; what was written last stands last.
        block: the bytes, if it is the key of a block, or of the note of an attempt.
        fault: why the newest record cannot be read. A snapshot or a tombstone behind it makes it the past.
    """

    by_writer: dict[tuple[str, str], Snapshot] = field(default_factory=dict)
    block: bytes | None = None
    fault: SnapshotError | None = None

    def of(self, topic_id: str) -> Iterator[Snapshot]:
        """The snapshots of a topic, or else of the topic written last: the highest next offset first, then the last."""
        found = list(self.by_writer.values())
        mine = [each for each in found if each.topic_id == topic_id]
        mine = mine or [each for each in found if each.topic_id == found[-1].topic_id]
        ranked = sorted(enumerate(mine), key=lambda each: (each[1].next_offset, each[0]), reverse=True)
        yield from (each for _, each in ranked)


def pack(plan: Plan, state: State) -> bytes:
    """The record of a state, in one piece."""
    return _headed(state, snapshot.dump(plan, state))


def _headed(state: State, body: bytes) -> bytes:
    head = {"format": FORMAT, "next_offset": state.next_offset, "topic_id": state.topic_id}
    if state.blocks.listed:
        head["writer"] = state.blocks.writer
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + body


def unpack(record: StateRecord) -> Snapshot:
    """The record's head read, its body as it is.

    Raises:
        SnapshotError: it is no snapshot, or one of another format.
    """
    line, _, body = (record.value or b"").partition(b"\n")
    where = f"the snapshot {record.key!r} at offset {record.offset} of state partition {record.partition}"
    try:
        head: dict[str, Any] = json.loads(line)
        form, found = head["format"], Snapshot(
            int(head["next_offset"]), str(head["topic_id"]), str(head.get("writer", "")), body)
    except (ValueError, KeyError, TypeError):
        raise SnapshotError(f"{where} cannot be read; restore the topic, or delete the key to count anew") from None
    if form != FORMAT:
        raise SnapshotError(f"{where} has format {form}, this program reads {FORMAT}; start the program that wrote it, "
                            f"or delete the key to count anew from the log")
    return found


def choose(kept: Candidates | None, record: StateRecord) -> Candidates | None:
    """What is kept of one key: per topic id and writer the highest next offset; a tombstone forgets all.

    A record that cannot be read is a fault only of who needs its key, and only until the key is deleted: a tombstone
    stands behind it, and the record itself stays until the broker cleans the topic.
    """
    if record.value is None:
        return None
    if record.key.count(b"/") > 1 or is_note(record.key):
        return Candidates(block=record.value)
    kept = kept or Candidates()
    try:
        found = unpack(record)
    except SnapshotError as error:
        kept.fault = error
        return kept
    kept.fault = None
    owner = found.topic_id, found.writer
    best = kept.by_writer.pop(owner, found)
    kept.by_writer[owner] = found if found.next_offset >= best.next_offset else best
    return kept


def restore(plan: Plan, partition: Partition, kept: Mapping[bytes, Candidates], topic_id: str,
            horizon_ms: int, told: Told = untold) -> Owned:
    """The state that goes on: the snapshot of this topic, or one of its forerunner of the same name, or a fresh one.

    Raises:
        SnapshotError: the newest snapshot cannot be read or loaded, or blocks are missing of each.
    """
    owned = _restored(plan, partition, kept, topic_id, horizon_ms, told)
    owned.state.blocks.writer = uuid.uuid4().hex
    used = {block_key(partition, name) for name, _ in owned.state.blocks.references()}
    start = key_of(partition) + b"/"
    owned.let_go = [(owned.state.next_offset, key) for key in kept if key.startswith(start) and key not in used]
    if owned.state.topic_id != topic_id:
        owned.rebase(topic_id)
    return owned


def _restored(plan: Plan, partition: Partition, kept: Mapping[bytes, Candidates], topic_id: str,
              horizon_ms: int, told: Told) -> Owned:
    topic, number = partition
    candidates = kept.get(key_of(partition))
    if candidates is None:
        fresh = State(topic, number, horizon_ms=horizon_ms, topic_id=topic_id)
        return Owned(plan, fresh, (fresh.version, fresh.next_offset))
    if candidates.fault is not None:
        raise candidates.fault
    start = key_of(partition) + b"/"
    blocks = {key.removeprefix(start).decode(): each.block for key, each in kept.items()
              if key.startswith(start) and each.block is not None}
    for found in candidates.of(topic_id):
        lacking = snapshot.missing(found.body, blocks)
        if lacking:
            log.warning("the snapshot of %s/%s up to offset %s lacks %s of its blocks, among them %s", topic, number,
                        found.next_offset, len(lacking), lacking[0])
            continue
        state = snapshot.load(plan, found.body, blocks, horizon_ms=horizon_ms, told=told)
        if (state.topic, state.partition, state.next_offset) != (topic, number, found.next_offset):
            raise SnapshotError(f"the snapshot of {topic}/{number} contains another state than its head says; restore "
                                f"the state topic, or delete the key to count anew")
        return Owned(plan, state, (state.version, state.next_offset))
    raise SnapshotError(f"every snapshot of {topic}/{number} lacks blocks; restore the state topic, or delete the key "
                        f"{topic}/{number} to count anew from the log")
