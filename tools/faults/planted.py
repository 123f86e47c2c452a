"""Our programs with a bug in them: `python -m tools.faults.planted BUG VERB ...`.

`raises`: folding raises for one event in a hundred, reading for another one. The recount is told, so that it expects
each of them to be a dead letter `internal_error`, and nothing else to be different.
`kills`: who reads an event with `KILLER` in it, worker or recount, ends at once, as after a fault in native code.
"""

import os
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from schemas.decode import Decoder
from streams import __main__ as ioc
from streams.engine import fold
from streams.recount.validity import Examined, Examiner, Record

SHARE: Final = 100
KILLER: Final = b"planted-killer"
SEGMENTATION: Final = 139


class PlantedError(RuntimeError):
    """The bug."""


def unlucky(text: bytes) -> bool:
    """Whether this text is one in a hundred."""
    return zlib.crc32(text) % SHARE == 0


def raises() -> None:
    """Plants the bug into the engine, and tells the recount."""
    take: Callable[..., Any] = fold.take  # type: ignore[attr-defined]  # as the fold calls it
    decode, examine = Decoder.decode, Examiner.examine

    def broken_take(plan: Any, lane: Any, event: Any, append: int) -> Any:
        if unlucky(event.id.encode()):
            raise PlantedError("planted in the fold")
        return take(plan, lane, event, append)

    def broken_decode(self: Decoder, value: bytes | None) -> Any:
        if value and unlucky(value):
            raise PlantedError("planted in the reader")
        return decode(self, value)

    def told(self: Examiner, record: Record) -> Examined:
        found = examine(self, record)
        hit = bool(record.value and unlucky(record.value))
        hit = hit or (found.event is not None and unlucky(found.event.id.encode()))
        return replace(found, faults=(*found.faults, "internal_error"), event=None) if hit else found

    setattr(fold, "take", broken_take)  # noqa: B010  # a name of a module is not assigned to
    setattr(Decoder, "decode", broken_decode)  # noqa: B010
    setattr(Examiner, "examine", told)  # noqa: B010


def kills() -> None:
    """Plants the bug into the reader and into the recount."""
    decode, examine = Decoder.decode, Examiner.examine

    def deadly_decode(self: Decoder, value: bytes | None) -> Any:
        _die_of(value)
        return decode(self, value)

    def deadly_examine(self: Examiner, record: Record) -> Examined:
        _die_of(record.value)
        return examine(self, record)

    setattr(Decoder, "decode", deadly_decode)  # noqa: B010  # as above
    setattr(Examiner, "examine", deadly_examine)  # noqa: B010


def _die_of(value: bytes | None) -> None:
    if value is not None and KILLER in value:
        os._exit(SEGMENTATION)


BUGS: Final = {"raises": raises, "kills": kills}


if __name__ == "__main__":
    BUGS[sys.argv[1]]()
    sys.exit(ioc.main(sys.argv[2:]))
