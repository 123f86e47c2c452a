"""How often workers ended without progress in a partition: notes beside the snapshots, which any next owner reads.

Whoever takes a partition over notes where its state stands, confirmed before a record is folded. A snapshot beyond that
offset is progress; a good end is noted too. The next owner who finds neither knows that a process died from there.
"""

import json
from typing import NamedTuple

PREFIX = b"attempt:"
CAREFUL_RECORDS = 20_000
"""That may have been in hand at a crash without progress: what is folded until the first snapshot is confirmed."""

SUSPICIOUS = 2
"""Attempts in a row from the same offset that failed: now it is the records that are suspected."""

DOUBLINGS = 6


class Attempt(NamedTuple):
    """What is noted of one partition.

    Attributes:
        offset: where the state stood at the take-over.
        failures: how many attempts in a row from there ended before this one, without release and without progress.
        owner: the process; another assignment of the same one is no crash.
        released: given up in good order; what was suspected before stays so until there is progress.
    """

    topic_id: str
    offset: int
    failures: int
    owner: str
    released: bool = False


def following(before: Attempt | None, topic_id: str, offset: int, owner: str) -> Attempt:
    """The attempt that begins now with a state at `offset`, after what was noted last."""
    failures = 0
    if before is not None and before.topic_id == topic_id and offset <= before.offset:
        failures = before.failures + (before.owner != owner and not before.released)
    return Attempt(topic_id, offset, failures, owner)


def reach(failures: int) -> int:
    """How many records are handled with care after so many failures; more each time, should they have been further.

    None after one: somebody may have killed the worker, and care costs time when it is short.
    """
    return CAREFUL_RECORDS << min(failures - SUSPICIOUS, DOUBLINGS) if failures >= SUSPICIOUS else 0


def note_key(partition: tuple[str, int]) -> bytes:
    """The key of the note of a partition; no snapshot and no block has one without a slash."""
    topic, number = partition
    return PREFIX + f"{topic}:{number}".encode()


def is_note(key: bytes) -> bool:
    """Whether a key of the state topic is that of a note."""
    return key.startswith(PREFIX)


def pack(attempt: Attempt) -> bytes:
    """The record of a note."""
    return json.dumps(attempt._asdict(), separators=(",", ":")).encode()


def unpack(value: bytes) -> Attempt | None:
    """What a note says; None for one that this program does not understand: it stops nothing."""
    try:
        found = json.loads(value)
        return Attempt(str(found["topic_id"]), int(found["offset"]), int(found["failures"]), str(found["owner"]),
                       bool(found["released"]))
    except (ValueError, KeyError, TypeError):
        return None
