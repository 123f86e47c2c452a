"""One take-over of states under way: how far it is, for who asks and for the bounds, and whether it is still wanted.

States are built in a thread, so that the loop answers meanwhile. A thread cannot be cancelled: it asks at every step.
"""

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from streams.engine.plan import Plan
from streams.engine.progress import Told
from streams.engine.standing import prepare
from streams.telemetry import Vitals
from streams.worker.board import shown
from streams.worker.owned import Candidates, Owned, Partition, restore


class OvertakenError(Exception):
    """Another take-over has begun, or the partitions have gone: what was built is not wanted any more."""


class Loading:
    """The take-over that `vitals` tells of; `got_on` is called in the loop, where it was made, at every step."""

    def __init__(self, vitals: Vitals, clock: Callable[[], float], got_on: Callable[[], None]) -> None:
        self.vitals, self._clock, self._got_on = vitals, clock, got_on
        self._loop = asyncio.get_running_loop()
        self._where = ""
        self.wanted = True
        vitals.recovery_moved = vitals.recovering_since = clock()
        vitals.recovering = None

    def stop(self) -> None:
        """It is not wanted any more: the thread ends at its next step."""
        self.wanted = False

    def begin(self, where: str) -> None:
        """The next part begins; raises as `told`."""
        self._check()
        self._where = where
        self.step(where)

    def step(self, what: str) -> None:
        """It has got on, says the loop."""
        if self.wanted:
            self.vitals.recovering, self.vitals.recovery_moved = what, self._clock()
            self._got_on()

    def told(self, what: str, done: int, of: int) -> None:
        """It has got on, says the thread.

        Raises:
            OvertakenError: it is not wanted any more.
        """
        self._check()
        self._loop.call_soon_threadsafe(self.step, f"{self._where}: {done:,} of {of:,} {what}")

    def _check(self) -> None:
        if not self.wanted:
            raise OvertakenError


@contextmanager
def no_search_for_garbage() -> Iterator[None]:
    """Everything that is made meanwhile stays: looking for garbage in it again and again takes a third of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def rebuilt(plan: Plan, partition: Partition, kept: Mapping[bytes, Candidates], topic_id: str, horizon_ms: int,
            told: Told) -> Owned:
    """A state and the views of it: with many entities too long for the loop, which must show that it lives."""
    owned = restore(plan, partition, kept, topic_id, horizon_ms, told)
    prepare(owned.plan, owned.state, told)
    shown(owned.plan, owned.state)
    return owned
