"""Sets rejected and late records aside, with their bytes and the reason, before anything is acknowledged.

Knows neither Faust nor what a record means.
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence

from prometheus_client import Counter

from schemas.errors import LineStopped, Reason
from streams.engine.batch import Batch
from streams.engine.fold import DeadLetter
from streams.engine.outsized import Outsized

Headers = list[tuple[str, bytes]]
Send = Callable[[str, bytes | None, bytes | None, int, Headers], Awaitable[Awaitable[object]]]
"""send(topic, key, value, partition, headers) hands over; what it answers is awaited for the broker's confirmation."""

Failing = Callable[[bool], None]

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between attempts; together with the producer's own patience below the 120 s of the liveness check."""

INTERNAL_ERRORS = 100
"""More in a row in one partition are our fault, not the senders'."""

OURS = (Reason.INTERNAL_ERROR, Reason.PROCESS_KILLER)

log = logging.getLogger(__name__)


class DeadLetters:
    """Writes dead letters and waits for the broker.

    `failing(True)` is called when a write fails, `failing(False)` when one succeeds after that.
    """

    def __init__(self, send: Send, *, program: str, errors: Counter, failing: Failing,
                 pauses: Sequence[float] = PAUSES) -> None:
        self.send = send
        self.program = program.encode()
        self.errors = errors
        self.failing = failing
        self.pauses = pauses

    async def write(self, batch: Batch, topic: str, letters: Sequence[DeadLetter]) -> None:
        """Writes the letters of a batch to the same partition of `topic`; returns when the broker has confirmed all.

        Raises:
            LineStopped: the broker does not take them.
        """
        waiting = list(letters)
        for pause in (*self.pauses, None):
            waiting = await self._attempt(batch, topic, waiting)
            if not waiting:
                self.failing(False)
                return
            self.failing(True)
            if pause is not None:
                await asyncio.sleep(pause)
        raise LineStopped(f"{len(waiting)} dead letters of {batch.topic}/{batch.partition} could not be written to "
                          f"{topic}; nothing was acknowledged; see why the broker refuses, then start again")

    async def _attempt(self, batch: Batch, topic: str, letters: list[DeadLetter]) -> list[DeadLetter]:
        """Answers the letters that were not confirmed; repeats are harmless, their origin tells them apart."""
        sent = await asyncio.gather(*(self._put(batch, topic, letter) for letter in letters), return_exceptions=True)
        answers = [answer for answer in sent if isinstance(answer, BaseException)]
        if answers:
            self.errors.inc(len(answers))
            log.error("%s of %s dead letters not written to %s: %r", len(answers), len(letters), topic, answers[0])
        return [letter for letter, answer in zip(letters, sent, strict=True) if isinstance(answer, BaseException)]

    async def _put(self, batch: Batch, topic: str, letter: DeadLetter) -> None:
        headers = self.headers(batch, letter)
        refused: Exception | None = None
        for key, value, more in forms(letter.key, letter.value):
            try:
                await (await self.send(topic, key, value, batch.partition, [*headers, *more]))
            except Exception as error:
                if not is_too_large(error):
                    raise
                refused = error
            else:
                return
        if refused is not None:
            raise refused

    def headers(self, batch: Batch, letter: DeadLetter) -> Headers:
        """Everything about a dead letter that is not in its bytes."""
        return [
            ("ioc-fate", letter.fate.value.encode()),
            ("ioc-reason", letter.reason.value.encode()),
            ("ioc-pointer", _text(letter.pointer)),
            ("ioc-detail", _text(letter.detail)),
            ("ioc-origin", f"{batch.topic}/{batch.partition}/{letter.offset}".encode()),
            ("ioc-source", _text(letter.source)),
            ("ioc-provenance", _text(letter.provenance)),
            ("ioc-arrival", b"%d" % letter.append_ms),
            ("ioc-program", self.program),
        ]


def forms(key: bytes | None, value: bytes | None) -> Iterator[tuple[bytes | None, bytes | None, Headers]]:
    """How a dead letter may stand in its topic: whole; else without its value; else without its key, too.

    Digest and length stand for what is left out. A form that is too large is followed by the next.
    """
    tombstone: Headers = [("ioc-tombstone", b"1")] if value is None else []
    if not isinstance(key, Outsized) and not isinstance(value, Outsized):
        nothing = key is None and value is None  # the producer refuses a record without both
        yield (key, b"", tombstone) if nothing else (key, value, [])
    said = [*tombstone, *digest("ioc", value)]
    if value and not isinstance(key, Outsized):
        yield key, b"", said
    if key is not None:
        yield None, b"", [*said, *digest("ioc-key", key)]


def digest(name: str, data: bytes | None) -> Headers:
    """What stands for bytes that are left out."""
    found = data.digest if isinstance(data, Outsized) else hashlib.sha256(data or b"").hexdigest()
    return [(f"{name}-sha256", found.encode()), (f"{name}-length", b"%d" % len(data or b""))]


def is_too_large(error: BaseException | None) -> bool:
    """Whether producer or broker refuse a record for its size alone; Faust wraps what its producer raises."""
    while error is not None:
        if type(error).__name__ in ("MessageSizeTooLargeError", "RecordListTooLargeError", "RecordTooLargeError"):
            return True
        error = error.__cause__
    return False


def _text(value: str) -> bytes:
    return value.encode("utf-8", "backslashreplace")


def internal_run(run: int, batch: Batch, letters: Sequence[DeadLetter]) -> int:
    """How many internal errors now end a partition's records, `run` of them before this batch.

    Raises:
        LineStopped: there were more than INTERNAL_ERRORS in a row.
    """
    broken = {letter.offset: letter for letter in letters if letter.reason in OURS}
    if not broken:
        return 0 if batch.offsets else run
    for offset in batch.offsets:
        run = run + 1 if offset in broken else 0
        if run > INTERNAL_ERRORS:
            raise LineStopped(f"more than {INTERNAL_ERRORS} records in a row of {batch.topic}/{batch.partition} failed "
                              f"for a fault of our own, the last at {offset}: {broken[offset].detail}; they were "
                              f"not acknowledged; mend the program, then start again")
    return run
