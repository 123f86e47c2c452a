"""Whether a record ends the process that folds it: found out in a child, whose end costs nothing.

A child is forked with the very state, and names in shared memory what it has in hand. One folds all together; if it
dies, another folds record by record. So no good record is taken for a killer because somebody killed the worker: that
ends the trial, not the record. A record is set aside when two children have died with it alone in hand, the second with
nothing else to do.
"""

import asyncio
import contextlib
import gc
import logging
import mmap
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NoReturn

from streams.engine.batch import Batch
from streams.engine.fold import Folded, fold, set_aside
from streams.engine.plan import Plan
from streams.engine.state import State

Fold = Callable[[Plan, State, Batch], Folded]

FOLD_SECONDS = 10.0
"""Of processor time, which no honest records take: a child that does not come back from them is ended."""

TRIAL_SECONDS = 30.0
"""A child that needs longer proves nothing: its records are folded untried."""

LOOK_SECONDS = 0.005
NOTHING = -1

log = logging.getLogger(__name__)


async def parts(plan: Plan, state: State, batch: Batch) -> AsyncIterator[tuple[Batch, Fold]]:
    """The batch in parts, each with what is to be done with it before the next is asked for."""
    rest = batch
    while len(rest) and await died_at(plan, state, rest, len(rest)) is not None:
        place = await died_at(plan, state, rest, 1)
        survived = len(rest) if place is None else place
        for each in range(survived):  # as the child did it: together, they ended one
            yield rest.part(each, each + 1), fold
        rest = rest.part(survived, len(rest))
        if place is None:
            break
        one, rest = rest.part(0, 1), rest.part(1, len(rest))
        if await died_at(plan, state, one, 1) is None:
            yield one, fold
        else:
            log.error("the record %s/%s/%s ended two processes that folded it; it is set aside as process_killer",
                      one.topic, one.partition, one.offsets[0])
            yield one, set_aside
    yield rest, fold


async def died_at(plan: Plan, state: State, batch: Batch, together: int) -> int | None:
    """The first place of the records in the hand of a child when it died; None if it could fold them all.

    Neither the state nor anything else of this process changes. `together`: how many are folded at a time.
    """
    with mmap.mmap(-1, 8) as hand:
        _name(hand, NOTHING)
        parent = os.getpid()
        try:
            child = os.fork()
        except OSError as error:
            log.warning("no child process can be made, records are folded untried: %r", error)
            return None
        if not child:
            _fold_parts(plan, state, [batch.part(place, place + together) for place in range(0, len(batch), together)],
                        hand, parent)
        if not await _ended(child):
            log.warning("a trial of %s records took more than %.0f s; they are folded untried", len(batch),
                        TRIAL_SECONDS)
            return None
        place = int.from_bytes(hand[:], "little", signed=True)
    return None if place == NOTHING else place * together


def _name(hand: mmap.mmap, place: int) -> None:
    hand[:] = place.to_bytes(8, "little", signed=True)


def _fold_parts(plan: Plan, state: State, batches: Sequence[Batch], hand: mmap.mmap, parent: int) -> NoReturn:
    """What the child does; it leaves the parent's connections, signals and buffers alone."""
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        gc.disable()
        for place, batch in enumerate(batches):
            if os.getppid() != parent:
                break
            signal.setitimer(signal.ITIMER_PROF, FOLD_SECONDS)
            _name(hand, place)
            fold(plan, state, batch)
    except BaseException:  # noqa: BLE001, S110  # what is raised, the parent's own fold will raise
        pass
    _name(hand, NOTHING)
    os._exit(0)


async def _ended(child: int) -> bool:
    """Whether a child ended by itself in time; in any case there is none afterwards."""
    ended = False
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TRIAL_SECONDS):
                while not (ended := _reaped(child, os.WNOHANG)):  # noqa: ASYNC110  # a child sets no event
                    await asyncio.sleep(LOOK_SECONDS)
    finally:
        if not ended:
            os.kill(child, signal.SIGKILL)
            _reaped(child)
    return ended


def _reaped(child: int, how: int = 0) -> bool:
    return os.waitpid(child, how)[0] == child
